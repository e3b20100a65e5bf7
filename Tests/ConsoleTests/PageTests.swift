import Commerce
import Foundation
import Testing
import Wire

@testable import Console
@testable import Pipeline

@Suite("Console: the page")
struct PageTests {
    static let snapshots = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Snapshots")

    func page(_ overview: Overview) async throws -> String {
        let asking = try await Asking(overview)
        return await asking.ask("GET", "/", token: try await asking.token(.viewer)).text
    }

    /// The page of that overview is the one that was looked at. CROSSDOCK_RENEW_SNAPSHOTS=1 writes it anew.
    @Test(arguments: ["busy", "empty"])
    func thePageIsAsItWasLookedAt(name: String) async throws {
        let text = try await page(name == "busy" ? .busy : .empty)
        let file = Self.snapshots.appending(path: "page-\(name).html")
        if ProcessInfo.processInfo.environment["CROSSDOCK_RENEW_SNAPSHOTS"] == "1" {
            try FileManager.default.createDirectory(at: Self.snapshots, withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }

        #expect(try String(contentsOf: file, encoding: .utf8) == text)
    }

    @Test func anEmptyHubTellsTheNextStep() async throws {
        let text = try await page(.empty)

        #expect(text.contains("crossdock connect woocommerce --name shop"))
        #expect(text.contains("Nothing waits."))
        #expect(text.contains("Nothing is connected yet"))
        #expect(!text.contains("class=\"needs\""))
    }

    @Test func aSideThatOnlyTellsIsNotOfferedAReading() async throws {
        var overview = Overview.empty
        overview.integrations = [
            IntegrationReport(
                id: 1, name: "own", connector: "custom", state: .active, reason: nil, closedUntil: nil, linked: [:],
                pulledAt: [:], webhooks: nil, webhookAddress: "https://hub.example/webhooks/4fd1",
                clockOffsetMilliseconds: nil, onlyTells: true)
        ]

        let text = try await page(overview)

        overview.integrations[0].linked = [.product: 3]
        let later = try await page(overview)

        #expect(later.contains("told") && !later.contains("not read yet"))
        #expect(!text.contains("crossdock sync own") && text.contains("<code>https://hub.example/webhooks/4fd1</code>"))
    }

    @Test func whatNeedsAPersonIsCountedOnTop() async throws {
        // A conflict, a hold, a refused record, and an integration whose keys are refused.
        #expect(try await page(.busy).contains(#"<p class="tone warn">4 things need you</p>"#))
    }

    @Test func aStateIsSaidInAWordAndNotByColourAlone() async throws {
        let text = try await page(.busy)

        for (tone, word) in [
            ("good", "active"), ("bad", "refused"), ("warn", "resting"), ("warn", "held"), ("warn", "will retry"),
            ("busy", "running"),
        ] {
            #expect(text.contains("<span class=\"tone \(tone)\">\(word)</span>"), "\(word)")
        }
    }

    @Test func timesAreRelativeWithTheExactOneBehindThem() async throws {
        #expect(
            try await page(.busy).contains(
                #"<time datetime="2027-01-15T07:59:18Z" title="2027-01-15 07:59:18 UTC">42 s ago</time>"#))
    }

    static let nasty = [
        "<script>alert(1)</script>", "\" onmouseover=\"x", "' onfocus='x", "<img src=x onerror=x>", "&lt;b&gt;",
        // Swift sees one character in a quote with a combining mark, a browser sees a quote.
        "\"\u{0301} onmouseover=x", "<\u{0338}script>", "{{name}}", "{{{name}}}", "\u{202E}gnp.exe", "\u{0}\u{8}",
        "</td></table><form action=//evil>",
    ]

    @Test(arguments: nasty)
    func whatAVendorSendsIsTextAndNothingElse(text: String) async throws {
        let plain = try await page(Self.overview(saying: "plain"))
        let nasty = try await page(Self.overview(saying: text))

        // The same tags with the same attributes, whatever the text says.
        #expect(Self.tags(nasty) == Self.tags(plain))
        #expect(!nasty.contains("\u{202E}"))
        #expect(nasty.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
        #expect(!nasty.unicodeScalars.contains("{") || text.contains("{"))
    }

    /// The tags of a page with the names of their attributes, as a browser finds them: by code points.
    static func tags(_ page: String) -> [String] {
        var found: [String] = []
        var tag: [Unicode.Scalar]?
        var quote: Unicode.Scalar?
        for scalar in page.unicodeScalars {
            if var open = tag {
                if let end = quote {
                    if scalar == end { quote = nil }
                    continue
                }
                if scalar == "\"" || scalar == "'" {
                    quote = scalar
                    continue
                }
                open.append(scalar)
                tag = open
                if scalar == ">" {
                    found.append(String(String.UnicodeScalarView(open)))
                    tag = nil
                }
            } else if scalar == "<" {
                tag = [scalar]
            }
        }
        return found
    }

    static func overview(saying text: String) -> Overview {
        var overview = Overview.busy
        for index in overview.integrations.indices {
            overview.integrations[index].name = text
            overview.integrations[index].connector = text
            overview.integrations[index].reason = text
            overview.integrations[index].webhooks = text
        }
        for index in overview.keys.indices { overview.keys[index].name = text }
        for index in overview.changes.indices {
            overview.changes[index].title = text
            overview.changes[index].part = text
            overview.changes[index].old = .object([text: .string(text)])
            overview.changes[index].new = .string(text)
            overview.changes[index].loser = .array([.string(text), .number(text)])
            overview.changes[index].origin = text
            overview.changes[index].rule = text
        }
        for index in overview.waiting.indices {
            overview.waiting[index].title = text
            overview.waiting[index].integration = text
            overview.waiting[index].reason = text
        }
        for index in overview.conflicts.indices {
            overview.conflicts[index].title = text
            overview.conflicts[index].part = text
            overview.conflicts[index].integration = text
            overview.conflicts[index].theirs = .string(text)
            overview.conflicts[index].ours = .object([text: .string(text)])
        }
        for index in overview.rejections.indices {
            overview.rejections[index].integration = text
            overview.rejections[index].externalID = text
            overview.rejections[index].reason = text
        }
        return overview
    }

    @Test func theSignInFormShowsItsProblemAsText() async throws {
        let asking = try await Asking()
        let answer = await asking.ask("GET", "/", token: "<script>")

        #expect(answer.status == 401)
        #expect(answer.text.contains("<label for=\"token\">"))
        #expect(!answer.text.contains("<script>"))
    }

    @Test func aCommandIsShownAsItMustBeTyped() async throws {
        var overview = Overview.busy
        overview.integrations[2].state = .active
        overview.integrations[2].reason = nil

        #expect(try await page(.busy).contains("<code>crossdock check &#39;hill shop&#39;</code>"))
        #expect(try await page(overview).contains("<code>crossdock sync &#39;hill shop&#39;</code>"))
    }

    @Test func aListHasAnEndAndSaysWhatIsMissing() async throws {
        var overview = Overview.busy
        overview.conflicts = Array(repeating: overview.conflicts[0], count: 60)
        overview.conflictCount = 1234
        overview.changes = Array(repeating: overview.changes[0], count: 500)
        let text = try await page(overview)

        #expect(text.contains("and 1\u{202F}214 more: <code>crossdock conflicts</code>"))
        #expect(text.components(separatedBy: "Ceylon black tea, 250 g").count == 1 + 20)
    }
}
