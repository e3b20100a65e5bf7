import Commerce
import Testing
import Wire

@testable import Console
@testable import Pipeline

@Suite("Console: live pages", .timeLimit(.minutes(1)))
struct LiveDeskTests {
    /// A page that watches, read message by message.
    final class Page {
        private var messages: AsyncStream<[UInt8]>.Iterator

        init(_ asking: Asking) async throws {
            let answer = await asking.ask("GET", "/events", token: try await asking.token(.viewer))
            #expect(answer.headers["Content-Type"] == "text/event-stream")
            messages = try #require(answer.stream).makeAsyncIterator()
        }

        func next() async -> String? { await messages.next().map { String(decoding: $0, as: UTF8.self) } }

        func skip(_ count: Int) async { for _ in 0..<count { _ = await next() } }
    }

    /// The greeting and all sections.
    static let opening = 1 + Sections.Name.allCases.count

    @Test func aPageBeginsWithAllSections() async throws {
        let page = try await Page(Asking())

        #expect(await page.next() == "retry: 3000\n\n")
        for name in Sections.Name.allCases {
            let message = try #require(await page.next())
            #expect(message.hasPrefix("event: \(name.rawValue)\ndata: "))
            #expect(message.hasSuffix("\n\n"))
        }
    }

    @Test func everyLineOfAMessageIsMarkedAsData() async throws {
        let page = try await Page(Asking())
        await page.skip(2)
        let message = try #require(await page.next())

        #expect(message.dropLast(2).split(separator: "\n").dropFirst().allSatisfy { $0.hasPrefix("data: ") })
    }

    @Test func onlyTheSectionThatChangedIsSent() async throws {
        let asking = try await Asking()
        let page = try await Page(asking)
        await page.skip(Self.opening)
        await asking.console.desk.look()
        asking.hub.set { $0.overview.changes[0].title = "Green tea" }
        await asking.console.desk.look()

        let message = try #require(await page.next())
        #expect(message.hasPrefix("event: changes\n"))
        #expect(message.contains("Green tea"))
    }

    @Test func thatTimeGoesByIsNoNews() async throws {
        let asking = try await Asking()
        let page = try await Page(asking)
        await page.skip(Self.opening)
        asking.hub.set { state in
            state.now = state.now.adding(seconds: 60)
            state.overview.now = state.now
        }
        await asking.console.desk.look()
        asking.console.desk.close()

        #expect(await page.next() == nil)
    }

    @Test func aQuietPageIsSentASignOfLife() async throws {
        let asking = try await Asking()
        let page = try await Page(asking)
        await page.skip(Self.opening)
        for _ in 0..<LiveDesk.looksPerSign { await asking.console.desk.look() }

        #expect(await page.next() == ": here\n\n")
    }

    @Test func aPageEndsWithItsToken() async throws {
        let asking = try await Asking()
        let page = try await Page(asking)
        await page.skip(Self.opening)
        asking.hub.set { $0.now = $0.now.adding(seconds: 86_400) }
        await asking.console.desk.look()

        #expect(await page.next() == nil)
        #expect(asking.console.desk.watching == 0)
    }

    @Test func aPageThatFallsBehindIsLetGo() async throws {
        let asking = try await Asking()
        let page = try await Page(asking)
        for number in 0..<LiveDesk.unreadLimit {
            asking.hub.set { $0.overview.changes[0].title = "change \(number)" }
            await asking.console.desk.look()
        }

        #expect(asking.console.desk.watching == 0)
        await page.skip(LiveDesk.unreadLimit)
        #expect(await page.next() == nil)
    }

    @Test func aPageThatIsClosedLeavesItsSeat() async throws {
        let asking = try await Asking()
        var answer: HTTPResponse? = await asking.ask("GET", "/events", token: try await asking.token(.viewer))
        #expect(asking.console.desk.watching == 1)
        #expect(answer?.status == 200)
        answer = nil

        #expect(asking.console.desk.watching == 0)
    }

    @Test func moreThanTheSeatsAreAskedToComeAgain() async throws {
        let asking = try await Asking()
        let token = try await asking.token(.viewer)
        var open: [HTTPResponse] = []
        for _ in 0..<LiveDesk.seats { open.append(await asking.ask("GET", "/events", token: token)) }

        let answer = await asking.ask("GET", "/events", token: token)

        #expect(open.allSatisfy { $0.status == 200 })
        #expect(answer.status == 503)
        #expect(answer.headers["Retry-After"] == "10")
    }

    @Test func aStoreThatCannotBeReadKeepsThePagesOpen() async throws {
        let asking = try await Asking()
        let page = try await Page(asking)
        await page.skip(Self.opening)
        asking.hub.set { $0.isBroken = true }
        await asking.console.desk.look()
        asking.hub.set { state in
            state.isBroken = false
            state.overview = .empty
        }
        await asking.console.desk.look()

        #expect(await page.next()?.hasPrefix("event: summary\n") == true)
    }
}
