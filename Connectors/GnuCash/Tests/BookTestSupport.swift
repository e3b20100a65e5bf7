import Foundation
import TestPrograms
import Testing

@testable import GnuCashBook

/// Files recorded from the real GnuCash, which lie beside the package and are not part of it.
enum Contracts {
    static let folder: String = {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        let root = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.appendingPathComponent("../shared").standardizedFileURL.path
    }()

    static var areThere: Bool { FileManager.default.fileExists(atPath: folder + "/contracts/gnucash/SOURCE.md") }

    static func path(_ name: String) -> String { "\(folder)/contracts/gnucash/\(name)" }

    static func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }

    /// Each form of the recorded book with what the engine says of it.
    static let samples: [(book: String, truth: String)] = ["plain", "gzip", "sqlite"].map {
        ("sample-\($0).gnucash", "sample-\($0).json")
    }
}

/// The real GnuCash, where it is installed with its Python bindings.
enum Engine {
    static let tool = Contracts.folder + "/tools/gnucash_verify.py"

    static let isThere: Bool = {
        guard FileManager.default.fileExists(atPath: tool) else { return false }
        return (try? run(["-c", "import gnucash"]).status) == 0
    }()

    /// What the engine says of a book; a book it refuses, complains about or finds fault with fails the test.
    static func read(_ path: String) throws -> EngineBook {
        let result = try run([tool, path, "--scrub"])
        let said = "\(path): " + String(decoding: result.errors, as: UTF8.self)
        try #require(result.status == 0, Comment(rawValue: said))
        return try JSONDecoder().decode(EngineBook.self, from: result.output)
    }

    static func run(_ arguments: [String]) throws -> (status: Int32, output: Data, errors: Data) {
        let run = try ProgramRun(
            "/usr/bin/python3", arguments,
            environment: ["TZ": "UTC", "PATH": "/usr/bin:/bin", "HOME": NSTemporaryDirectory(), "LANG": "C.UTF-8"])
        return (run.status, Data(run.output), Data(run.errors))
    }
}

/// What a book holds, in the words of the engine, so that it and our reader can be compared.
struct EngineBook: Codable, Equatable {
    var accounts: [Account]
    var transactions: [Transaction]
    var customers: [Customer]
    var invoices: [Invoice]

    struct Account: Codable, Equatable {
        var guid, full_name, name, type, code, description, notes, balance: String
        var commodity: String?
        var scu, splits: Int
        var placeholder, hidden: Bool
    }

    struct Split: Codable, Equatable {
        var guid, value, amount, memo, action, reconcile: String
        var account: String?
        var in_lot: Bool
    }

    struct Transaction: Codable, Equatable {
        var guid, post_date, num, description, notes, doc_link, type, read_only_reason: String
        var currency: String?
        var splits: [Split]
    }

    struct Address: Codable, Equatable {
        var name, phone, fax, email: String
        var lines: [String]
    }

    struct Customer: Codable, Equatable {
        var guid, id, name, notes, discount, credit: String
        var currency, tax_table: String?
        var active, tax_table_override: Bool
        var addr, ship_addr: Address
    }

    struct Entry: Codable, Equatable {
        var guid, description, action, quantity, price, discount: String
        var account, tax_table: String?
        var taxable, tax_included: Bool
    }

    struct Invoice: Codable, Equatable {
        var guid, id, billing_id, notes, total, subtotal, tax: String
        var customer_id, currency, date_opened, date_posted, date_due, posted_account, posted_txn, lot_balance: String?
        var credit_note, posted, paid: Bool
        var entries: [Entry]
    }

    /// The same book with everything in the order of GUIDs.
    var ordered: EngineBook {
        var copy = self
        copy.accounts.sort { $0.guid < $1.guid }
        copy.transactions.sort { $0.guid < $1.guid }
        copy.customers.sort { $0.guid < $1.guid }
        copy.invoices.sort { $0.guid < $1.guid }
        for index in copy.transactions.indices { copy.transactions[index].splits.sort { $0.guid < $1.guid } }
        for index in copy.invoices.indices { copy.invoices[index].entries.sort { $0.guid < $1.guid } }
        return copy
    }
}

