import Alerts
import ConnectorKit
import Identity
import Ledger
import Mail
import Notices
import Queue
import Store
import Synchronization
import Telemetry
import Testing

@testable import Pipeline

/// Alerts go the way of all notices: to webhooks that asked for them, and to mailboxes.
@Suite("Alerts that are brought")
struct AlertNoticeTests {
    private let world: World
    private let hub: Hub
    private let ear = Ear()
    private let post: Post

    init() throws {
        (world, post) = (try World(), try Post())
        world.openShop("north", products: 1, customers: 0)
        let (world, ear) = (world, ear)
        let surroundings = ConnectorSurroundings(
            transport: ear, now: { world.now }, random: { count in (0..<count).map { _ in .random(in: 0...255) } },
            blocking: InlineWork())
        hub = Hub(
            store: try world.place.open(Hub.migrations), connectors: [], surroundings: surroundings,
            vault: Vault(bytes: [UInt8](repeating: 7, count: 32)),
            logger: Logger(label: "world", factory: { _ in SwiftLogNoOpLogHandler() }),
            clock: PassingClock(world: world), passwordCost: PasswordCost(exponent: 10, block: 1, lanes: 1),
            noticeWay: NoticeWay(transport: ear, mailer: post) { $0.scheme == "https" ? nil : "it must be https" })
    }

    private static let told = AlertListenerWish(
        name: "alerts (here)", url: "https://alerts.example/in", events: AlertListenerWish.allNews,
        secret: "a-secret-of-sixteen")
    private static let mailed = AlertListenerWish(
        name: "alerts (mail)", url: "mailto:ann@person.example,ben@person.example",
        events: AlertListenerWish.allNews)

    private func raise(_ failed: Int64 = 30) async throws {
        let (organization, minute) = (hub.organization, AlertTable.minute(of: hub.now))
        try await hub.store.write {
            try AlertTable($0, organization: organization)
                .save(["runs": 30, "failedRuns": failed], of: "a", minute: minute)
        }
        try await look()
    }

    private func look() async throws {
        try await hub.lookAtAlerts(AlertSettings())
        world.pass(seconds: 30)
        try await hub.lookAtAlerts(AlertSettings())
        try await hub.tellAlerts()
        try await hub.tellAlerts()
        try await hub.drain()
    }

    private func views() async throws -> [ListenerView] { try await hub.listenerViews() ?? [] }

    private func log(_ view: ListenerView) async throws -> [NoticeReport] {
        try await hub.noticeLog(listener: view.listener.publicID, in: NoticeState.allCases, limit: 50) ?? []
    }

