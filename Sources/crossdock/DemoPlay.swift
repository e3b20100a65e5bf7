import ConnectorKit
import Foundation
import GnuCashBook
import Ledger
import Pipeline
import Sandbox

/// What happens in a demo: a first sync, a living shop, faults, a conflict, and an honest comparison at the end.
struct DemoPlay: Sendable {
    let hub: Hub
    let stand: ShopStand
    let book: String
    let shopURL: String
    let page: String

    /// How long one scene may take before the demo is given up, in seconds.
    static let patienceSeconds = 90

    /// Plays all scenes. True when shop and book agree at the end.
    func run() async throws -> Bool {
        Story.say("the page: \(page)    the stand-in shop: \(shopURL)    the book: \(book)")
        let (shop, books) = try await connect()
        try await firstSync(shop, books)
        try await anOrder()
        try await aPriceEdit(shop)
        try await aLostWebhook(shop)
        try await aStorm()
        try await anEditInTheBook(books)
        try await anEditOnBothSides(shop, books)
        try await aRefund()
        return try await DemoVerdict(play: self).compare()
    }

    /// Keeps everything running until a signal comes, with an order now and then.
    func linger() async {
        Story.scene("It goes on: an order every ten seconds. Look at \(page); stop with Ctrl-C.")
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(10))
            if Task.isCancelled { return }
            if let order = await place(quantity: 1) { Story.say("order \(order) was placed") }
        }
    }

    private func connect() async throws -> (Integration, Integration) {
        Story.scene("Connecting the shop and the book")
        let settings: JSON = [
            "siteUrl": .string(shopURL), "consumerKey": "ck_sandbox", "consumerSecret": "cs_sandbox",
            "webhookSecret": "sandbox-webhook-secret", "version": "wc/v3",
        ]
        let accounts: JSON = [
            "sales_account": "Income:Sales", "receivables_account": "Assets:Accounts Receivable",
            "shipping_account": "Income:Shipping", "fees_account": "Income:Sales",
            "tax_account": "Liabilities:Tax Payable", "rounding_account": "Expenses:Rounding",
            "bank_account": "Assets:Bank",
        ]
        let shop = try await hub.connect("woocommerce", name: "shop", config: settings)
        let books = try await hub.connect(
            "gnucash", name: "books",
            config: ["gnucash_file_path": .string(book), "account_mapping": accounts, "auto_create_customers": true])
        Story.say("shop:  " + (try await hub.check(shop)))
        Story.say("books: " + (try await hub.check(books)))
        try await hub.ensureWebhooks(shop)
        Story.say("the shop now calls \(hub.webhookAddress(shop) ?? "nobody")")
        return (shop, books)
    }

    private func firstSync(_ shop: Integration, _ books: Integration) async throws {
        Story.scene("The first sync: catalogue, customers and orders")
        let bar = SharedBar()
        let counts = try await hub.pull(shop) { progress in
            bar.show(progress.kind.rawValue, progress.done, progress.total, hub.now)
            if progress.isFinished { bar.end() }
        }
        Story.say("\(counts.created) records taken, \(counts.rejected) not usable")
        let total = try await hub.openCount(for: books)
        try await wait("the book has everything") {
            try await hub.openCount(for: books) == 0
        } whileShowing: {
            let left = try await hub.openCount(for: books)
            bar.show("to the book", max(0, total - left), max(total, 1), hub.now)
        }
        bar.end()
        let open = try BookFile.open(book).book
        Story.say("the book now holds \(open.customers.count) customers and \(open.invoices.count) documents")
    }

    private func anOrder() async throws {
        Story.scene("A shopper places an order; the webhook brings it at once")
        guard let order = await place(quantity: 2) else { throw HubError("the stand-in shop refused an order") }
        try await waitForInvoice(order)
        Story.say("order \(order) is an invoice in the book")
    }

    private func aPriceEdit(_ shop: Integration) async throws {
        Story.scene("Staff change a price; the hub can say where it came from")
        let sku = await sku()
        _ = await stand.act { shop, now in shop.editPrice(sku: sku, to: "1234.50", at: now) }
        try await wait("the price arrives") {
            try await hub.explain(.product, sku, part: "price").parts.first?.value["regular"]?.string == "1234.50 LKR"
        }
        let part = try await hub.explain(.product, sku, part: "price").parts.first
        Story.say("\(sku): \(Terminal.value(part?.value)) from \(part?.origin ?? "?")")
    }

    private func aLostWebhook(_ shop: Integration) async throws {
        Story.scene("A webhook is lost on its way; the next poll finds the order all the same")
        let lost = FaultPlan(rules: [FaultRule(.loseWebhook)])
        await stand.act { shop, _ in shop.faults = lost }
        guard let order = await place(quantity: 1) else { throw HubError("the stand-in shop refused an order") }
        try await Task.sleep(for: .seconds(3))
        let isUnknown = (try? await hub.explain(.order, String(order))) == nil
        Story.say("order \(order) was placed, and the hub \(isUnknown ? "knows nothing of it" : "heard of it")")
        await stand.act { shop, _ in shop.faults = FaultPlan() }
        try await hub.pullDue(try await hub.integration(named: "shop"), all: true)
        try await waitForInvoice(order)
        Story.say("polled: order \(order) is in the book")
    }

    private func aStorm() async throws {
        Story.scene("The shop answers 503 to everything for a while; nothing is lost, and nobody is hammered")
        let storm = FaultPlan(
            rules: [FaultRule(.status(503, retryAfterSeconds: nil), prefix: "/wp-json/wc/v3/", times: 12)])
        await stand.act { shop, _ in shop.faults = storm }
        guard let order = await place(quantity: 3) else { throw HubError("the stand-in shop refused an order") }
        _ = try? await hub.pull(try await hub.integration(named: "shop"), .order)
        try await waitForInvoice(order)
        await stand.act { shop, _ in shop.faults = FaultPlan() }
        Story.say("order \(order) came through and is in the book")
    }

    private func anEditInTheBook(_ books: Integration) async throws {
        Story.scene("The bookkeeper changes a customer's phone in the book; the shop gets it")
        let email = try await DemoHands(self).changePhone("+94 11 200 3000")
        _ = try await hub.pull(try await hub.integration(named: "books"), .customer)
        try await wait("the shop has the phone") { await shopPhone(email) == "+94 11 200 3000" }
        Story.say("\(email) now has +94 11 200 3000 in the shop")
    }

    private func anEditOnBothSides(_ shop: Integration, _ books: Integration) async throws {
        Story.scene("Both change the same phone at the same time; a person decides")
        await stand.act { shop, _ in shop.faults = FaultPlan(rules: [FaultRule(.loseWebhook)]) }
        let email = try await DemoHands(self).changePhone("+94 11 444 0001")
        _ = await stand.act { shop, now in
            shop.editCustomer(email: email, ["billing": ["phone": "+94 77 555 0002"]], at: now)
        }
        _ = try await hub.pull(try await hub.integration(named: "shop"), .customer)
        _ = try await hub.pull(try await hub.integration(named: "books"), .customer)
        await stand.act { shop, _ in shop.faults = FaultPlan() }
        try await wait("the conflict is open") { try await !hub.conflicts().isEmpty }
        for conflict in try await hub.conflicts() {
            Story.say(
                "conflict \(conflict.id): \(conflict.title), \(conflict.part): \(conflict.integration) has "
                    + "\(Terminal.value(conflict.theirs)), the hub has \(Terminal.value(conflict.ours))")
            _ = try await hub.resolve(conflict: conflict.id, .theirs)
            Story.say("decided: what \(conflict.integration) has")
        }
    }

    private func aRefund() async throws {
        Story.scene("A paid order is refunded; the book gets a credit note")
        guard let order = await place(quantity: 1) else { throw HubError("the stand-in shop refused an order") }
        _ = await stand.act { shop, now in shop.complete(order: order, at: now) }
        try await waitForInvoice(order)
        _ = await stand.act { shop, now in shop.refund(order: order, reason: "came broken", at: now) }
        try await wait("the credit note is posted") {
            try BookFile.open(book).book.invoices.contains {
                $0.isCreditNote && DemoVerdict.orderNumber($0) == String(order)
            }
        }
        Story.say("order \(order) has its credit note")
    }

    // MARK: Hands and eyes

    private func place(quantity: Int) async -> Int? {
        let sku = await sku()
        return await stand.act { shop, now in
            shop.placeOrder(
                [.init(sku: sku, quantity: quantity)], .init(email: "demo@example.com", name: "Dana Demo"),
                at: now)
        }
    }

    /// A product that can be sold again and again: its stock is filled up first.
    private func sku() async -> String {
        await stand.act { shop, now in
            let sku = shop.simpleSKU(at: now) ?? ""
            _ = shop.setStock(sku: sku, to: 500, at: now)
            return sku
        }
    }

    private func shopPhone(_ email: String) async -> String? {
        await stand.act { shop, now in shop.phone(of: email, at: now) }
    }

    private func waitForInvoice(_ order: Int) async throws {
        try await wait("order \(order) is in the book") {
            try BookFile.open(book).book.invoices.contains {
                !$0.isCreditNote && DemoVerdict.orderNumber($0) == String(order)
            }
        }
    }

    func wait(
        _ what: String, until isSo: () async throws -> Bool, whileShowing show: () async throws -> Void = {}
    ) async throws {
        for _ in 0..<Self.patienceSeconds * 4 {
            try await show()
            if try await isSo() { return }
            try await Task.sleep(for: .milliseconds(250))
        }
        throw HubError("waited \(Self.patienceSeconds) s, and it did not come to pass that \(what)")
    }
}
