import ConnectorKit
import Foundation
import GnuCash
import GnuCashBook
import Identity
import Ledger
import Pipeline
import Sandbox
import Store
import Synchronization
import Telemetry
import TestStores
import WooCommerce

/// A death of the process, at a chosen step: nobody may catch it and go on.
struct Death: Error {}

/// A small world in one thread: a hub on a real store, stand-in shops, a book, and a clock moved by hand.
final class World: Sendable {
    let folder: String
    let place = TestStore.Place()
    let shops: Mutex<[String: WooCommerceSandbox]>
    private let time: Mutex<Moment>
    private let chance: Mutex<UInt64>
    /// How many more calls and steps are let through; nil for all.
    private let left = Mutex<Int?>(nil)
    /// The calls that reached a shop and could change something.
    let writes = Mutex<[String]>([])
    /// What every answer of the shops says beside its own headers.
    let headers = Mutex<[String: String]>([:])
    /// The calls whose answer never came.
    let unanswered = Mutex<[HTTPRequest]>([])
    /// What happens right before a write reaches a shop: somebody there is a moment faster. Once, then it is forgotten.
    let beforeWrite = Mutex<(@Sendable (World, String) -> Void)?>(nil)

    /// Nobody hears what a hub logs.
    static let silence = Logger(label: "world", factory: { _ in SwiftLogNoOpLogHandler() })
    static let start = Moment(iso: "2026-03-02T09:00:00Z") ?? Moment(milliseconds: 0)

    init(seed: UInt64 = 7) throws {
        folder = NSTemporaryDirectory() + "crossdock-world-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        shops = Mutex([:])
        time = Mutex(Self.start)
        chance = Mutex(seed)
    }

    deinit {
        place.remove()
        try? FileManager.default.removeItem(atPath: folder)
    }

    var now: Moment { time.withLock { $0 } }

    func pass(seconds: Double) { time.withLock { $0 = $0.adding(seconds: seconds) } }

    /// A shop of that name, at `http://NAME.example`.
    func openShop(
        _ name: String, products: Int, customers: Int = 4, orders: Int = 0, seed: UInt64 = 11, currency: Currency = .lkr
    ) {
        var options = SandboxOptions(siteURL: "http://\(name).example", currency: currency, seed: seed)
        options.deliversWithoutTraffic = true
        let shop = WooCommerceSandbox.filled(
            seed: seed, products: products, customers: customers, orders: orders, now: now, options: options)
        shops.withLock { $0[name] = shop }
    }

    /// Something done in a shop by its shoppers or its staff.
    func inShop<Value>(_ name: String, _ action: (inout WooCommerceSandbox, Moment) -> Value) -> Value? {
        let now = now
        return shops.withLock { shops in
            guard var shop = shops[name] else { return nil }
            let value = action(&shop, now)
            shops[name] = shop
            return value
        }
    }

    /// What a shop itself shows, without a visit.
    func ask(_ name: String, _ path: String, _ query: [HTTPAddress.QueryItem] = []) -> JSON {
        inShop(name) { shop, now in shop.read(path, query, at: now) ?? .null } ?? .null
    }

    func makeBook(_ form: BookForm = .xml) throws -> String {
        let path = folder + "/books.gnucash"
        var chance = SeededGUIDs("world")
        _ = try BookFile.create(path, form: form, currency: "LKR", using: &chance)
        return path
    }

    /// A hub on the world's store; a second one is the same hub after a restart.
    func hub(
        through way: (WorldTransport) -> any Transport = { $0 }, key: UInt8 = 7, clock: (any Clock<Duration>)? = nil,
        connectors: [any ConnectorType.Type] = [], masters: (@Sendable () throws -> [[UInt8]])? = nil,
        publicURL: String? = "https://hub.example", logger: Logger = World.silence, reach: HubReach = .unknown
    ) throws -> Hub {
        let store = try place.open(Hub.migrations)
        let surroundings = ConnectorSurroundings(
            transport: way(WorldTransport(world: self)), now: { self.now }, random: { self.random($0) },
            blocking: InlineWork())
        return Hub(
            store: MortalStore(store: WatchedStore(store), world: self),
            connectors: [WooCommerce.self, GnuCash.self] + connectors,
            surroundings: surroundings, vault: Vault(bytes: Array(repeating: key, count: 32)),
            masters: masters,
            publicURL: publicURL,
            logger: logger,
            clock: clock ?? PassingClock(world: self),
            passwordCost: PasswordCost(exponent: 10, block: 1, lanes: 1), reach: reach)
    }

