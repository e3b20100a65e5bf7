import Commerce
import ConnectorKit
import Foundation
import Pipeline
import Sandbox
import Store
import StorePostgres
import Telemetry
import Wire
import WireHTTP

/// A hub in a fresh folder, with nothing taken from the environment.
enum BenchHub {
    static func make(
        _ folder: String, _ transport: any Transport, connectors: [any ConnectorType.Type] = Registry.connectors,
        store address: String? = nil
    ) throws -> Hub {
        // One process may open two hubs one after the other, and the place of log lines is chosen once.
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        return Hub(
            store: try store(folder, address),
            connectors: connectors, surroundings: surroundings(transport), vault: Vault(bytes: key),
            logger: logger)
    }

    private static func store(_ folder: String, _ address: String?) throws -> any Store {
        if let address { return try PostgresStore(PostgresAddress(address), migrations: Hub.migrations) }
        return try SQLiteStore(path: BenchFolder.fresh(folder) + "/crossdock.sqlite", migrations: Hub.migrations)
    }

    static func surroundings(_ transport: any Transport) -> ConnectorSurroundings {
        ConnectorSurroundings(
            transport: transport, now: OpenHub.systemNow, random: OpenHub.systemRandom,
            blocking: BlockingThreads(count: OpenHub.blockingThreads))
    }

    /// A key that guards nothing: the stores of a benchmark hold no one's secrets.
    static let key = [UInt8](repeating: 7, count: 32)
    static let webhookSecret = "sandbox-webhook-secret"

    static func shopSettings(_ url: String) -> JSON {
        [
            "siteUrl": .string(url), "consumerKey": "ck_sandbox", "consumerSecret": "cs_sandbox",
            "webhookSecret": .string(webhookSecret), "version": "wc/v3",
        ]
    }

    static func bookSettings(_ path: String) -> JSON {
        [
            "gnucash_file_path": .string(path), "auto_create_customers": true,
            "account_mapping": [
                "sales_account": "Income:Sales", "receivables_account": "Assets:Accounts Receivable",
                "shipping_account": "Income:Shipping", "fees_account": "Income:Sales",
                "tax_account": "Liabilities:Tax Payable", "rounding_account": "Expenses:Rounding",
                "bank_account": "Assets:Bank",
            ],
        ]
    }
}

extension Hub {
    /// One number of a query on the store.
    func number(_ sql: String) async throws -> Int64 {
        try await store.read { try $0.rows(sql, []).first?.integer(0) ?? 0 }
    }

    /// How many lines the change log has ever had.
    func changeCount() async throws -> Int64 { try await number("SELECT count(*) FROM change") }

    /// When links were last written, added up: it moves when any link is written.
    func linkStamp() async throws -> Int64 { try await number("SELECT coalesce(sum(seen_at), 0) FROM link") }
}

/// Stand-in shops in this process, reached without a socket.
struct BenchShops: Transport {
    let shops: [String: BenchShop]

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        guard let shop = shops[request.address.host] else {
            throw .notSent("there is no shop at \(request.address.host)")
        }
        return await shop.answer(request)
    }
}

/// A stand-in shop that counts what is written to it.
actor BenchShop {
    private var shop: WooCommerceSandbox
    private(set) var writes = 0

    init(_ shop: WooCommerceSandbox) { self.shop = shop }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        if request.method != "GET" { writes += 1 }
        return shop.respond(to: request, at: OpenHub.systemNow(), isTLS: true).response ?? HTTPResponse(status: 504)
    }
}
