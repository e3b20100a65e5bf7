import Audit
import ConnectorKit
import Intake
import Ledger
import Queue
import Store

/// A stored call of a vendor as people see it.
public struct DeliveryView: Hashable, Sendable {
    public var report: DeliveryReport
    /// The integration's name; nil where it is gone.
    public var integration: String?
    /// Its public id.
    public var integrationID: String?
    /// What it said, masked; nil in a list, and where it was forgotten before the rest.
    public var headers: JSON?
    public var body: JSON?

    /// As the API shows it.
    public var json: JSON {
        var members: [String: JSON] = [
            "id": .string(String(report.id)), "receiptId": .string("rcp_\(report.id)"),
            "integration": .text(integration), "integrationId": .text(integrationID),
            "topic": .string(report.topic), "receivedAt": .string(report.receivedAt.description),
            "state": .string(report.state.rawValue), "detail": .text(report.detail),
            "repeats": .integer(report.repeats),
        ]
        members["headers"] = headers
        members["body"] = body
        return .object(members)
    }
}

// What vendors have said: looked at, and understood once more.
extension Hub {
    /// The most calls that are understood once more in one go.
    public static let replayLimit = 500

    /// The stored calls that are meant, the latest numbers first.
    ///
    /// - Throws: `StoreFailure`.
    public func deliveries(_ filter: DeliveryFilter = DeliveryFilter(), limit: Int = 50) async throws -> [DeliveryView]
    {
        let organization = organization
        let names = try await names()
        let reports = try await store.read {
            try Intake.deliveries(filter, limit: limit, organization: organization, session: $0)
        }
        return reports.map { view($0, names) }
    }

    /// One stored call with what it said, masked; nil where there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func delivery(_ id: Int64) async throws -> DeliveryView? {
        let organization = organization
        let names = try await names()
        let (report, call) = try await store.read { session in
            (
                try Intake.delivery(id, organization: organization, session: session),
                try Intake.stored([id], organization: organization, session: session)[id]?.call
            )
        }
        guard let report else { return nil }
        var view = view(report, names)
        view.headers = call.map { DeliveryMask.headers($0.headers) }
        view.body = call.map { DeliveryMask.body($0.body) }
        return view
    }

    private func names() async throws -> [Int64: Integration] {
        Dictionary(try await integrations().map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private func view(_ report: DeliveryReport, _ names: [Int64: Integration]) -> DeliveryView {
        let integration = names[report.integration]
        return DeliveryView(report: report, integration: integration?.name, integrationID: integration?.publicID)
    }

    /// Has stored calls understood once more, by the way every call goes: what they tell is merged as what it is, an
    /// old observation. Answers which will be; one that waits already, or is gone, is not among them.
    ///
    /// - Throws: `HubError` where too many are named, `StoreFailure`.
    public func replay(deliveries given: [Int64], by actor: AuditActor) async throws -> [Int64] {
        guard given.count <= Self.replayLimit else {
            throw HubError("at most \(Self.replayLimit) calls are understood once more in one go")
        }
        guard !given.isEmpty else { return [] }
        let block = try await ids.draw(given.count)
        let (organization, now) = (organization, now)
        let replayed = try await store.write { [self] session in
            var ids = block
            let replayed = try Intake.replay(
                given, organization: organization, ids: &ids, now: now, session: session)
            guard !replayed.isEmpty else { return replayed }
            let note = AuditNote(
                .deliveryReplayed, "delivery", replayed.count == 1 ? String(replayed[0]) : "\(replayed.count) calls",
                after: ["ids": .array(replayed.map { .string(String($0)) })])
            try self.note(note, by: actor, at: now, in: session)
            return replayed
        }
        if !replayed.isEmpty { bell.ring() }
        return replayed
    }

    /// Has the latest of the stored calls that are meant understood once more, as many as go in one go.
    ///
    /// - Throws: `StoreFailure`.
    public func replay(_ filter: DeliveryFilter, by actor: AuditActor) async throws -> [Int64] {
        let organization = organization
        let found = try await store.read {
            try Intake.deliveries(filter, limit: Self.replayLimit, organization: organization, session: $0)
        }
        return try await replay(deliveries: found.map(\.id), by: actor)
    }

    /// Sends an integration a call without meaning, signed with its own secret, by the way a vendor's call goes once it
    /// has reached the hub: what is tried is the secret and the way behind the door, not the network before it.
    ///
    /// - Throws: `HubError` where no such call can be made, `StoreFailure`.
    public func sampleWebhook(to integration: Integration, by actor: AuditActor) async throws -> Reception {
        let (now, mark) = (now, Signature.hex(surroundings.random(8)))
        guard let receiver = try receiver(of: integration) else {
            throw HubError("\(integration.name) takes no calls: its settings name no secret for them")
        }
        guard let call = receiver.sample(mark, now: now) else {
            throw HubError("no test call can be made for \(integration.connector)")
        }
        let reception = try await proved(call, for: integration)
        try await store.write { [self] session in
            try note(
                AuditNote(.webhookTested, "integration", integration.publicID), by: actor, at: now, in: session)
        }
        return reception
    }
}
