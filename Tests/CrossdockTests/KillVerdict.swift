import Commerce
import Foundation
import GnuCashBook
import TestPrograms
import Testing

@testable import crossdock

/// Shop and book after a kill loop, each by its own words.
struct KillVerdict {
    let loop: KillLoop
    let shop: ShopVisitor
    /// What each side's people set: the phone, by e-mail.
    let shopEdits: [String: String]
    let bookEdits: [String: String]

    /// What is wrong, one sentence each.
    func problems() async throws -> [String] {
        let book = try BookFile.open(loop.book).book
        var problems = try await orders(in: book)
        problems += try await people(in: book)
        problems += try await catalogue()
        problems += try await tasks()
        problems += try leftovers()
        problems += try RealEngine.problems(of: loop.book)
        return problems
    }

    private func orders(in book: Book) async throws -> [String] {
        var invoices: [String: [BookInvoice]] = [:]
        var credits: [String: Int] = [:]
        for invoice in book.invoices {
            let number = DemoVerdict.orderNumber(invoice) ?? "?"
            if invoice.isCreditNote {
                credits[number, default: 0] += 1
            } else {
                invoices[number, default: []] += [invoice]
            }
        }
        var problems: [String] = []
        let counted: Set<String> = ["processing", "completed", "refunded"]
        for order in try await shop.all("/orders?orderby=id&order=asc") {
            guard let number = order["number"]?.string, let status = order["status"]?.string, counted.contains(status)
            else { continue }
            let found = invoices.removeValue(forKey: number) ?? []
            guard found.count == 1, let invoice = found.first else {
                problems.append("order \(number) (\(status)) is booked \(found.count) times")
                continue
            }
            let total = order["total"]?.string ?? "?"
            guard invoice.posting != nil, let posted = try DemoVerdict.total(of: invoice, in: book) else {
                problems.append("the invoice of order \(number) is not posted")
                continue
            }
            if posted != total { problems.append("order \(number) is \(total) in the shop, \(posted) in the book") }
            let isPaid = order["date_paid"].map { !$0.isNull } ?? false
            let payments = Self.payments(of: invoice, in: book)
            if isPaid, status != "refunded", payments != 1 {
                problems.append("order \(number) is paid, and the book has \(payments) payments of it")
            }
            let refunds = order["refunds"]?.array?.count ?? 0
            if credits[number] ?? 0 != refunds {
                problems.append("order \(number) has \(refunds) refunds and \(credits[number] ?? 0) credit notes")
            }
        }
        problems += invoices.keys.sorted().map { "the book has order \($0), which the shop does not count" }
        return problems
    }

    /// The transactions beside the posting that touch the lot of an invoice.
    private static func payments(of invoice: BookInvoice, in book: Book) -> Int {
        guard let posting = invoice.posting else { return 0 }
        var found = 0
        book.forEachTransaction { transaction in
            guard transaction.guid != posting.transaction else { return }
            if transaction.splits.contains(where: { $0.lot == posting.lot }) { found += 1 }
        }
        return found
    }

    private func people(in book: Book) async throws -> [String] {
        let people = try await shop.all("/customers?orderby=id&order=asc")
        // Who buys without an account is somebody new with every order.
        let guests = try await shop.all("/orders?orderby=id&order=asc").filter { $0["customer_id"] == 0 }
        let known = Self.counts(people.compactMap { $0["email"]?.string })
            .merging(Self.counts(guests.compactMap { $0["billing"]?["email"]?.string }), uniquingKeysWith: +)
        var problems = Self.counts(book.customers.map(\.address.email)).compactMap { email, count in
            count == known[email] ? nil : "the book has customer \(email) \(count) times, not \(known[email] ?? 0)"
        }
        problems += Self.repeated(book.customers.map(\.id)).map { "the book has customer number \($0) twice" }
        problems += Self.repeated(people.compactMap { $0["email"]?.string }).map { "the shop has customer \($0) twice" }
        for (email, phone) in shopEdits.merging(bookEdits, uniquingKeysWith: { first, _ in first }) {
            let there = people.first { $0["email"]?.string == email }?["billing"]?["phone"]?.string
            let here = book.customers.first { $0.address.email == email }?.address.phone
            if there != phone { problems.append("\(email) was set to \(phone); the shop has \(there ?? "nobody")") }
            if here != phone { problems.append("\(email) was set to \(phone); the book has \(here ?? "nobody")") }
        }
        return problems
    }

    private func catalogue() async throws -> [String] {
        let products = try await shop.all("/products?orderby=id&order=asc")
        let skus = Self.repeated(products.compactMap { $0["sku"]?.string }).map { "the shop has product \($0) twice" }
        // The hub has nobody to take products from but the shop, so it may not have made any.
        return products.count == 20 ? skus : skus + ["the shop has \(products.count) products; it began with 20"]
    }

    private func tasks() async throws -> [String] {
        let held = try await loop.jobs(["--state", "held"]) + loop.jobs(["--state", "dead"])
        var problems = held.map { "a task is \($0["state"]?.string ?? "?"): \($0.text)" }
        let conflicts = try JSON(parsing: try await loop.program.run(["conflicts", "--json"]).output).array ?? []
        problems += conflicts.map { "a conflict is open: \($0.text)" }
        return problems
    }

    /// Locks and unfinished files beside the book.
    private func leftovers() throws -> [String] {
        let folder = URL(filePath: loop.book).deletingLastPathComponent().path
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { name in
            name.hasPrefix("books.gnucash")
                && (name.contains(".LCK") || name.contains("tmp") || name.contains("journal"))
        }.map { "left beside the book: \($0)" }
    }

    private static func counts(_ words: [String]) -> [String: Int] {
        Dictionary(words.filter { !$0.isEmpty }.map { ($0, 1) }, uniquingKeysWith: +)
    }

    private static func repeated(_ words: [String]) -> [String] {
        counts(words).filter { $0.value > 1 }.keys.sorted()
    }
}

/// The real GnuCash, where its Python bindings and the checking tool are.
enum RealEngine {
    private static let python = "/usr/bin/python3"
    private static let tool = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/tools/gnucash_verify.py").path

    static let isThere: Bool = {
        guard FileManager.default.fileExists(atPath: tool) else { return false }
        return (try? run(["-c", "import gnucash"]))?.status == 0
    }()

    /// What the engine finds wrong with a book; nothing, said so, where it is not installed.
    static func problems(of path: String) throws -> [String] {
        guard isThere else {
            print("python3-gnucash or gnucash_verify.py is not there: the book was not shown to the real engine")
            return []
        }
        let (status, errors) = try run([tool, path, "--scrub"])
        return status == 0 ? [] : ["the real GnuCash: status \(status): \(errors)"]
    }

    private static func run(_ arguments: [String]) throws -> (status: Int32, errors: String) {
        let run = try ProgramRun(
            python, arguments,
            environment: ["TZ": "UTC", "PATH": "/usr/bin:/bin", "HOME": NSTemporaryDirectory(), "LANG": "C.UTF-8"])
        return (run.status, run.text.errors)
    }
}
