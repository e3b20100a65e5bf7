import ConnectorKit
import Ledger
import Pipeline
import Queue
import Testing
import Wire

/// What is told of an integration as a whole, to everybody and by mail, names nobody.
@Suite("Persons in what far sides say")
struct NamelessTests {
    /// A shop that takes no customer, and names in its answer who it was told of.
    private struct Grumbler: Transport {
        let base: any Transport

        func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
            guard request.method != "GET", request.address.host.hasPrefix("south"),
                request.address.path.contains("/customers")
            else { return try await base.send(request) }
            let words: JSON = ["code": "broken", "message": "Zoe Quistberg, zoe.q@person.example: cannot be saved"]
            return HTTPResponse(status: 500, headers: ["Content-Type": "application/json"], body: words.bytes)
        }
    }

    @Test func whyCallsOfAnIntegrationRestNamesNobody() async throws {
        let world = try World()
        world.openShop("north", products: 1, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        _ = world.inShop("north") { shop, now in
            shop.registerCustomer(
                email: "zoe.q@person.example", ["first_name": "Zoe", "last_name": "Quistberg"], at: now)
        }
        let hub = try world.hub(through: { Grumbler(base: $0) })
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hub.pull(north)
        _ = try await hub.pull(south)
        try await world.settle(hub, rounds: 1)

        let side = try #require(try await hub.overview().integrations.first { $0.id == south.id })

        let breaker = try #require(side.breakers.first { $0.operation == "deliver customer" }?.breaker)
        let reason = try #require(breaker.reason)
        #expect(reason.contains("cannot be saved") && !reason.contains("Quistberg") && !reason.contains("zoe.q"))
        // Who looks after the task is told all of it.
        let tasks = try await hub.jobs(in: JobState.allCases).filter { $0.kind == .customer }
        #expect(tasks.contains { $0.reason?.contains("Zoe Quistberg") ?? false }, "\(tasks.map(\.reason))")
        #expect(tasks.allSatisfy { $0.told(to: .things).reason?.contains("Quistberg") != true })
    }
}
