import Commerce
import Foundation
import Testing
import Wire

/// Settings that are changed by a command while a hub is at work on the same store.
@Suite("crossdock connect --replace while a hub runs", .serialized)
struct ReplaceWhileServingTests {
    /// A hub that serves a shop.
    private struct Served {
        let program: Program
        let standIn: RunningProgram
        let shop: ShopVisitor
        let hub: RunningProgram
        let url: String
        let id: String

        init() async throws {
            var program = try Program()
            program.environment["CROSSDOCK_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
            self.program = program
            standIn = try program.start(["sandbox", "woocommerce", "--port", "0", "--products", "3", "--orders", "0"])
            shop = ShopVisitor(url: "http://127.0.0.1:\(try await standIn.port())")
            let settings = try program.write(shop.settings.text, to: "shop.json")
            let answer = try await program.run(["connect", "woocommerce", "--name", "shop", "--config", settings])
            id = try #require(answer.lines.last, "\(answer.said)")
            hub = try program.start(["serve", "--port", "0", "--public-url", "https://hub.example"])
            url = "http://127.0.0.1:\(try await hub.port())"
        }

        func close() {
            hub.send(SIGKILL)
            standIn.send(SIGKILL)
            program.close()
        }

        func replace(_ changes: [String: JSON], _ more: [String] = []) async throws -> ProgramAnswer {
            let members = (shop.settings.object ?? [:]).merging(changes) { $1 }
            let file = try program.write(JSON.object(members).text, to: "new.json")
            return try await program.run(
                ["connect", "woocommerce", "--name", "shop", "--replace", "--config", file] + more)
        }

        /// What the hub answers to a call that is signed with a secret.
        func call(_ delivery: String, signedWith secret: String) async throws -> Int {
            let body: JSON = ["n": .string(delivery)]
            let signature = Signature.base64(Signature.hmacSHA256(body.bytes, key: Array(secret.utf8)))
            let headers: HTTPHeaders = [
                "X-WC-Webhook-ID": "77", "X-WC-Webhook-Delivery-ID": delivery,
                "X-WC-Webhook-Topic": "coupon.updated", "X-WC-Webhook-Signature": signature,
            ]
            return try await Web.post(url + "/webhooks/\(id)", body, headers).status
        }

        /// Waits until the hub says of the shop's webhooks what begins with these words.
        func webhooks(begin words: String) async throws -> Bool {
            let found = try await eventually(withinSeconds: 30, every: .milliseconds(200)) { () -> Bool? in
                let answer = try await program.run(["integrations", "--json"])
                let told = try JSON(parsing: answer.output)[0]?["webhooks"]?.string
                return told?.hasPrefix(words) ?? false ? true : nil
            }
            return found ?? false
        }
    }

    @Test func theHubTakesCallsSignedWithTheNewSecretAndNoMoreThoseOfTheOld() async throws {
        let served = try await Served()
        defer { served.close() }
        #expect(try await served.call("d1", signedWith: "sandbox-webhook-secret") == 200)

        let answer = try await served.replace(["webhookSecret": "another-secret"])
        #expect(answer.status == 0 && answer.lines.last == served.id, "its address stays: \(answer.said)")

        let taken = try await eventually(withinSeconds: 15) {
            try await served.call("d2", signedWith: "another-secret") == 200 ? true : nil
        }
        #expect(taken == true, "\(served.hub.errors)")
        #expect(try await served.call("d3", signedWith: "sandbox-webhook-secret") == 401)
        #expect(served.hub.isRunning)
    }

    @Test func theOldSecretIsTakenForAsLongAsItIsKept() async throws {
        let served = try await Served()
        defer { served.close() }

        #expect(try await served.replace(["webhookSecret": "another-secret"], ["--keep-secret", "1"]).status == 0)

        let taken = try await eventually(withinSeconds: 15) {
            try await served.call("d2", signedWith: "another-secret") == 200 ? true : nil
        }
        #expect(taken == true, "\(served.hub.errors)")
        #expect(try await served.call("d3", signedWith: "sandbox-webhook-secret") == 200)
        #expect(try await served.call("d4", signedWith: "a-third-secret") == 401)
    }

    /// The hub made its connector from the old settings, and must not go on with it.
    @Test func theHubCallsTheShopWithTheNewCredentialsWithoutBeingStartedAnew() async throws {
        let served = try await Served()
        defer { served.close() }
        #expect(try await served.webhooks(begin: "11 active"), "\(served.hub.errors)")

        #expect(try await served.replace(["consumerKey": "ck_wrong"]).status == 0)
        #expect(try await served.webhooks(begin: "not registered"), "\(served.hub.errors)")

        #expect(try await served.replace([:]).status == 0)
        #expect(try await served.webhooks(begin: "11 active"), "\(served.hub.errors)")
        #expect(served.hub.isRunning)
    }
}
