import ConnectorKit
import Foundation
import GnuCashBook
import Pipeline
import Sandbox

/// What staff and bookkeeper do in a demo.
struct DemoHands {
    let play: DemoPlay

    init(_ play: DemoPlay) { self.play = play }

    /// Changes the phone of a registered customer in the book, as a person with GnuCash would. Answers the e-mail.
    func changePhone(_ phone: String) async throws -> String {
        for _ in 0..<40 {
            let file = try BookFile.open(play.book)
            let emails = await play.stand.act { shop, now in shop.registeredEmails(at: now) }
            guard var customer = file.book.customers.first(where: { emails.contains($0.address.email) }) else {
                throw HubError("the book has no registered customer")
            }
            customer.address.phone = phone
            var edit = BookEdit()
            edit.changedCustomers = [customer]
            do {
                var chance = SystemRandomNumberGenerator()
                let now = BookTime(secondsSince1970: OpenHub.systemNow().milliseconds / 1000)
                _ = try file.apply(edit, now: now, using: &chance)
                return customer.address.email
            } catch {
                // The hub is writing just now; a person would wait a moment too.
                try await Task.sleep(for: .milliseconds(250))
            }
        }
        throw HubError("the book was never free")
    }
}

/// Shop and book side by side, by what each itself says.
struct DemoVerdict {
    let play: DemoPlay

    /// Compares. True when every order that counts is booked once, with its total, and no task is left or dead.
    func compare() async throws -> Bool {
        Story.scene("Do both sides agree?")
        try await play.wait("all tasks are done") {
            let jobs = try await play.hub.overview().jobs
            return jobs.filter { [.available, .running, .scheduled, .retryable].contains($0.key) }.values.reduce(0, +)
                == 0
        }
        let orders = await play.stand.act { shop, now in shop.bookableTotals(at: now) }
        let book = try BookFile.open(play.book).book
        var booked: [String: [BookInvoice]] = [:]
        for invoice in book.invoices where !invoice.isCreditNote && invoice.posting != nil {
            booked[Self.orderNumber(invoice) ?? "?", default: []].append(invoice)
        }
        var problems: [String] = []
        for (number, total) in orders.sorted(by: { $0.key < $1.key }) {
            let invoices = booked.removeValue(forKey: number) ?? []
            if invoices.count != 1 { problems.append("order \(number) is booked \(invoices.count) times") }
            if let invoice = invoices.first, let posted = try Self.total(of: invoice, in: book), posted != total {
                problems.append("order \(number) is \(total) in the shop and \(posted) in the book")
            }
        }
        problems += booked.keys.sorted().map { "the book has order \($0), which the shop does not count" }
        let overview = try await play.hub.overview()
        problems += overview.waiting.filter { $0.state == .dead || $0.state == .held }
            .map { "task \($0.id) (\($0.subject)) is \($0.state.rawValue): \($0.reason ?? "")" }
        if overview.conflictCount > 0 { problems.append("\(overview.conflictCount) conflicts are open") }
        problems.forEach { Story.say("✗ \($0)") }
        if problems.isEmpty {
            Story.say("✓ \(orders.count) orders, each booked once, every total equal; nothing waits")
        }
        return problems.isEmpty
    }

    /// The number of the order an invoice was made for.
    static func orderNumber(_ invoice: BookInvoice) -> String? { invoice.slots.own["order_number"]?.text }

    /// What the book itself says an invoice comes to: its split in the receivables.
    static func total(of invoice: BookInvoice, in book: Book) throws -> String? {
        guard let posting = invoice.posting else { return nil }
        var total: String?
        book.forEachTransaction { transaction in
            guard transaction.guid == posting.transaction else { return }
            for split in transaction.splits where split.account == posting.account {
                total = Money(minorUnits: split.value.numerator * 100 / split.value.denominator, currency: .lkr).amount
            }
        }
        return total
    }
}
