import ConnectorKit
import Ledger

/// From where a hub can be reached. Some doors are opened only where nobody else stands before them.
public enum HubReach: Hashable, Sendable {
    /// From its own machine alone: it listens on a loopback address, for no proxy, and has no public address.
    case alone
    /// From elsewhere, or it may be.
    case open
    /// This process listens nowhere: it does not know how the hub's others do.
    case unknown

    /// What the hub's public address leaves of it.
    func narrowed(by publicURL: String?) -> HubReach {
        guard let host = publicURL.flatMap({ HTTPAddress($0)?.host }) else { return self }
        return LoopbackHost.isOne(host) ? self : .open
    }
}

extension Hub {
    /// The integrations whose settings say that their calls need no proof.
    ///
    /// - Throws: `StoreFailure`.
    private func integrationsWithoutProof() async throws -> [Integration] {
        try await integrations().filter { ((try? receiver(of: $0)) ?? nil)?.asksNoProof ?? false }
    }

    /// Whether calls to these are taken without proof; nil where there are none. A process that listens nowhere cannot
    /// say whether they are taken.
    func proofCheck() async throws -> HealthReport.Check? {
        let names = try await integrationsWithoutProof().map(\.name).sorted()
        guard !names.isEmpty else { return nil }
        let areTaken: JSON = reach == .unknown ? .null : .bool(reach == .alone)
        return HealthReport.Check(
            name: HealthReport.Check.proof, state: .degraded,
            seen: ["withoutProof": .array(names.map(JSON.string)), "areTaken": areTaken])
    }

    /// Settings with which calls need no proof are not for a hub that others reach.
    func refuseWithoutProof(_ connector: Connector) throws(SettingsError) {
        guard reach == .open, connector.webhooks?.asksNoProof ?? false else { return }
        throw SettingsError([
            "webhooks must be verified: this hub can be reached from other machines (its address, a proxy, or its "
                + "public address), and whoever reaches it could tell it anything; leave out the setting that is false"
        ])
    }
}

extension HealthReport.Check {
    /// The name of the check that tells which calls are taken without proof.
    public static let proof = "webhooks"
}

/// Takes a vendor's calls for what they say, where the settings ask for no proof.
struct UnprovedReceiver: WebhookReceiver {
    let receiver: any WebhookReceiver

    func prove(_ call: WebhookCall) -> WebhookProof { receiver.unproved(call) }
    func read(_ call: WebhookCall) -> WebhookMeaning { receiver.read(call) }
    func problem(with call: WebhookCall) -> String? { receiver.problem(with: call) }
}
