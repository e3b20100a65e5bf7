import Ledger
import Notices
import Pipeline
import Queue
import Sandbox
import Testing

@Suite("Who is told that a customer was erased")
struct ErasureNewsTests {
    /// Somebody bought with an account, and those who listen heard of it.
    private func stage(_ listeners: [[String]]) async throws -> (NoticeWorld, [ListenerView]) {
        let stage = try await NoticeWorld(isSealed: true)
        var views: [ListenerView] = []
        for (number, events) in listeners.enumerated() {
            views.append(try await stage.register(events, ["name": .string("hears \(number)")]))
        }
        _ = PersonScene.buy(in: stage.world)
        stage.pass(60)
        _ = try await stage.hub.pull(stage.shop)
        try await stage.world.settle(stage.hub)
        try await stage.tell()
        stage.receiver.forget()
        return (stage, views)
    }

    @Test func whoAskedForItIsToldOnceOfEachRecordThatNamedHim() async throws {
        let (stage, views) = try await stage([["customer.*", "order.*"], ["customer.updated"], ["product.*"]])

        let done = try await stage.hub.eraseCustomer(PersonScene.email)
        try await stage.tell()
        _ = try await stage.hub.eraseCustomer(String(done.customer))
        try await stage.tell()

        #expect(stage.receiver.events.sorted() == ["customer.erased", "order.erased"])
        let customer = try #require(stage.receiver.told.first { $0["type"] == "customer.erased" })
        #expect(customer["data"]?["id"] == .integer(done.customer) && customer["data"]?["changed"] == [])
        #expect(customer["data"]?["externalIds"]?["north"]?.string?.isEmpty == false)
        let bodies = stage.receiver.told.map(\.text).joined()
        for value in PersonScene.own { #expect(!bodies.contains(value), "\(value)") }
        #expect(try await stage.log(views[0]).prefix(2).allSatisfy { $0.notice.state == .delivered })
    }

    @Test func whatHeardOfHimIsNamedAndWhetherItIsTold() async throws {
        let (stage, views) = try await stage([["customer.*"], ["inventory.updated"], ["*"], ["order.cancelled"], ["*"]])
        let last = views[4].listener.publicID
        #expect(try await stage.hub.disable(listener: last, reason: "nobody heard", by: .hub))

        let plan = try await stage.hub.erasure(of: PersonScene.email)

        let named = plan.stays.filter { $0.hasPrefix("webhook ") }
        #expect(named.map { $0.prefix { $0 != ":" } } == [0, 2, 3, 4].map { "webhook hears \($0)" })
        #expect(
            named.map { $0.hasSuffix("it is told that he was erased, and must see to it") } == [
                true, true, false, false,
            ])
        #expect(named[2].hasSuffix("it is not told that he was erased; erase him there, too"))
    }

    /// A new order of his is a new matter, and so is what is told of it.
    @Test func whatIsErasedLaterIsToldAlone() async throws {
        let (stage, _) = try await stage([["*"]])
        let id = String(try await stage.hub.eraseCustomer(PersonScene.email).customer)
        _ = stage.world.inShop("north") { shop, now in
            shop.placeOrder(
                [WooCommerceSandbox.CartItem(sku: stage.sku, quantity: 1)],
                .init(email: PersonScene.email, paymentMethod: "card"), at: now)
        }
        stage.pass(60)
        _ = try await stage.hub.pull(stage.shop)
        try await stage.world.settle(stage.hub)
        try await stage.tell()
        stage.receiver.forget()

        _ = try await stage.hub.eraseCustomer(id)
        try await stage.tell()

        #expect(stage.receiver.events.filter { $0.hasSuffix(".erased") } == ["order.erased"])
    }
}
