import Commerce
import ConnectorKit
import Ledger
import Notices
import Pipeline
import Synchronization
import Testing

/// Somebody who is told: an address that writes down each call and answers as it is told to.
final class Receiver: Transport {
    struct State {
        var calls: [HTTPRequest] = []
        /// What is answered next; 200 when nothing is said.
        var answers: [HTTPResponse?] = []
        /// What is answered to calls that hold a text, always.
        var refused: [String: Int] = [:]
    }

    static let url = "https://erp.example/hook?key=hidden-in-the-address"
    static let secret = "your_webhook_secret"
    let state = Mutex(State())
    private let way: any Transport

    init(_ way: any Transport) { self.way = way }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        guard request.address.host == "erp.example" else { return try await way.send(request) }
        let answer = state.withLock { state -> HTTPResponse? in
            state.calls.append(request)
            let text = String(decoding: request.body, as: UTF8.self)
            if let refused = state.refused.first(where: { text.contains($0.key) }) {
                return HTTPResponse(status: refused.value)
            }
            return state.answers.isEmpty ? HTTPResponse(status: 200) : state.answers.removeFirst()
        }
        guard let answer else { throw .noAnswer("the line is cut") }
        return answer
    }

    var calls: [HTTPRequest] { state.withLock { $0.calls } }
    var told: [JSON] { calls.map { (try? JSON(parsing: $0.body)) ?? .null } }
    var events: [String] { told.compactMap { $0["type"]?.string } }

    func answer(_ statuses: Int..., headers: HTTPHeaders = [:]) {
        state.withLock { $0.answers += statuses.map { HTTPResponse(status: $0, headers: headers) } }
    }

    func forget() { state.withLock { $0.calls = [] } }
}

/// A shop, a hub, and somebody who is told.
struct NoticeWorld {
    let world: World
    let hub: Hub
    let receiver: Receiver
    let shop: Integration
    let sku: String

    /// A shop of some goods that the hub has read; `isSealed`: it seals the values of persons.
    init(products: Int = 6, orders: Int = 0, isSealed: Bool = false) async throws {
        world = try World()
        let world = world
        world.openShop("north", products: products, customers: 2, orders: orders)
        let made = Mutex<Receiver?>(nil)
        hub = try world.hub(through: { transport in
            let receiver = Receiver(transport)
            made.withLock { $0 = receiver }
            return receiver
        })
        receiver = try #require(made.withLock { $0 })
        if isSealed { try await hub.checkKey() }
        shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        _ = try await hub.pull(shop)
        try await world.settle(hub, rounds: 3)
        sku = try #require(world.firstSimpleSKU("north"))
    }

    /// Registers the receiver.
    func register(_ events: [String] = ["product.*"], _ more: JSON = [:], at place: String? = nil) async throws
        -> ListenerView
    {
        let members: [String: JSON] = [
            "url": .string(Receiver.url), "events": .array(events.map(JSON.string)), "name": "ERP",
            "secret": .string(Receiver.secret),
        ]
        let wish = try ListenerWish(.object(members.merging(more.object ?? [:]) { $1 }))
        return try #require(try await hub.register(wish, at: place, by: .hub))
    }

    /// Gives a product another price in the shop, and has the hub read it.
    func edit(_ price: String, sku other: String? = nil) async throws {
        let sku = other ?? sku
        world.pass(seconds: 300)
        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: price, at: now) }
        world.pass(seconds: 60)
        _ = try await hub.pull(shop)
    }

    /// Has everything told that is due now.
    func tell() async throws {
        while try await hub.relay() {}
        try await hub.drain()
    }

    func pass(_ seconds: Double) { world.pass(seconds: seconds) }

    func log(_ view: ListenerView) async throws -> [NoticeReport] {
        try await hub.noticeLog(listener: view.listener.publicID, in: NoticeState.allCases, limit: 50) ?? []
    }

    func view(_ view: ListenerView) async throws -> ListenerView {
        try #require(try await hub.listenerView(view.listener.publicID))
    }
}
