import Commerce
import Foundation
import Testing

@testable import crossdock

@Suite("Commands for persons", .serialized)
struct CustomerCommandTests {
    @Test func aCustomerIsExportedLookedAtAndErased() async throws {
        var program = try Program()
        defer { program.close() }
        program.environment["CROSSDOCK_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
        let shop = try program.start(["sandbox", "woocommerce", "--port", "0", "--products", "3"])
        defer { shop.send(SIGKILL) }
        let visitor = ShopVisitor(url: "http://127.0.0.1:\(try await shop.port())")
        let settings = try program.write(visitor.settings.text, to: "shop.json")
        let connected = try await program.run(["connect", "woocommerce", "--name", "shop", "--config", settings])
        try #require(connected.status == 0, "\(connected.said)")
        #expect(try await program.run(["sync", "shop", "--direction", "pull"]).status == 0)
        let email = try #require(try await visitor.all("/customers").compactMap { $0["email"]?.string }.first)

        let file = program.path("person.json")
        let exported = try await program.run(["customer", "export", email, "--out", file])
        #expect(exported.status == 0, "\(exported.said)")
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains(email))
        let again = try await program.run(["customer", "export", email, "--out", file])
        #expect(again.status != 0, "\(again.said)")

        let plan = try await program.run(["customer", "erase", email, "--plan", "--json"])
        #expect(try JSON(parsing: plan.output)["obstacles"] == [], "\(plan.said)")
        let done = try await program.run(["customer", "erase", email])
        #expect(done.status == 0 && done.output.contains("stays: shop: customer"), "\(done.said)")
        #expect(!done.said.contains(email))
        let gone = try await program.run(["customer", "export", email])
        #expect(gone.status != 0 && gone.errors.contains("no customer is known by"), "\(gone.said)")
    }
}
