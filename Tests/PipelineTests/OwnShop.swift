import ConnectorKit
import Custom
import Ledger
import Pipeline
import Synchronization
import Testing

/// A shop of one's own: it is told at `own.example`, keeps what it is told, and knows its references.
final class OwnShop: Transport {
    struct State {
        var calls: [JSON] = []
        var goods: [String: [String: JSON]] = [:]
        var references: [String: String] = [:]
        /// How many answers are lost after their effect.
        var lost = 0
    }

    let state = Mutex(State())
    private let way: any Transport

    init(_ way: any Transport) { self.way = way }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        guard request.address.host == "own.example" else { return try await way.send(request) }
        guard let call = try? JSON(parsing: request.body) else { return HTTPResponse(status: 400) }
        let (answer, isLost) = state.withLock { state in
            state.calls.append(call)
            let kind = String((call["eventType"]?.string ?? "").prefix { $0 != "." })
            let id = state.take(call["data"]?.object ?? [:], kind)
            defer { state.lost = max(0, state.lost - 1) }
            return (["\(kind)Id": .string(id)] as JSON, state.lost > 0)
        }
        if isLost { throw .noAnswer("cut") }
        return HTTPResponse(status: 200, body: answer.bytes)
    }

    var calls: [JSON] { state.withLock { $0.calls } }
    func shown(_ id: String) -> [String: JSON] { state.withLock { $0.goods[id] ?? [:] } }
}

extension OwnShop.State {
    fileprivate mutating func take(_ data: [String: JSON], _ kind: String) -> String {
        let reference = data["reference"]?.string ?? ""
        let id = data["\(kind)Id"]?.string ?? references[reference] ?? "own-\(references.count + 1)"
        references[reference] = id
        if kind == "product" { goods[id, default: [:]].merge(data) { $1 } }
        return id
    }
}

/// One's own shop and a WooCommerce shop, and a hub between them.
struct OwnWorld {
    static let secret = "a shared secret of the test"

    let world: World
    let hub: Hub
    let shop: OwnShop
    let own: Integration
    let north: Integration
    let sku: String

    init(_ more: JSON = [:], writes: Bool = true) async throws {
        world = try World()
        let world = world
        world.openShop("north", products: 3, customers: 0)
        let made = Mutex<OwnShop?>(nil)
        hub = try world.hub(
            through: { way in
                let shop = OwnShop(way)
                made.withLock { $0 = shop }
                return shop
            }, connectors: [Custom.self])
        shop = try #require(made.withLock { $0 })
        var settings: [String: JSON] = ["eventSecret": .string(Self.secret), "currency": "LKR"]
        if writes { settings["url"] = "https://own.example/hub" }
        settings.merge(more.object ?? [:]) { $1 }
        own = try await hub.connect("custom", name: "own", config: .object(settings.filter { !$0.value.isNull }))
        north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        _ = try await hub.pull(north)
        try await world.settle(hub, rounds: 3)
        sku = try #require(world.firstSimpleSKU("north"))
    }

    /// A call of the shop's own; `at`: when it says that it happened.
    func call(_ type: String, _ data: JSON, at: Moment? = nil) -> WebhookCall {
        var members: [String: JSON] = ["eventType": .string(type), "data": data]
        members["occurredAt"] = at.map { .string($0.description) }
        return OwnScheme(secret: Secret(Self.secret)).sign(JSON.object(members).bytes, at: world.now)
    }

    /// Has the shop tell the hub of something.
    @discardableResult
    func tell(_ type: String, _ data: JSON, at: Moment? = nil) async -> Hub.Reception {
        await hub.receive(call(type, data, at: at), for: own)
    }

    /// Everything is worked off, and the other shop read.
    func catchUp() async throws {
        try await world.settle(hub, rounds: 6)
        world.pass(seconds: 61)
        _ = try await hub.pull(north)
        try await world.settle(hub, rounds: 6)
    }

    /// What the other shop shows of the product.
    var inNorth: JSON { world.ask("north", "/products", [.init("sku", sku)])[0] ?? .null }
}
