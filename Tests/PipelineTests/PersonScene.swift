import Backup
import ConnectorKit
import Foundation
import GnuCashBook
import Ledger
import Pipeline
import Sandbox
import Store
import StorePostgres
import Telemetry
import TestStores
import Testing

/// A shop in which one person buys with an account and another without, a book, and all that the hub keeps of them.
struct PersonScene: Sendable {
    static let email = "zoe.quistberg@person.example"
    static let guest = "otto.vandermolen@person.example"
    /// What is of the one who has an account.
    static let own = [
        email, "Quistberg", "+94719998877", "42 Marigold Crescent", "leave it with the dog-sitter",
    ]
    /// What is of the guest.
    static let guests = [guest, "Vandermolen"]
    static let card = "4111111111111111"

    let world: World
    let hub: Hub
    let shop: Integration
    let book: String
    /// The orders of the one with an account and of the guest, by their ids in the shop.
    let orders: [Int]

    /// `isSealed`: the hub began to seal when nothing was connected yet, as one that is new does.
    init(isSealed: Bool = true, logger: Logger = World.silence) async throws {
        world = try World()
        world.openShop("north", products: 6, customers: 0)
        orders = Self.buy(in: world)
        hub = try world.hub(logger: logger)
        if isSealed { try await hub.checkKey() }
        book = try world.makeBook()
        shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let books = try await hub.connect("gnucash", name: "books", config: World.bookSettings(book))
        _ = try await hub.pull(books)
        _ = try await hub.pull(shop)
        try await world.settle(hub)
    }

    /// One buys with an account and one without; their orders in the shop.
    static func buy(in world: World) -> [Int] {
        let sku = world.firstSimpleSKU("north") ?? ""
        return world.inShop("north") { shop, now in
            let address: JSON = [
                "first_name": "Zoe", "last_name": "Quistberg", "address_1": "42 Marigold Crescent", "city": "Galle",
                "country": "LK", "phone": "+94719998877", "email": .string(email),
            ]
            shop.registerCustomer(
                email: email, ["first_name": "Zoe", "last_name": "Quistberg", "billing": address], at: now)
            let cart = [WooCommerceSandbox.CartItem(sku: sku, quantity: 1)]
            let one = shop.placeOrder(
                cart,
                .init(email: email, paymentMethod: "card", note: "leave it with the dog-sitter, card \(card)"), at: now)
            let other = shop.placeOrder(
                cart, .init(email: guest, name: "Otto Vandermolen", paymentMethod: "card"), at: now)
            return [one, other].compactMap(\.self)
        } ?? []
    }

    /// The shop calls about an order.
    func call(_ order: Int, delivery: String) async throws {
        let body = Array(world.ask("north", "/orders/\(order)").text.utf8)
        let key = Array("sandbox-webhook-secret".utf8)
        let call = WebhookCall(
            headers: [
                "Content-Type": "application/json", "X-WC-Webhook-ID": "7", "X-WC-Webhook-Delivery-ID": delivery,
                "X-WC-Webhook-Topic": "order.updated",
                "X-WC-Webhook-Signature": Signature.base64(Signature.hmacSHA256(body, key: key)),
            ], body: body)
        guard case .stored = await hub.receive(call, at: shop.publicID) else {
            Issue.record("the call was not stored")
            return
        }
    }

    // MARK: Searching

    /// Where any of these texts stands: in a table, in a file of the store or in a backup made now; as it is, in hex or
    /// in base64.
    func traces(of texts: [String]) async throws -> [String] {
        let needles = texts.flatMap(Self.forms)
        var found: [String] = []
        for (place, bytes) in try await everything() {
            for needle in needles where bytes.range(of: needle.bytes) != nil {
                found.append("\(needle.name) in \(place)")
            }
        }
        return found
    }

    /// None of these texts stands anywhere.
    func expectNone(of texts: [String]) async throws {
        let found = try await traces(of: texts)
        #expect(found == [])
    }

    private func everything() async throws -> [(String, Data)] {
        let store = try world.place.open(Hub.migrations)
        let dialect = store.dialect
        var all = try await store.read { session -> [(String, Data)] in
            try TableShape.all(session, dialect).map { shape in
                var bytes = Data()
                try shape.eachPage(session) { rows in
                    for value in rows.flatMap(\.values) {
                        switch value {
                        case .text(let text): bytes += Data(text.utf8) + [0]
                        case .blob(let blob): bytes += Data(blob) + [0]
                        default: break
                        }
                    }
                }
                return ("the table \(shape.name)", bytes)
            }
        }
        let backup = Backup(world.folder + "/\(UUID().uuidString).backup")
        _ = try await backup.make(of: store, version: "1", now: world.now, random: { [UInt8](repeating: 7, count: $0) })
        await store.close()
        all.append(("a backup", try Data(contentsOf: URL(filePath: backup.path))))
        guard !world.place.isPostgres else { return all }
        for end in ["", "-wal"] {
            let path = world.place.url + end
            if let bytes = FileManager.default.contents(atPath: path) { all.append(("the file\(end)", bytes)) }
        }
        return all
    }

    /// Where any of these texts stands in the files of the server's tables, once these were made anew.
    func tracesInFiles(of texts: [String]) async throws -> [String] {
        let tables = """
            SELECT CAST(oid AS bigint), CAST(oid::regclass AS text) FROM pg_class
            WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r'
            """
        _ = try await hub.store.tidy(isThorough: true)
        try PostgresStore.run("CHECKPOINT", at: try PostgresAddress(world.place.url))
        let store = try world.place.open(Hub.migrations)
        let needles = texts.flatMap(Self.forms)
        let files = try await store.read { session in
            try session.rows(tables, []).map { row in
                let file = try session.rows(
                    "SELECT pg_read_binary_file(pg_relation_filepath(CAST(?1 AS oid)))", [.integer(row.integer(0))])
                return (row.text(1), Data(file.first?.blob(0) ?? []))
            }
        }
        await store.close()
        return files.flatMap { name, bytes in
            needles.filter { bytes.range(of: $0.bytes) != nil }.map { "\($0.name) in the file of \(name)" }
        }
    }

    /// Which of these texts stand in the log of the server, in whatever form; nil where it is elsewhere than
    /// `scripts/postgres` has it.
    func tracesInServerLog(of texts: [String]) async throws -> [String]? {
        let store = try world.place.open(Hub.migrations)
        let row = try await store.read {
            try $0.rows(
                """
                SELECT pg_read_binary_file(current_setting('data_directory') || '/../log', 0, 1000000000, true)
                """, [])
        }.first
        await store.close()
        let log = Data(row?.blob(0) ?? [])
        guard log.range(of: Data("ready to accept connections".utf8)) != nil else { return nil }
        return texts.flatMap(Self.forms).filter { log.range(of: $0.bytes) != nil }.map(\.name)
    }

    /// A text as it is, in lower case, in hex, and in base64 wherever it begins.
    private static func forms(_ text: String) -> [(name: String, bytes: Data)] {
        let bytes = Array(text.utf8)
        let base64 = (0..<3).map { shift -> (String, Data) in
            let coded = Signature.base64([UInt8](repeating: 0, count: shift) + bytes)
            // The ends share their letters with what stands beside them.
            return ("\(text) in base64", Data(coded.utf8.dropFirst(shift == 0 ? 0 : 4).dropLast(4)))
        }
        return [
            (text, Data(bytes)), (text.lowercased(), Data(text.lowercased().utf8)),
            ("\(text) in hex", Data(Signature.hex(bytes).utf8)),
        ] + base64
    }
}
