import ConnectorKit
import Synchronization

/// A till that reads nothing and answers as the far side is told to.
enum Till: ConnectorType {
    static let card = Card(
        name: "till", title: "Till",
        settings: [
            SettingShape("endpoint", .address, aliases: ["url"], isRequired: true, "where it is"),
            SettingShape("username", .text, isRequired: true, "who asks"),
            SettingShape("password", .text, isSecret: true, isRequired: true, "its word"),
            SettingShape("apiKey", .text, isSecret: true, "its key"),
            SettingShape("syncInterval", .integer(60_000...86_400_000), "how often it is read, in milliseconds"),
            SettingShape("warehouseCode", .text, "the store room"),
            SettingShape(
                "webhook",
                .group([
                    SettingShape("secret", .text, isSecret: true, "what calls are signed with"),
                    SettingShape("retries", .integer(0...9), "how often it calls again"),
                ]), "its calls"),
        ] + DoorRules.shapes,
        kinds: [
            KindCard(.product, Projection(ProductPart.all, .both), matchesByNaturalKey: true),
            KindCard(.order, Projection(OrderPart.all, .take), issues: true),
        ])

    static func make(
        _ settings: Settings, _ surroundings: ConnectorSurroundings
    ) throws(SettingsError) -> Connector {
        guard let address = settings.text("endpoint").flatMap({ HTTPAddress($0) }), address.host != "wrong.example"
        else { throw SettingsError(["there is no till at wrong.example"]) }
        return Connector(
            sources: [.product: EmptyDrawer(), .order: EmptyDrawer()],
            webhooks: settings.group("webhook")?.secret("secret").map { _ in SilentBell() },
            check: TillCheck(address: address, transport: surroundings.transport))
    }

    static func habits(_ settings: Settings) -> Habits {
        Habits(intervalSeconds: settings.integer("syncInterval").map { $0 / 1000 })
    }
}

private struct EmptyDrawer: RecordSource {
    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page { Page(drafts: []) }
    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] { ids.map(Fetched.gone) }
    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? { nil }
}

private struct SilentBell: WebhookReceiver {
    func prove(_ call: WebhookCall) -> WebhookProof { .forged("nothing is signed here") }
    func read(_ call: WebhookCall) -> WebhookMeaning { .nothing("nothing is said here") }
}

private struct TillCheck: ConnectionCheck {
    let address: HTTPAddress
    let transport: any Transport

    func check() async throws(ConnectorFailure) -> String {
        let answer: HTTPResponse
        do throws(TransportFailure) {
            answer = try await transport.send(HTTPRequest("GET", address))
        } catch {
            throw .unavailable(mayHaveHappened: false, detail: "no answer")
        }
        switch answer.status {
        case 200: return "a till with 3 drawers"
        case 401: throw .unauthorized(detail: "status 401")
        default: throw .unavailable(mayHaveHappened: false, detail: "status \(answer.status)")
        }
    }
}

/// The far side: answers with a status, and where it is told to, only once it is let go.
final class FarSide: Transport {
    private struct State {
        var status = 200
        var calls = 0
        var gate: AsyncStream<Void>?
        var opening: AsyncStream<Void>.Continuation?
        var arrival: AsyncStream<Void>.Continuation?
    }

    private let state = Mutex(State())

    var calls: Int { state.withLock { $0.calls } }

    func answers(_ status: Int) { state.withLock { $0.status = status } }

    /// Keeps who asks waiting. What is answered ends once somebody has asked.
    func hold() -> AsyncStream<Void> {
        let (gate, opening) = AsyncStream<Void>.makeStream()
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        state.withLock { ($0.gate, $0.opening, $0.arrival) = (gate, opening, arrival) }
        return arrived
    }

    func letGo() { state.withLock { $0.opening }?.finish() }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let (status, gate, arrival) = state.withLock { state in
            state.calls += 1
            return (state.status, state.gate, state.arrival)
        }
        arrival?.finish()
        if let gate { for await _ in gate {} }
        return HTTPResponse(status: status)
    }
}
