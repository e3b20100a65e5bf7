import ConnectorKit
import Foundation
import GnuCashBook
import Testing

@testable import GnuCash

/// A small book in a folder of its own, a connector on it, and orders to book.
struct CornerShop {
    let folder: URL
    let path: String
    let form: BookForm

    static let forms = BookForm.allCases
    /// Long after any file of a test was written, so that its time is never in doubt.
    static let now = Moment(seconds: 4_000_000_000)

    init(_ form: BookForm = .xml, currency: String = "EUR") throws {
        self.form = form
        folder = FileManager.default.temporaryDirectory.appending(path: "corner-shop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: "shop.gnucash").path
        var guids = SeededGUIDs("corner shop")
        _ = try BookFile.create(path, form: form, currency: currency, using: &guids)
    }

    /// Takes the folder away.
    func close() { try? FileManager.default.removeItem(at: folder) }

    static let mapping: JSON = [
        "sales_account": "Income:Sales", "receivables_account": "Assets:Accounts Receivable",
        "shipping_account": "Income:Shipping", "fees_account": "Income:Sales", "tax_account": "Liabilities:Tax Payable",
        "rounding_account": "Expenses:Rounding", "bank_account": "Assets:Bank",
    ]

    /// The connector with these settings over the usual ones.
    func connector(_ changes: [String: JSON] = [:], mapping: JSON = mapping) throws -> Connector {
        var members: [String: JSON] = ["gnucash_file_path": .string(path), "account_mapping": mapping]
        members.merge(changes) { _, changed in changed }
        let settings = try Settings(.object(members), by: GnuCash.card.settings, of: "GnuCash")
        return try GnuCash.make(settings, Self.surroundings())
    }

    static func surroundings(now: Moment = now) -> ConnectorSurroundings {
        ConnectorSurroundings(
            transport: NoTransport(), now: { now }, random: { count in (0..<count).map { UInt8($0 % 251) } },
            blocking: InlineWork())
    }

    /// The book as it lies there now.
    var book: Book { get throws { try BookFile.open(path).book } }

    /// What an account of the book holds, in its own currency: `"107.01"`.
    func balance(_ account: String) throws -> String {
        let book = try book
        guard case .found(let found) = book.account(path: account) else { return "no account" }
        let balance = book.balances()[found.guid] ?? .zero
        guard let code = found.commodity?.code, let currency = try? Currency(code),
            let money = Money(balance, currency)
        else { return "\(balance)" }
        return money.amount
    }

    /// The invoice of an id, with what is still owed on it.
    func invoice(_ id: String) throws -> (invoice: BookInvoice, owed: Fraction)? {
        let book = try book
        guard let invoice = book.invoices.first(where: { $0.id == id }), let posting = invoice.posting else {
            return nil
        }
        var owed = Fraction.zero
        book.forEachTransaction { transaction in
            for split in transaction.splits where split.lot == posting.lot { owed = owed.adding(split.value) ?? owed }
        }
        return (invoice, owed)
    }

    /// Renames an account behind the hub's back, as somebody in GnuCash does.
    func rename(_ name: String, _ other: String) throws {
        let script = """
            import gzip, sqlite3, sys
            path, form, old, new = sys.argv[1:]
            if form == "sqlite":
                book = sqlite3.connect(path)
                book.execute("UPDATE accounts SET name = ? WHERE name = ?", (new, old))
                book.commit()
            else:
                opened = gzip.open if form == "gzip" else open
                text = opened(path, "rt", encoding="utf-8").read()
                old, new = ("<act:name>%s</act:name>" % word for word in (old, new))
                opened(path, "wt", encoding="utf-8").write(text.replace(old, new))
            """
        let result = try Engine.run(["-c", script, path, form.rawValue, name, other])
        guard result.status == 0 else { throw Unexpected(what: String(decoding: result.errors, as: UTF8.self)) }
    }

    /// Says in a database book that GnuCash has it open, as GnuCash does.
    func lockDatabase(_ isLocked: Bool) throws {
        let statement = isLocked ? "INSERT INTO gnclock VALUES ('till', 4711)" : "DELETE FROM gnclock"
        let script = "import sqlite3, sys; b = sqlite3.connect(sys.argv[1]); b.execute(sys.argv[2]); b.commit()"
        let result = try Engine.run(["-c", script, path, statement])
        guard result.status == 0 else { throw Unexpected(what: String(decoding: result.errors, as: UTF8.self)) }
    }

    /// Writes a customer and answers its GUID.
    func customer(_ reference: String = "hub/customer/1") async throws -> String {
        var parts = Parts()
        parts[CustomerPart.name] = PersonName(first: "Nimal", last: "Perera")
        parts[CustomerPart.email] = "nimal@buyer.example"
        let request = WriteRequest(
            kind: .customer, reference: reference, changes: parts, record: parts, title: "Nimal Perera")
        return try await written(connector(), .customer, request).externalID
    }

    /// Writes one request that must go.
    func written(_ connector: Connector, _ kind: RecordKind, _ request: WriteRequest) async throws -> Written {
        let result = try await result(connector, kind, request)
        guard case .written(let written) = result else { throw Unexpected(what: "\(result)") }
        return written
    }

    /// Writes one request.
    func result(_ connector: Connector, _ kind: RecordKind, _ request: WriteRequest) async throws -> WriteResult {
        let target = try #require(connector.targets[kind])
        let results = try await target.write([request])
        return try #require(results.first)
    }

    struct Unexpected: Error { var what: String }
}

/// A connector of files reaches nothing.
struct NoTransport: Transport {
    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        throw .notSent("no network in this test")
    }
}

