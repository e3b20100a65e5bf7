import Commerce
import Mail
import Pipeline
import Wire

/// Who is told of alerts, as the environment says: webhooks and mailboxes that are kept among those people register.
enum AlertReaders {
    /// All that may be named; those that are not are told no more.
    ///
    /// - Throws: `Refusal` naming what cannot be.
    static func wishes(_ environment: HubEnvironment) throws -> [AlertListenerWish] {
        let secret = try environment.value(["CROSSDOCK_NOTIFICATION_SECRET"])
        let first = try url(environment, ["CROSSDOCK_NOTIFICATION_URL", "NOTIFICATION_SERVICE_URL"])
        let later = try url(environment, ["CROSSDOCK_ESCALATION_URL"])
        let (mail, laterMail) = try mailboxes(environment)
        return [
            wish("CROSSDOCK_NOTIFICATION_URL", first, hasLater: later != nil, secret),
            escalation("CROSSDOCK_ESCALATION_URL", later, secret),
            wish("CROSSDOCK_ALERT_MAIL_TO", mail, hasLater: laterMail != nil, nil),
            escalation("CROSSDOCK_ESCALATION_MAIL_TO", laterMail, nil),
        ]
    }

    /// What becomes of alerts; what nobody looks after goes to the others, where there are others.
    private static func wish(_ name: String, _ url: String?, hasLater: Bool, _ secret: String?) -> AlertListenerWish {
        let events = AlertListenerWish.allNews.filter { !hasLater || $0 != "alert.escalated" }
        return AlertListenerWish(name: "alerts (\(name))", url: url, events: events, secret: secret)
    }

    private static func escalation(_ name: String, _ url: String?, _ secret: String?) -> AlertListenerWish {
        AlertListenerWish(name: "alerts (\(name))", url: url, events: ["alert.escalated"], secret: secret)
    }

    private static func url(_ environment: HubEnvironment, _ names: [String]) throws -> String? {
        guard let text = try environment.value(names) else { return nil }
        guard let address = HTTPAddress(text), ["http", "https"].contains(address.scheme) else {
            let others = names.dropFirst().map { " (or \($0))" }.joined()
            throw Refusal("\(names[0])\(others) is not an http or https address")
        }
        return text
    }

    /// A mailbox that only the seeds' variable names is told where mail can be sent; the hub's own needs a server.
    private static func mailboxes(_ environment: HubEnvironment) throws -> (String?, String?) {
        let own = try MailSettings.addresses(environment, ["CROSSDOCK_ALERT_MAIL_TO"])
        let later = try MailSettings.addresses(environment, ["CROSSDOCK_ESCALATION_MAIL_TO"])
        guard try MailSettings.server(environment) != nil else {
            guard own == nil, later == nil else {
                throw Refusal(
                    "CROSSDOCK_ALERT_MAIL_TO needs a mail server: CROSSDOCK_SMTP_HOST and CROSSDOCK_MAIL_FROM")
            }
            return (nil, nil)
        }
        let first = try own ?? MailSettings.addresses(environment, ["WOOCOMMERCE_ADMIN_EMAIL"])
        return (first.map(text), later.map(text))
    }

    private static func text(_ addresses: [MailAddress]) -> String {
        MailAddress.scheme + addresses.map(\.description).joined(separator: ",")
    }
}
