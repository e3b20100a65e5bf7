import Commerce
import ConnectorKit
import Synchronization
import Testing

@testable import Pipeline

/// A far side of a few goods for tests of creates: one row a good, made by POST, changed by PATCH.
final class Stand: Transport {
    /// What befalls a POST.
    enum Fate {
        /// It is made, and no answer comes.
        case lost
        case throttled(seconds: Int)
    }

    struct State {
        var rows: [String: Parts] = [:]
        /// The ids that keys have stood for.
        var keys: [String: String] = [:]
        var fates: [Fate] = []
        /// What each POST carried.
        var posts: [JSON] = []
        /// What happens once a PATCH has come and before it would be answered; then it is not.
        var meanwhile: (@Sendable () async -> Void)?
        var patches = 0
        /// How many more lists lack the ids of their rows.
        var namelessLists = 0
        /// How many more answers lack what goods have in stock.
        var untoldAnswers = 0
    }

    let state = Mutex(State())
    private let way: any Transport

    init(_ way: any Transport) { self.way = way }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        guard request.address.host == "stand.example" else { return try await way.send(request) }
        let body = (try? JSON(parsing: request.body)) ?? .null
        let answer = state.withLock { state -> HTTPResponse? in
            guard request.method == "POST" else { return state.serve(request, body) }
            state.posts.append(body["parts"] ?? .null)
            let fate = state.fates.isEmpty ? nil : state.fates.removeFirst()
            if case .throttled(let seconds) = fate {
                return HTTPResponse(status: 429, headers: ["Retry-After": "\(seconds)"], body: [])
            }
            let made = state.make(body)
            if case .lost = fate { return nil }
            return made
        }
        let meanwhile = request.method == "PATCH" ? state.withLock { $0.patched() } : nil
        await meanwhile?()
        guard let answer, meanwhile == nil else { throw .noAnswer("the line is cut") }
        return answer
    }
}

extension Stand.State {
    fileprivate mutating func make(_ body: JSON) -> HTTPResponse {
        let key = body["key"]?.string ?? ""
        let id = keys[key] ?? String(rows.count + 1)
        if rows[id] == nil { rows[id] = Parts(body["parts"]?.object ?? [:]) }
        if !key.isEmpty { keys[key] = id }
        return answer([id])
    }

    /// Counts a PATCH, and gives what happens meanwhile, once.
    fileprivate mutating func patched() -> (@Sendable () async -> Void)? {
        patches += 1
        defer { meanwhile = nil }
        return meanwhile
    }

    private mutating func untold(_ parts: Parts?) -> JSON {
        guard untoldAnswers > 0, var parts else { return parts?.json ?? .null }
        untoldAnswers -= 1
        parts[ProductPart.stock] = nil
        return parts.json
    }

    fileprivate mutating func serve(_ request: HTTPRequest, _ body: JSON) -> HTTPResponse {
        let id = String(request.address.path.split(separator: "/").last ?? "")
        guard request.method == "PATCH" else {
            if rows[id] != nil { return answer([id]) }
            defer { namelessLists = max(0, namelessLists - 1) }
            return answer(rows.keys.sorted(), areNamed: namelessLists == 0)
        }
        rows[id]?.values.merge(body.object ?? [:]) { $1 }
        return answer([id])
    }

    private mutating func answer(_ ids: [String], areNamed: Bool = true) -> HTTPResponse {
        let list = ids.map { id in
            JSON.object(["id": areNamed ? .string(id) : .null, "parts": untold(rows[id])])
        }
        return HTTPResponse(status: 200, headers: [:], body: JSON.array(list).bytes)
    }
}

