import Alerts
import MailCurl
import Testing

@testable import Pipeline
@testable import crossdock

@Suite("What a hub watches over, by its environment")
struct WatchSettingsTests {
    private func terms(_ variables: [String: String]) throws -> Watch.Terms {
        try WatchSettings.terms(
            HubEnvironment(process: variables, folder: "/no/such/folder"), decides: true)
    }

    @Test func withoutAnythingItIsTheUsual() throws {
        let terms = try terms([:])

        #expect(terms.settings == AlertSettings() && terms.testSeconds == 3600)
        #expect(terms.told.allSatisfy { $0.url == nil })
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
        ("NOTIFICATION_SERVICE_URL", "example.com"), ("CROSSDOCK_ALERT_MAIL_TO", "ann@example.com"),
        ("CROSSDOCK_SMTP_HOST", "mail.example"),
    ])
    func whatCannotBeReadIsRefusedByItsName(name: String, value: String) {
        #expect(throws: Refusal.self) { try terms([name: value]) }
    }

    private static let server = ["CROSSDOCK_SMTP_HOST": "mail.example", "CROSSDOCK_MAIL_FROM": "hub@shop.example"]

    @Test func whatNobodyLooksAfterGoesToTheOthersWhereThereAreOthers() throws {
        let alone = try terms(["NOTIFICATION_SERVICE_URL": "https://alerts.example/"]).told.filter { $0.url != nil }
        #expect(alone.map(\.events) == [["alert.raised", "alert.escalated", "alert.resolved"]])

        let both = try terms([
            "CROSSDOCK_NOTIFICATION_URL": "https://alerts.example/",
            "CROSSDOCK_ESCALATION_URL": "https://boss.example/",
            "CROSSDOCK_NOTIFICATION_SECRET": "a-secret-of-sixteen",
        ]).told.filter { $0.url != nil }
        #expect(both.map(\.events) == [["alert.raised", "alert.resolved"], ["alert.escalated"]])
        #expect(both.allSatisfy { $0.secret == "a-secret-of-sixteen" })
    }

    @Test func mailGoesToThoseWhoAreNamedAndToTheSeedsAdministratorOnlyWhereItCanBeSent() throws {
        let admin = ["WOOCOMMERCE_ADMIN_EMAIL": "admin@yourstore.com"]
        #expect(try terms(admin).told.allSatisfy { $0.url == nil })
        #expect(
            try terms(admin.merging(Self.server) { $1 }).told.compactMap(\.url) == ["mailto:admin@yourstore.com"])
        let named = ["CROSSDOCK_ALERT_MAIL_TO": "ann@example.com, ben@example.com"].merging(Self.server) { $1 }
        #expect(
            try terms(named.merging(admin) { $1 }).told.compactMap(\.url) == ["mailto:ann@example.com,ben@example.com"])
    }

    @Test(arguments: [
        ["CROSSDOCK_SMTP_PORT": "0"], ["CROSSDOCK_SMTP_PORT": "many"], ["CROSSDOCK_SMTP_TLS": "maybe"],
        ["CROSSDOCK_SMTP_USER": "hub"], ["CROSSDOCK_SMTP_PASSWORD_FILE": "/no/such/file"],
        ["CROSSDOCK_MAIL_FROM": "hub@shop.example\r\nBcc: eve@person.example"],
        ["CROSSDOCK_SMTP_HOST": "mail.example/\r\nRSET"], ["CROSSDOCK_ALERT_MAIL_TO": "ann"],
        ["CROSSDOCK_SMTP_TLS": "off", "CROSSDOCK_SMTP_USER": "hub", "CROSSDOCK_SMTP_PASSWORD": "s3cret"],
    ])
    func aMailServerThatCannotBeIsRefused(variables: [String: String]) {
        let failure = #expect(throws: Refusal.self) { try terms(Self.server.merging(variables) { $1 }) }
        #expect(failure?.description.contains("s3cret") == false)
    }

    @Test func aMailServerIsAskedForTLSUnlessItIsOnThisMachine() throws {
        func server(_ variables: [String: String]) throws -> SMTPSettings? {
            try MailSettings.server(
                HubEnvironment(process: Self.server.merging(variables) { $1 }, folder: "/no/such/folder"))
        }
        let usual = try #require(try server([:]))
        #expect(usual.guarding == .starttls && usual.port == 587)
        let implicit = try #require(try server(["CROSSDOCK_SMTP_PORT": "465"]))
        #expect(implicit.guarding == .implicit)
        let here = try #require(try server(["CROSSDOCK_SMTP_HOST": "127.0.0.1"]))
        #expect(here.guarding == .off && here.port == 25)
        #expect(try server(["CROSSDOCK_SMTP_HOST": "127.0.0.1", "CROSSDOCK_SMTP_TLS": "starttls"])?.port == 587)
    }
}
