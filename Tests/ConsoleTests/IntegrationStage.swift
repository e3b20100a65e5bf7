import Commerce
import ConnectorKit
import Console
import Identity
import Ledger
import Pipeline
import Store
import Synchronization
import Telemetry
import TestStores
import Testing
import Wire

/// A console on a real hub with a store of its own, and tills to connect.
final class IntegrationStage: Sendable {
    static let start = Moment(milliseconds: 1_800_000_000_000)
    /// What seed 002 sends, for a till.
    static let good: JSON = [
        "merchantId": "default", "name": "Main Store", "type": "hybrid", "connector": "till",
        "credentials": ["endpoint": "https://till.example/api", "username": "u", "password": "s3cret-word"],
        "settings": ["syncInterval": 300_000, "warehouseCode": "MAIN"],
    ]

    let place: TestStore.Place
    let far = FarSide()
    let hub: Hub
    /// The hub's store; what a test asks it is not the hub's to answer for.
    private let store: any Store
    private let console: Console
    private let tokens: Tokens
    private let world: SmallWorld

    /// A stage; on the place of an earlier one it is the same hub after a restart, with other random numbers.
    init(_ place: TestStore.Place = TestStore.Place(), salt: UInt8 = 1) async throws {
        self.place = place
        let world = SmallWorld(salt: salt)
        self.world = world
        store = try place.open(Hub.migrations)
        hub = Hub(
            store: WatchedStore(store), connectors: [Till.self],
            surroundings: ConnectorSurroundings(
                transport: far, now: { world.now }, random: { world.random($0) }, blocking: InlineWork()),
            vault: Vault(bytes: Array(repeating: 7, count: 32)), publicURL: "https://hub.example",
            logger: Logger(label: "stage", factory: { _ in SwiftLogNoOpLogHandler() }))
        tokens = try await Tokens(key: Asking.key)
        var options = Console.Options(version: "1.2.3")
        // However busy the machine is.
        options.healthPatienceSeconds = 60
        console = try Console(hub: hub, tokens: tokens, options: options, random: { world.random($0) })
    }

    func pass(seconds: Double) { world.pass(seconds) }

    /// Ends the hub; its store stays.
    func close() async { await hub.store.close() }

    func ask(
        _ method: String, _ path: String, _ body: JSON? = nil, role: Role = .admin, headers: HTTPHeaders = [:]
    ) async throws -> HTTPResponse {
        try await ask(method, path, bytes: body?.bytes, role: role, headers: headers)
    }

    func ask(
        _ method: String, _ path: String, bytes: [UInt8]?, role: Role = .admin, headers: HTTPHeaders = [:]
    ) async throws -> HTTPResponse {
        var headers = headers
        let token = try await tokens.make(role: role, organization: "default", days: 30, now: hub.now)
        headers["Authorization"] = "Bearer \(token)"
        if bytes != nil, headers["Content-Type"] == nil { headers["Content-Type"] = "application/json" }
        let address = try #require(HTTPAddress("http://hub.example" + path))
        let request = HTTPRequest(method, address, headers: headers, body: bytes ?? [], peer: "198.51.100.7")
        let response = await console.respond(to: request)
        DocumentCheck.note(request, response)
        return response
    }

    /// Makes a till of that name and answers its id.
    func till(_ name: String = "Main Store", _ changes: JSON = [:]) async throws -> String {
        let members = (Self.good.object ?? [:]).merging(["name": .string(name)]) { $1 }
            .merging(changes.object ?? [:]) { $1 }
        let answer = try await ask("POST", "/api/integrations", .object(members))
        return try #require(answer.json["data"]?["id"]?.string, "\(answer.text)")
    }

    func count(_ sql: String) async throws -> Int {
        try await store.read { Int(try $0.rows(sql, []).first?.integer(0) ?? -1) }
    }

    /// What an integration has of records, tasks and troubles.
    func fill(_ publicID: String) async throws {
        let id = try #require(try await hub.known(publicID)).id
        let whose = "1, 9\(id)"
        try await store.write { session in
            for sql in [
                """
                INSERT INTO record (organization_id, id, kind, title, parts, created_at, updated_at)
                VALUES (\(whose)1, 'product', 'Tea', '{}', 1, 1)
                """,
                """
                INSERT INTO link (organization_id, id, record_id, integration_id, kind, role, external_id, parts)
                VALUES (\(whose)2, 9\(id)1, \(id), 'product', 'record', 'e1', '{}')
                """,
                """
                INSERT INTO conflict (organization_id, id, record_id, link_id, part, theirs, ours, opened_at)
                VALUES (\(whose)3, 9\(id)1, 9\(id)2, 'name', '"a"', '"b"', 1)
                """,
                """
                INSERT INTO rejection (organization_id, integration_id, kind, external_id, reason, first_at, last_at)
                VALUES (1, \(id), 'order', 'e2', 'no total', 1, 1)
                """,
                """
                INSERT INTO job (organization_id, id, queue, integration_id, kind, key, priority, state, is_open,
                    run_at, payload, error_class, created_at, updated_at)
                VALUES (\(whose)4, 'fetch', \(id), 'product', 'e1', 100, 'retryable', 1, 1, 'null', 'unavailable', 1,
                    1),
                (\(whose)5, 'fetch', \(id), 'order', 'e2', 100, 'dead', 0, 1, 'null', 'refused:9', 1, 1)
                """,
            ] {
                try session.run(sql, [])
            }
        }
    }
}

/// A clock that is moved by hand, and numbers that are never the same.
private final class SmallWorld: Sendable {
    private let seconds = Mutex(0.0)
    private let drawn: Mutex<UInt64>

    init(salt: UInt8) { drawn = Mutex(UInt64(salt) << 40) }

    var now: Moment { IntegrationStage.start.adding(seconds: seconds.withLock { $0 }) }

    func pass(_ more: Double) { seconds.withLock { $0 += more } }

    func random(_ count: Int) -> [UInt8] {
        let number = drawn.withLock { number in
            number += 1
            return number
        }
        return (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0 % 8))) }
    }
}

extension HTTPResponse {
    var code: String? { json["code"]?.string }
    /// The fields that are named as wrong.
    var fields: [String] { json["details"]?.array?.compactMap { $0["field"]?.string } ?? [] }
}
