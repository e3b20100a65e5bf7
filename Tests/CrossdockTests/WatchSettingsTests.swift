import Alerts
import Commerce
import Synchronization
import Testing
import Wire

@testable import Pipeline
@testable import crossdock

@Suite("What a hub watches over, by its environment")
struct WatchSettingsTests {
    private func terms(_ variables: [String: String]) throws -> Watch.Terms {
        try WatchSettings.terms(
            HubEnvironment(process: variables, folder: "/no/such/folder"), transport: Ear(), organization: "default",
            decides: true)
    }

    @Test func withoutAnythingItIsTheUsual() throws {
        let terms = try terms([:])

        #expect(terms.settings == AlertSettings() && terms.teller == nil && terms.testSeconds == 3600)
    }

    @Test func aThresholdMayHaveALeastCountAndMayBeOff() throws {
        let rules = try terms([
            "CROSSDOCK_ALERT_ERROR_RATE": "0.2", "CROSSDOCK_ALERT_QUEUE_SIZE": "50/10",
            "CROSSDOCK_ALERT_MEMORY_USAGE": "off", "CROSSDOCK_ALERT_ESCALATION_MINUTES": "5",
            "CROSSDOCK_CONNECTION_TEST_MINUTES": "off",
        ])

        #expect(rules.settings.rules[.errorRate] == AlertRule(threshold: 0.2, minimum: 20))
        #expect(rules.settings.rules[.queueSize] == AlertRule(threshold: 50, minimum: 10))
        #expect(rules.settings.rules[.memoryUsage] == nil && rules.settings.rules.count == AlertKind.allCases.count - 1)
        #expect(rules.settings.escalateSeconds == 300 && rules.testSeconds == nil)
    }

    @Test(arguments: [
        ("CROSSDOCK_ALERT_ERROR_RATE", "often"), ("CROSSDOCK_ALERT_ERROR_RATE", "0"),
        ("CROSSDOCK_ALERT_ERROR_RATE", "0.1/0"), ("CROSSDOCK_ALERT_ERROR_RATE", "0.1/1/1"),
        ("CROSSDOCK_ALERT_ERROR_RATE", "nan"), ("CROSSDOCK_ALERT_ESCALATION_MINUTES", "0"),
        ("CROSSDOCK_CONNECTION_TEST_MINUTES", "often"), ("NOTIFICATION_SERVICE_URL", "ftp://example.com"),
        ("NOTIFICATION_SERVICE_URL", "example.com"),
    ])
    func whatCannotBeReadIsRefusedByItsName(name: String, value: String) {
        #expect(throws: Refusal.self) { try terms([name: value]) }
    }

    private static var notice: AlertNotice {
        var alert = Alert(
            .errorRate, AlertReading(0.5, of: 20), threshold: 0.05, at: Moment(milliseconds: 1_800_000_000_000))
        (alert.state, alert.raisedAt) = (.raised, Moment(milliseconds: 1_800_000_025_000))
        return AlertNotice(alert: alert, news: .raised)
    }

    @Test func newsAreSentAsOneEventWithAKeyThatStaysTheSame() async throws {
        let ear = Ear()
        let address = try #require(HTTPAddress("https://alerts.example/in"))
        let post = AlertPost(transport: ear, address: address, escalation: address, organization: "default")
        try await post.tell(Self.notice, at: Moment(milliseconds: 1_800_000_030_000))

        let request = try #require(ear.heard.withLock { $0.first })
        #expect(request.headers["Idempotency-Key"] == "errorRate-raised-1800000025000")
        let body = try JSON(parsing: request.body)
        #expect(body["event"] == "alert.raised" && body["kind"] == "errorRate" && body["organization"] == "default")
        #expect(body["value"]?.text == "0.500" && body["timestamp"] == "2027-01-15T08:00:30Z")
    }

    @Test func anAnswerThatIsNoYesIsToldAgain() async throws {
        let ear = Ear(status: 500)
        let address = try #require(HTTPAddress("https://alerts.example/in?token=s3cret"))
        let post = AlertPost(transport: ear, address: address, escalation: address, organization: "default")

        let failure = await #expect(throws: AlertPost.NotTaken.self) {
            try await post.tell(Self.notice, at: Moment(milliseconds: 0))
        }
        #expect(failure?.description == "https://alerts.example answered 500")
    }

    @Test func whatNobodyLooksAfterGoesToTheOthers() async throws {
        let terms = try terms(["CROSSDOCK_ESCALATION_URL": "https://boss.example/"])
        let post = try #require(terms.teller as? AlertPost)
        let ear = try #require(post.transport as? Ear)
        try await post.tell(Self.notice, at: Moment(milliseconds: 0))
        var late = Self.notice
        late.news = .escalated
        try await post.tell(late, at: Moment(milliseconds: 0))

        #expect(ear.heard.withLock { $0.map(\.address.host) } == ["boss.example"])
    }

    /// Hears what is sent.
    private final class Ear: Transport {
        let heard = Mutex<[HTTPRequest]>([])
        let status: Int

        init(status: Int = 204) { self.status = status }

        func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
            heard.withLock { $0.append(request) }
            return HTTPResponse(status: status)
        }
    }
}