    @Test func whatIsRaisedIsBroughtOnceSignedAndWrittenDown() async throws {
        try await hub.keep([Self.told])
        try await raise()

        let request = try #require(ear.heard.withLock { $0.first })
        #expect(ear.heard.withLock { $0.count } == 1)
        let body = try JSON(parsing: request.body)
        #expect(body["type"] == "alert.raised" && body["data"]?["kind"] == "errorRate")
        #expect(body["data"]?["severity"] == "warning" && body["data"]?["value"]?.text == "1.000")
        let id = try #require(request.headers["webhook-id"])
        let seconds = try #require(request.headers["webhook-timestamp"].flatMap(Int64.init))
        #expect(
            request.headers["webhook-signature"]
                == NoticeSignature.standard(
                    id: id, seconds: seconds, body: request.body, secret: "a-secret-of-sixteen"))
        let listener = try #require(try await views().first)
        let log = try #require(try await log(listener).first)
        #expect(log.notice.state == .delivered && log.attempts.map(\.status) == [204])
    }

    @Test func whatIsNotHeardIsToldAgainAfterAWait() async throws {
        try await hub.keep([Self.told])
        ear.status.withLock { $0 = 500 }
        try await raise()
        #expect(ear.heard.withLock { $0.count } == 1)
        ear.status.withLock { $0 = 204 }
        world.pass(seconds: 120)
        try await hub.drain()

        let ids = ear.heard.withLock { $0.map { $0.headers["webhook-id"] } }
        #expect(ids.count == 2 && ids.first == ids.last)
    }

    @Test func whatNobodyLooksAfterGoesToTheOthersAndWhatSomebodyDoesNot() async throws {
        var first = Self.told
        first.events = ["alert.raised", "alert.resolved"]
        let boss = AlertListenerWish(name: "boss", url: "https://boss.example/", events: ["alert.escalated"])
        try await hub.keep([first, boss])
        try await raise()
        for _ in 1...4 {
            world.pass(seconds: 500)
            try await raise()
        }

        let events = ear.heard.withLock { $0.map { "\($0.address.host) \($0.headers["X-Webhook-Event"] ?? "")" } }
        #expect(events == ["alerts.example alert.raised", "boss.example alert.escalated"])
    }

    @Test func aMailboxIsToldInWordsAndNothingCanEndItsSubject() async throws {
        try await hub.keep([Self.mailed])
        try await raise()
        world.pass(seconds: 20 * 60)
        try await look()

        let mails = post.taken.withLock { $0 }
        #expect(
            mails.map(\.subject).first == "crossdock: alert.raised: of 30 runs of tasks 100 % failed (limit 5 %)"
        )
        #expect(mails.count == 2 && mails.last?.subject.hasPrefix("crossdock: alert.resolved") == true)
        #expect(mails.first?.to.map(\.description) == ["ann@person.example", "ben@person.example"])
        #expect(mails.first?.text.contains("severity: warning") == true && mails.first?.id.hasPrefix("msg_") == true)
    }

    @Test func aMailThatIsNotTakenStandsInTheLogAndIsSentAgain() async throws {
        try await hub.keep([Self.mailed])
        post.failure.withLock { $0 = .refused(code: 451, "try later") }
        try await raise()
        post.failure.withLock { $0 = nil }
        world.pass(seconds: 10)
        try await hub.drain()

        let listener = try #require(try await views().first)
        let log = try #require(try await log(listener).first)
        #expect(log.attempts.map(\.status) == [451, 250] && log.notice.state == .delivered)
        #expect(post.taken.withLock { Set($0.map(\.id)) }.count == 1)
    }

    @Test func mailTellsOfTheHubAloneAndOnlyWhereItCanBeSent() async throws {
        var wish = Self.mailed
        wish.events = ["order.created"]
        await #expect(throws: IntegrationRefusal.self) { try await hub.keep([wish]) }
        wish.events = ["alert.*"]
        wish.url = "mailto:ann@person.example\r\nRCPT TO:<eve@person.example>"
        await #expect(throws: IntegrationRefusal.self) { try await hub.keep([wish]) }
        let deaf = try World()
        let other = try deaf.hub()
        wish.url = Self.mailed.url
        let fine = wish
        await #expect(throws: IntegrationRefusal.self) { try await other.keep([fine]) }
    }

    @Test func whatTheSettingsNameIsKeptAsTheyNameIt() async throws {
        try await hub.keep([Self.told])
        try await hub.keep([Self.told])
        var moved = Self.told
        moved.url = "https://elsewhere.example/"
        try await hub.keep([moved])
        #expect(try await views().map(\.listener.url) == ["https://elsewhere.example/"])
        let id = try #require(try await views().first?.listener.publicID)
        _ = try await hub.disable(listener: id, reason: "nobody heard", by: .hub)
        try await hub.keep([moved])
        #expect(try await views().map(\.listener.state) == [.active])
        moved.url = nil
        try await hub.keep([moved])
        #expect(try await views().isEmpty)
    }

    /// Hears what is sent over the web.
    private final class Ear: Transport {
        let heard = Mutex<[HTTPRequest]>([])
        let status = Mutex(204)

        func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
            heard.withLock { $0.append(request) }
            return HTTPResponse(status: status.withLock { $0 })
        }
    }

    /// Takes mail, unless it fails.
    private final class Post: Mailer {
        let taken = Mutex<[MailMessage]>([])
        let failure = Mutex<MailFailure?>(nil)

        let from: MailAddress

        init() throws { from = try MailAddress("hub@shop.example") }

        func send(_ message: MailMessage) async throws(MailFailure) {
            taken.withLock { $0.append(message) }
            if let failure = failure.withLock({ $0 }) { throw failure }
        }
    }
}
