import Alerts
import Commerce
import Identity
import Telemetry
import Testing
import Wire

@testable import Console
@testable import Pipeline

@Suite("Console: watching over the hub")
struct WatchAnswerTests {
    private static var raised: Alert {
        var alert = Alert(
            .queueSize, AlertReading(1200, of: 1200), threshold: 1000, at: Overview.sampleTime.adding(seconds: -600))
        (alert.state, alert.raisedAt) = (.raised, Overview.sampleTime.adding(seconds: -570))
        return alert
    }

    // MARK: /api/health

    @Test func aStrangerIsToldAWordTheTimeAndTheVersion() async throws {
        let asking = try await Asking()
        let answer = await asking.ask("GET", "/api/health")

        #expect(
            answer.json == ["status": "healthy", "timestamp": "2027-01-15T08:00:00Z", "version": "1.2.3"])
        #expect(await asking.ask("GET", "/api/health?detailed=false").json == answer.json)
    }

    @Test(arguments: [
        ("detailed=true", Role?.none, 401), ("organizationId=default", nil, 401), ("detailed=true", .integration, 403),
        ("organizationId=default", .viewer, 200), ("organizationId=other", .viewer, 403),
        ("organizationId=default&detailed=true", .operator, 200), ("detailed=yes", .admin, 400),
        ("verbose=true", .admin, 400),
    ])
    func moreIsToldToWhoMaySeeThePages(query: String, role: Role?, status: Int) async throws {
        let asking = try await Asking()
        let token: String? = if let role { try await asking.token(role) } else { nil }

        #expect(await asking.ask("GET", "/api/health?\(query)", token: token).status == status)
    }

    @Test func inDetailItHasTheFormOfTheContract() async throws {
        let asking = try await Asking()
        asking.hub.set {
            $0.health = HealthReport([
                HealthReport.Check(name: "store", state: .ok, seen: [:]),
                HealthReport.Check(name: "queue", state: .degraded, seen: [:]),
            ])
        }
        let answer = await asking.ask(
            "GET", "/api/health?organizationId=default&detailed=true", token: try await asking.token(.viewer))

        #expect(
            answer.json == [
                "status": "degraded", "timestamp": "2027-01-15T08:00:00Z", "version": "1.2.3",
                "environment": "production", "uptime": 0,
                "services": [
                    "database": "healthy", "queue": "degraded",
                    // One of two shops is refused; the books rest.
                    "integrations": ["woocommerce": "unhealthy", "gnucash": "degraded", "couriers": [:]],
                ],
            ])
    }

    @Test func aHubThatIsDownSaysSoWith503() async throws {
        let asking = try await Asking()
        asking.hub.set { $0.isBroken = true }
        let answer = await asking.ask("GET", "/api/health?detailed=true", token: try await asking.token(.viewer))

        #expect(answer.status == 503 && answer.json["status"] == "unhealthy")
    }

    // MARK: /metrics

    @Test func aStoreThatDoesNotAnswerIsAValueToo() async throws {
        let asking = try await Asking()
        asking.hub.set { $0.gauges = [Gauge("crossdock_store_up", [], 1), Gauge("crossdock_conflicts_open", [], 4)] }
        let token = try await asking.token(.viewer)
        let text = await asking.ask("GET", "/metrics", token: token).text
        #expect(text.contains("\ncrossdock_store_up 1.0\n") && text.contains("\ncrossdock_conflicts_open 4.0\n"))
        #expect(text.contains("\ncrossdock_build_info{version=\"1.2.3\"} 1.0\n"))

        asking.hub.set {
            $0.isBroken = true
            $0.now = $0.now.adding(seconds: 11)
        }
        let broken = await asking.ask("GET", "/metrics", token: token)
        #expect(broken.status == 200 && broken.text.contains("\ncrossdock_store_up 0.0\n"))
    }

    // MARK: Alerts

    @Test func alertsAreListedAndNarrowedByTheirState() async throws {
        let asking = try await Asking()
        asking.hub.set { $0.alerts = [Self.raised] }
        let token = try await asking.token(.viewer)
        let all = await asking.ask("GET", "/api/alerts", token: token).json["data"]

        #expect(all?[0]?["kind"] == "queueSize" && all?[0]?["state"] == "raised" && all?[0]?["severity"] == "warning")
        #expect(all?[0]?["message"] == "1200 tasks are due (limit 1000)")
        #expect(await asking.ask("GET", "/api/alerts?state=resolved", token: token).json["data"] == [])
        #expect(await asking.ask("GET", "/api/alerts?state=waiting", token: token).status == 400)
    }

    @Test func anOperatorSaysThatHeLooksAfterOne() async throws {
        let asking = try await Asking()
        asking.hub.set { $0.alerts = [Self.raised] }
        let token = try await asking.token(.operator)
        let answer = await asking.ask("POST", "/api/alerts/queueSize/acknowledge", token: token)

        #expect(answer.status == 200 && answer.json["data"]?["state"] == "acknowledged")
        #expect(await asking.ask("POST", "/api/alerts/errorRate/acknowledge", token: token).status == 404)
        #expect(await asking.ask("POST", "/api/alerts/nothing/acknowledge", token: token).status == 404)
    }

    @Test func thePageShowsWhatIsTooMuchAndCountsIt() async throws {
        var overview = Overview.empty
        var taken = Self.raised
        (taken.kind, taken.state, taken.acknowledgedBy) = (.memoryUsage, .acknowledged, "mara <b>")
        overview.alerts = [Self.raised, taken]
        let asking = try await Asking(overview)
        let text = await asking.ask("GET", "/", token: try await asking.token(.viewer)).text

        #expect(text.contains("<h2>2 alerts ") && text.contains("<i>queueSize</i>"))
        #expect(text.contains("<span class=\"tone warn\">warning</span>"))
        #expect(text.contains("<span class=\"tone busy\">mara &lt;b&gt; looks after it</span>"))
    }

    // MARK: The log

    @Test(arguments: [
        ("{\"level\":\"debug\"}", 200), ("{\"level\":null}", 200), ("{\"level\":\"Verbose\",\"minutes\":5}", 200),
        ("{\"level\":\"loud\"}", 422), ("{}", 422), ("{\"level\":\"info\",\"minutes\":0}", 422),
        ("{\"level\":\"info\",\"minutes\":1441}", 422), ("{\"level\":\"info\",\"for\":5}", 422), ("", 415),
    ])
    func aLevelIsWishedForAWhile(body: String, status: Int) async throws {
        let asking = try await Asking()
        let headers: HTTPHeaders = body.isEmpty ? [:] : ["Content-Type": "application/json"]
        let token = try await asking.token(.admin)

        #expect(
            await asking.ask("PUT", "/api/log-level", token: token, headers: headers, body: body).status == status)
    }

    @Test func theLevelAsItIsIsTold() async throws {
        let asking = try await Asking()
        let answer = await asking.ask("GET", "/api/log-level", token: try await asking.token(.viewer))

        #expect(answer.json["data"] == ["level": "info", "usual": "info", "until": .null])
    }
}
