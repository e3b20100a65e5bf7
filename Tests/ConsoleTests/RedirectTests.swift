import Commerce
import Pipeline
import Testing
import Wire

@testable import Console

/// A shop takes 301 and 302 for "delivered" and does not follow: a door that answered so would lose every event without
/// a word. So no door does, whoever knocks and however.
@Suite("Console: webhook doors never redirect")
struct RedirectTests {
    static let doors = [
        "/webhooks/pub-lakeside", "/webhooks/pub-own", "/webhooks/unknown", "/webhooks/pub-lakeside/",
        "/webhooks/pub-lakeside//", "/webhooks//pub-lakeside", "/webhooks/", "/webhooks", "/webhooks/../sign-in",
        "/webhooks/%2F", "/WEBHOOKS/pub-lakeside", "/api/webhooks/woocommerce/default",
        "/api/webhooks/woocommerce/default/", "/api/webhooks/woocommerce/other", "/api/webhooks/woocommerce/",
        "/api/webhooks/woocommerce", "/api/webhooks", "/api/webhooks/custom/default",
    ]
    static let verbs = ["POST", "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]
    static let bodies: [(name: String, body: String)] = [
        ("empty", ""), ("forged", #"{"id":7}"#), ("cut", #"{"id":7,"name":"Te"#), ("ping", "webhook_id=4"),
        ("a page", "<!DOCTYPE html><title>no</title>"), ("large", String(repeating: "x", count: 3_000_000)),
    ]
    /// What makes servers redirect: a browser's wishes, a proxy that says http, another host, a trailing dot.
    static let senders: [HTTPHeaders] = [
        [:], ["X-WC-Webhook-Signature": "Zm9yZ2Vk", "X-WC-Webhook-Topic": "product.updated"],
        ["Accept": "text/html", "X-Forwarded-Proto": "http", "Upgrade-Insecure-Requests": "1"],
        ["Content-Type": "application/x-www-form-urlencoded", "Cookie": "crossdock_token=old"],
    ]

    private func asking(_ reception: Hub.Reception, isBehindTLS: Bool) async throws -> Asking {
        let asking = try await Asking(isBehindTLS: isBehindTLS)
        asking.hub.set { state in
            state.integrations = [.sample(1, "own", "custom"), .sample(2, "lakeside", "woocommerce")]
            state.receptions = ["own": reception, "lakeside": reception]
        }
        return asking
    }

    private func expectNoRedirect(_ answer: HTTPResponse, _ words: String) {
        #expect(!(300..<400).contains(answer.status), "\(words): \(answer.status)")
        #expect(answer.headers["Location"] == nil, "\(words)")
    }

    @Test(arguments: [false, true])
    func noDoorAnswersWithARedirect(isBehindTLS: Bool) async throws {
        let asking = try await asking(.forged, isBehindTLS: isBehindTLS)

        for door in Self.doors {
            for verb in Self.verbs {
                for (name, body) in Self.bodies {
                    for (place, headers) in Self.senders.enumerated() {
                        let answer = await asking.ask(verb, door, headers: headers, body: body)
                        expectNoRedirect(answer, "\(verb) \(door), \(name), sender \(place)")
                    }
                }
            }
        }
    }

    @Test(
        arguments: [
            .stored(1), .repeated(1), .ping(200), .forged, .tooLarge, .ambiguous, .unknown, .unavailable("full"),
        ] as [Hub.Reception])
    func whateverBecomesOfACallItIsNoRedirect(reception: Hub.Reception) async throws {
        for isBehindTLS in [false, true] {
            let asking = try await asking(reception, isBehindTLS: isBehindTLS)
            for door in Self.doors {
                expectNoRedirect(await asking.ask("POST", door, body: "{}"), "\(reception) at \(door)")
            }
        }
    }

    @Test func aStoreThatCannotBeReadIsNoReasonToRedirectACall() async throws {
        let asking = try await asking(.forged, isBehindTLS: true)
        asking.hub.set { $0.isBroken = true }

        for door in Self.doors { expectNoRedirect(await asking.ask("POST", door, body: "{}"), door) }
    }
}
