import Commerce
import Foundation
import Synchronization
import Testing
import Wire
import WireHTTP

@testable import crossdock

/// A shop, the hub as it is shipped, and a real receiver: what changes in the shop arrives there, signed.
@Suite("crossdock serve: webhooks to others", .serialized)
struct WebhookReceiverTests {
    static let secret = "your_webhook_secret"

    /// HMAC-SHA256 by OpenSSL, in hexadecimal.
    private func hmac(_ bytes: [UInt8], _ program: Program) async throws -> String {
        let path = program.path("signed-\(UUID().uuidString)")
        try Data(bytes).write(to: URL(filePath: path))
        let openssl = try RunningProgram(
            "/usr/bin/openssl", ["dgst", "-sha256", "-hmac", Self.secret, "-r", path],
            environment: program.environment, folder: program.folder)
        #expect(try await openssl.ended(withinSeconds: 20) == 0, "\(openssl.errors)")
        return String(openssl.output.prefix { $0 != " " })
    }

    @Test func whatChangesIsToldAndOpenSSLFindsTheSignatureRight() async throws {
        let program = try Program()
        defer { program.close() }
        let calls = ReceivedCalls()
        let receiver = HTTPServer(host: "127.0.0.1", port: 0) { request in
            let count = calls.add(request)
            // The first call of all fails, and is repeated five seconds later.
            return HTTPResponse(status: count == 1 ? 503 : 200)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await receiver.run() }
            group.addTask {
                defer { receiver.shutdown() }
                let port = try #require(await receiver.port)
                try await drive(program, port)
                let told = try await eventually(withinSeconds: 60) { () -> [HTTPRequest]? in
                    calls.all.count >= 2 ? calls.all : nil
                }
                try await check(try #require(told), program)
            }
            try await group.waitForAll()
        }
    }

    private func drive(_ program: Program, _ port: Int) async throws {
        let allowed = ["CROSSDOCK_ALLOW_PRIVATE_HOSTS": "127.0.0.1"]
        let stand = try program.start(["sandbox", "woocommerce", "--port", "0", "--products", "6", "--orders", "0"])
        defer { stand.send(SIGKILL) }
        let shop = ShopVisitor(url: "http://127.0.0.1:\(try await stand.port())")
        let config = try program.write(shop.settings.text, to: "shop.json")
        let key = try program.write(Self.secret + "\n", to: "secret.txt")
        _ = try await program.run(
            ["connect", "woocommerce", "--name", "shop", "--config", config], environment: allowed)
        let synced = try await program.run(["sync", "shop"], environment: allowed)
        #expect(synced.status == 0, "\(synced.said)")

        let url = "http://127.0.0.1:\(port)/hook"
        let refused = try await program.run(["webhooks", "add", url, "--event", "product.*"])
        #expect(refused.status == 2 && refused.errors.contains("https://"), "\(refused.said)")
        let added = try await program.run(
            [
                "webhooks", "add", url, "--event", "inventory.changed", "--secret-file", key, "--header",
                "Authorization=Bearer hidden-token",
            ], environment: allowed)
        #expect(added.status == 0, "\(added.said)")
        let id = try #require(added.lines.last)

        let hub = try program.start(["serve", "--port", "0"], environment: allowed)
        defer { hub.send(SIGKILL) }
        _ = try await hub.port()
        let sku = try #require(try await shop.skus().first)
        try await shop.act("stock", ["sku": .string(sku), "quantity": 61])
        let pulled = try await program.run(["sync", "shop"], environment: allowed)
        #expect(pulled.status == 0, "\(pulled.said)")
        let delivered = try await eventually(withinSeconds: 60) { () -> String? in
            let log = try await program.run(["webhooks", "log", id, "--json"], environment: allowed)
            return log.output.contains("\"status\":\"delivered\"") ? log.said : nil
        }
        let said = try #require(delivered, "\(hub.errors)")
        #expect(!said.contains("hidden-token") && !said.contains(Self.secret))
        #expect(said.contains("status 503"))
    }

    private func check(_ told: [HTTPRequest], _ program: Program) async throws {
        #expect(Set(told.prefix(2).map { $0.headers["webhook-id"] }).count == 1, "a repeat has the id of the first")
        let call = told[1]
        #expect(call.headers["Authorization"] == "Bearer hidden-token")
        #expect(try JSON(parsing: call.body)["type"] == "inventory.changed")
        let plain = try await hmac(call.body, program)
        #expect(call.headers["X-Webhook-Signature"] == "sha256=\(plain)")
        let id = try #require(call.headers["webhook-id"])
        let time = try #require(call.headers["webhook-timestamp"])
        let standard = try await hmac(Array("\(id).\(time).".utf8) + call.body, program)
        let bytes = try #require(Signature.bytes(hex: standard))
        #expect(call.headers["webhook-signature"] == "v1,\(Signature.base64(bytes))")
    }
}

/// The calls that came, in their order.
private final class ReceivedCalls: Sendable {
    private let list = Mutex<[HTTPRequest]>([])

    var all: [HTTPRequest] { list.withLock { $0 } }

    /// Writes one down and says how many there are.
    func add(_ request: HTTPRequest) -> Int {
        list.withLock { list in
            list.append(request)
            return list.count
        }
    }
}