extension EngineBook {
    /// What our reader found, in the words of the engine.
    init(of book: Book) throws {
        let balances = book.balances()
        var counts: [GUID: Int] = [:]
        var lots: [GUID: Fraction] = [:]
        var shown: [Transaction] = []
        book.forEachTransaction { transaction in
            for split in transaction.splits {
                counts[split.account, default: 0] += 1
                if let lot = split.lot { lots[lot] = (lots[lot] ?? .zero).adding(split.quantity) }
            }
            shown.append(Self.transaction(transaction, in: book))
        }
        transactions = shown
        accounts = book.accounts.map { account in
            Account(
                guid: account.guid.description, full_name: book.path(of: account.guid), name: account.name,
                type: account.type, code: account.code, description: account.text,
                notes: account.slots["notes"]?.text ?? "",
                balance: (balances[account.guid] ?? .zero).reduced.description,
                commodity: account.commodity?.description, scu: Int(account.smallestUnit),
                splits: counts[account.guid] ?? 0, placeholder: account.isPlaceholder, hidden: account.isHidden)
        }
        customers = book.customers.map { customer in
            Customer(
                guid: customer.guid.description, id: customer.id, name: customer.name, notes: customer.notes,
                discount: customer.discount.reduced.description, credit: customer.credit.reduced.description,
                currency: customer.currency.description,
                tax_table: customer.taxTable.flatMap { book.taxTable($0)?.name }, active: customer.isActive,
                tax_table_override: customer.overridesTaxTable, addr: Self.address(customer.address),
                ship_addr: Self.address(customer.shipping))
        }
        invoices = try book.invoices.map { try Self.invoice($0, in: book, lots: lots) }
        self = ordered
    }

    private static func address(_ address: BookAddress) -> Address {
        Address(name: address.name, phone: address.phone, fax: address.fax, email: address.email, lines: address.lines)
    }

    private static func transaction(_ transaction: BookTransaction, in book: Book) -> Transaction {
        Transaction(
            guid: transaction.guid.description, post_date: transaction.posted.description, num: transaction.number,
            description: transaction.text, notes: transaction.notes,
            doc_link: transaction.slots["assoc_uri"]?.text ?? "", type: transaction.slots["trans-txn-type"]?.text ?? "",
            read_only_reason: transaction.readOnlyReason ?? "", currency: transaction.currency.description,
            splits: transaction.splits.map { split in
                Split(
                    guid: split.guid.description, value: split.value.reduced.description,
                    amount: split.quantity.reduced.description, memo: split.memo, action: split.action,
                    reconcile: String(split.reconciled), account: book.path(of: split.account),
                    in_lot: split.lot != nil)
            })
    }

    private static func invoice(_ invoice: BookInvoice, in book: Book, lots: [GUID: Fraction]) throws -> Invoice {
        let entries = book.entries(of: invoice.guid)
        let totals = try InvoiceArithmetic.totals(
            of: entries.map { entry in
                InvoiceArithmetic.Line(
                    quantity: entry.quantity, price: entry.price, discount: entry.discount,
                    discountType: entry.discountType, discountOrder: entry.discountOrder,
                    isTaxIncluded: entry.isTaxIncluded,
                    rates: entry.isTaxable ? entry.taxTable.flatMap { book.taxTable($0)?.rates } ?? [] : [])
            }, perUnit: book.smallestUnit(of: invoice.currency))
        let shown = { (amount: Fraction) in
            ((invoice.isCreditNote ? amount.negated : amount) ?? .zero).reduced.description
        }
        var due: String?
        let posting = invoice.posting.flatMap { book.transaction($0.transaction) }
        if case .time(let time)? = posting?.slots["trans-date-due"] { due = time.day.description }
        let balance = invoice.posting.map { (lots[$0.lot] ?? .zero).reduced }
        return Invoice(
            guid: invoice.guid.description, id: invoice.id, billing_id: invoice.billingID, notes: invoice.notes,
            total: shown(totals.total), subtotal: shown(totals.net), tax: shown(totals.tax),
            customer_id: book.customer(of: invoice)?.id, currency: invoice.currency.description,
            date_opened: invoice.opened.description, date_posted: invoice.posting?.day.description, date_due: due,
            posted_account: invoice.posting.map { book.path(of: $0.account) },
            posted_txn: invoice.posting?.transaction.description, lot_balance: balance?.description,
            credit_note: invoice.isCreditNote, posted: invoice.posting != nil, paid: balance?.isZero ?? false,
            entries: entries.map { entry in
                Entry(
                    guid: entry.guid.description, description: entry.text, action: entry.action,
                    quantity: entry.quantity.reduced.description, price: entry.price.reduced.description,
                    discount: entry.discount.reduced.description, account: entry.account.map { book.path(of: $0) },
                    tax_table: entry.taxTable.flatMap { book.taxTable($0)?.name }, taxable: entry.isTaxable,
                    tax_included: entry.isTaxIncluded)
            })
    }
}

/// A folder of its own for one test, gone with it.
final class BookFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "book-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }

    func write(_ data: Data, to name: String) throws { try data.write(to: URL(fileURLWithPath: file(name))) }

    /// A copy of a recorded book under its own name.
    func copy(_ contract: String) throws -> String {
        try FileManager.default.copyItem(atPath: Contracts.path(contract), toPath: file(contract))
        return file(contract)
    }
}

/// The moment all tests write at.
let testNow = BookTime("2031-04-05 06:07:08") ?? BookTime(secondsSince1970: 0)
