import Audit
import ConnectorKit
import Notices
import Store

/// Somebody who is told of alerts by the settings of the hub's process, and not because he registered a webhook.
public struct AlertListenerWish: Hashable, Sendable {
    /// By which it is known among the others; nobody else should be called so.
    public var name: String
    /// An address of the web, or `mailto:`; nil: nobody is told any more.
    public var url: String?
    public var events: [String]
    /// What calls are signed with; nil: what the hub makes.
    public var secret: String?

    /// Somebody.
    public init(name: String, url: String?, events: [String], secret: String? = nil) {
        (self.name, self.url, self.events, self.secret) = (name, url, events, secret)
    }

    /// What becomes of an alert, all of it.
    public static let allNews = [
        EventCatalogue.alertRaised, EventCatalogue.alertEscalated, EventCatalogue.alertResolved,
    ]
}

extension Hub {
    /// Has the webhooks and mailboxes there that these settings name, as they name them; each is told from now on.
    ///
    /// - Throws: `IntegrationRefusal` where an address cannot be one, `HubError`, `StoreFailure`.
    public func keep(_ wishes: [AlertListenerWish]) async throws {
        let organization = organization
        let known = try await store.read { try ListenerTable($0, organization: organization).all(of: 0) }
        for wish in wishes {
            let listener = known.first { $0.name == wish.name }
            guard let url = wish.url else {
                if let listener { _ = try await remove(listener: listener.publicID, by: .hub) }
                continue
            }
            var members: [String: JSON] = [
                "name": .string(wish.name), "url": .string(url), "events": .array(wish.events.map(JSON.string)),
            ]
            members["secret"] = wish.secret.map(JSON.string)
            let words = try ListenerWish(.object(members))
            guard let listener else {
                _ = try await register(words, at: nil, by: .hub)
                continue
            }
            let secret = try? await secrets(of: listener).secret
            let isSame =
                listener.url == url && listener.events == wish.events
                && (wish.secret == nil || wish.secret == secret)
            if !isSame { _ = try await change(listener: listener.publicID, words, by: .hub) }
            if listener.state == .disabled {
                _ = try await enable(listener: listener.publicID, replays: false, by: .hub)
            }
        }
    }
}