extension World {
    /// A hub with a way to the shops of this world and to a stand.
    func hubWithStand() throws -> (hub: Hub, stand: Stand) {
        let way = Mutex<Stand?>(nil)
        let hub = try hub(
            through: { transport in
                let stand = Stand(transport)
                way.withLock { $0 = stand }
                return stand
            }, connectors: [StandConnector.self])
        return (hub, try #require(way.withLock { $0 }))
    }
}

/// The connector to it. `creation` is `keyed` or `listable`: found by its SKU, and nothing tells who made it.
enum StandConnector: ConnectorType {
    static let card = Card(
        name: "stand", title: "Stand",
        settings: [SettingShape("creation", .text, isRequired: true, "What is found out after a lost create.")],
        kinds: kinds(.keyed))

    static func make(_ settings: Settings, _ surroundings: ConnectorSurroundings) throws(SettingsError) -> Connector {
        let creation: CreationClass = settings.text("creation") == "keyed" ? .keyed : .listable
        let goods = StandGoods(transport: surroundings.transport, isKeyed: creation == .keyed)
        return Connector(
            sources: [.product: goods], targets: [.product: goods], check: goods, kinds: kinds(creation))
    }

    private static func kinds(_ creation: CreationClass) -> [KindCard] {
        let shapes = [ProductPart.name.shape, ProductPart.sku.shape, ProductPart.stock.shape]
        return [KindCard(.product, Projection(shapes, .both), matchesByNaturalKey: true, creation: creation)]
    }
}

private struct StandGoods: RecordSource, RecordTarget, ConnectionCheck {
    let transport: any Transport
    let isKeyed: Bool
    var batchLimit: Int { 1 }

    func check() async throws(ConnectorFailure) -> String { "stand" }
    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? { nil }

    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
        let rows = try await rows("GET", "/goods", nil)
        let nameless = rows.filter { $0["id"]?.string == nil }.map { _ in
            Rejection(kind: .product, externalID: nil, reason: "it has no id")
        }
        return Page(drafts: Self.drafts(rows), rejections: nameless)
    }

    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] {
        var found: [Fetched] = []
        for id in ids { found += try await call("GET", "/goods/\(id)", nil).map { .found($0) } }
        return found
    }

    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] {
        if isKeyed { return [] }
        return try await call("GET", "/goods", nil).filter {
            $0.naturalKey?.lowercased() == request.naturalKey?.lowercased()
        }
    }

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        var results: [WriteResult] = []
        for request in requests {
            let made: [Draft]
            if let id = request.externalID {
                made = try await call("PATCH", "/goods/\(id)", request.changes.json)
            } else {
                let key = isKeyed ? request.reference : ""
                made = try await call("POST", "/goods", ["key": .string(key), "parts": request.changes.json])
            }
            guard let draft = made.first else { throw .unreadable(detail: "nothing came of it") }
            results.append(.written(Written(externalID: draft.externalID, answer: draft)))
        }
        return results
    }

    private func call(_ method: String, _ path: String, _ body: JSON?) async throws(ConnectorFailure) -> [Draft] {
        Self.drafts(try await rows(method, path, body))
    }

    private func rows(_ method: String, _ path: String, _ body: JSON?) async throws(ConnectorFailure) -> [JSON] {
        guard let address = HTTPAddress("https://stand.example\(path)") else { throw .unreadable(detail: path) }
        let response: HTTPResponse
        do {
            response = try await transport.send(HTTPRequest(method, address, body: body?.bytes ?? []))
        } catch {
            throw ConnectorFailure(error, writes: method != "GET")
        }
        if response.status == 429 { throw .throttled(retryAfterSeconds: Int(response.headers["Retry-After"] ?? "")) }
        guard let rows = (try? JSON(parsing: response.body))?.array else { throw .unreadable(detail: "no list") }
        return rows
    }

    private static func drafts(_ rows: [JSON]) -> [Draft] {
        rows.compactMap { row in
            guard let id = row["id"]?.string, let parts = row["parts"]?.object else { return nil }
            let all = Parts(parts)
            var draft = Draft(
                kind: .product, externalID: id, naturalKey: all[ProductPart.sku], parts: all,
                title: all[ProductPart.name] ?? "")
            if all[ProductPart.stock] == nil { draft.untold = [ProductPart.stock.shape.name] }
            return draft
        }
    }
}