/// An order to book: two shirts and a mug, shipped, with 19 % tax.
struct TestOrder {
    var content: OrderContent
    var state = OrderState.processing
    var payments: [Payment] = []
    var refunds: [Refund] = []
    var customer: String?

    init(_ number: String = "1002", customer: String? = nil, currency: Currency = .eur) {
        self.customer = customer
        let tax = { (cents: Int64) in [LineTax(rate: "1", amount: Money(minorUnits: cents, currency: currency))] }
        content = OrderContent(
            number: number, currency: currency, placedAt: Moment(iso: "2026-03-05T22:30:00Z") ?? CornerShop.now,
            billing: Address(name: "Nimal Perera", line1: "12 Lake Road", city: "Kandy", country: "LK"),
            lines: [
                OrderLine(
                    key: "11", name: "Shirt", sku: "S-1", item: "501", quantity: ExactDecimal(2),
                    subtotal: Money(minorUnits: 4000, currency: currency),
                    total: Money(minorUnits: 4000, currency: currency),
                    tax: Money(minorUnits: 760, currency: currency), taxes: tax(760)),
                OrderLine(
                    key: "12", name: "Mug", sku: "M-1", item: "502", quantity: ExactDecimal(1),
                    subtotal: Money(minorUnits: 1000, currency: currency),
                    total: Money(minorUnits: 1000, currency: currency),
                    tax: Money(minorUnits: 190, currency: currency), taxes: tax(190)),
            ],
            shipping: [
                OrderCharge(
                    key: "13", name: "Courier", total: Money(minorUnits: 500, currency: currency),
                    tax: Money(minorUnits: 95, currency: currency), taxes: tax(95))
            ],
            taxes: [
                OrderTax(
                    key: "1", label: "VAT", percent: ExactDecimal(19),
                    total: Money(minorUnits: 1045, currency: currency))
            ],
            taxTotal: Money(minorUnits: 1045, currency: currency), total: Money(minorUnits: 6545, currency: currency),
            paymentMethod: "card")
    }

    /// One line of one good with a tax the shop rounded line by line.
    static func lines(_ nets: [(net: Int64, tax: Int64)], total: Int64, number: String = "1003") -> TestOrder {
        var order = TestOrder(number)
        order.content.lines = nets.enumerated().map { index, line in
            OrderLine(
                key: "\(index)", name: "Thing \(index)", item: "\(600 + index)", quantity: ExactDecimal(1),
                subtotal: cents(line.net), total: cents(line.net), tax: cents(line.tax),
                taxes: [LineTax(rate: "1", amount: cents(line.tax))])
        }
        order.content.shipping = []
        order.content.taxTotal = cents(nets.map(\.tax).reduce(0, +))
        order.content.total = cents(total)
        return order
    }

    /// A payment of the whole.
    mutating func pay(_ key: String = "7", _ minorUnits: Int64? = nil) {
        payments.append(
            Payment(
                key: key, amount: minorUnits.map { Money(minorUnits: $0, currency: content.currency) } ?? content.total,
                at: Moment(iso: "2026-03-06T09:00:00Z") ?? CornerShop.now, method: "card", reference: "ch_1"))
    }

    /// One of the two shirts goes back.
    mutating func returnShirt(_ key: String = "5") {
        var line = content.lines[0]
        line.quantity = ExactDecimal(1)
        line.subtotal = cents(2000)
        line.total = cents(2000)
        line.tax = cents(380)
        line.taxes = [LineTax(rate: "1", amount: cents(380))]
        refunds.append(
            Refund(
                key: key, amount: cents(2380), at: Moment(iso: "2026-03-09T10:00:00Z") ?? CornerShop.now,
                reason: "too small", lines: [line]))
    }

    var parts: Parts {
        var parts = Parts()
        parts[OrderPart.content] = content
        parts[OrderPart.state] = state
        parts[OrderPart.payments] = payments
        parts[OrderPart.refunds] = refunds
        parts[OrderPart.customer] = customer.map { .external(.customer, $0) }
        return parts
    }

    /// The request that books it.
    func request(id: String? = nil, roles: [String: String] = [:]) -> WriteRequest {
        WriteRequest(
            kind: .order, reference: "hub/order/\(content.number)", externalID: id, changes: parts, record: parts,
            roles: roles, title: "order \(content.number)",
            issuer: .init(integration: "shop", externalID: content.number))
    }
}

/// That many cents of euro.
func cents(_ count: Int64) -> Money { Money(minorUnits: count, currency: .eur) }