    private func random(_ count: Int) -> [UInt8] {
        chance.withLock { state in
            (0..<count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 56)
            }
        }
    }

    // MARK: Dying

    /// Lets that many more calls and steps through; then the process is dead.
    func live(for steps: Int?) { left.withLock { $0 = steps } }

    /// Counts one call or step.
    ///
    /// - Throws: `Death` once none is left.
    func step() throws {
        let isDead = left.withLock { left in
            guard let count = left else { return false }
            left = max(0, count - 1)
            return count == 0
        }
        if isDead { throw Death() }
    }
}

/// The way from the hub to the world's shops. Answers without suspending.
struct WorldTransport: Transport {
    let world: World

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        // Dying before the call or after its effect: the two instants that matter.
        do { try world.step() } catch { throw .notSent("the process is dead") }
        let name = String(request.address.host.prefix { $0 != "." })
        if request.method != "GET" {
            world.writes.withLock { $0.append("\(request.method) \(request.address.path)") }
            let interlude = world.beforeWrite.withLock { interlude in
                defer { interlude = nil }
                return interlude
            }
            interlude?(world, name)
        }
        let answer = world.inShop(name) { shop, now in shop.respond(to: request, at: now) }
        guard let answer else { throw .notSent("no such host: \(request.address.host)") }
        do { try world.step() } catch { throw .noAnswer("the process is dead") }
        guard var response = answer.response else {
            world.unanswered.withLock { $0.append(request) }
            throw .noAnswer("connection cut")
        }
        for (name, value) in world.headers.withLock({ $0 }) { response.headers[name] = value }
        return response
    }
}

/// A store that dies with its process, before or after a commit.
struct MortalStore: Store {
    let store: any Store
    let world: World

    func write<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try world.step()
        let value = try await store.write(priority, step)
        try world.step()
        return value
    }

    func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await store.read(query)
    }

    func of(_ organization: Int64) -> any Store { MortalStore(store: store.of(organization), world: world) }

    var isShared: Bool { store.isShared }

    func listen(_ wake: @escaping @Sendable () -> Void) { store.listen(wake) }

    var dialect: StoreDialect { store.dialect }

    func vitals(now: @escaping @Sendable () -> Moment) async throws -> StoreVitals {
        try await store.vitals(now: now)
    }

    func slice(_ table: TimeSlices, now: Moment, keepFrom: Moment?) async throws -> [String] {
        try await store.slice(table, now: now, keepFrom: keepFrom)
    }

    func tidy(isThorough: Bool) async throws -> [String] { try await store.tidy(isThorough: isThorough) }

    func close() async { await store.close() }
}

extension World {
    static func shopSettings(_ name: String) -> JSON {
        [
            "siteUrl": .string("http://\(name).example"), "consumerKey": "ck_sandbox", "consumerSecret": "cs_sandbox",
            "webhookSecret": "sandbox-webhook-secret",
        ]
    }

    static func bookSettings(_ path: String) -> JSON {
        [
            "gnucash_file_path": .string(path),
            "account_mapping": [
                "sales_account": "Income:Sales", "receivables_account": "Assets:Accounts Receivable",
                "shipping_account": "Income:Shipping", "fees_account": "Income:Sales",
                "tax_account": "Liabilities:Tax Payable", "rounding_account": "Expenses:Rounding",
                "bank_account": "Assets:Bank",
            ],
        ]
    }

    /// Everything that is due is done, time passing where work waits for it.
    func settle(_ hub: Hub, rounds: Int = 12) async throws {
        for _ in 0..<rounds {
            try await hub.rescue()
            try await hub.drain()
            pass(seconds: 20)
        }
    }

    /// Does to the hub's tables what no hub does.
    func damage(_ hub: Hub, _ sql: String, _ values: [SQLValue] = []) async throws {
        _ = try await unwatched(hub).write { try $0.run(sql, values) }
    }

    private func unwatched(_ hub: Hub) -> any Store {
        let base = (hub.store as? SealingStore)?.base
        return ((base as? MortalStore)?.store as? WatchedStore)?.unwatched ?? hub.store
    }

    /// The hub's tables, for what no report says.
    func count(_ hub: Hub, _ sql: String) async throws -> Int {
        try await unwatched(hub).read { Int(try $0.rows(sql, []).first?.integer(0) ?? 0) }
    }
}
