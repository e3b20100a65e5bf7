import Commerce
import Sandbox
import Wire

/// What anybody with a key could read from the shop: the demo compares by the shop's own words, not by the hub's.
extension WooCommerceSandbox {
    /// All rows of a list, read without being a visit.
    func ask(_ path: String, _ query: [HTTPAddress.QueryItem], at now: Moment) -> [JSON] {
        var all: [JSON] = []
        for page in 1...100 {
            let items = query + [.init("per_page", "100"), .init("page", String(page))]
            let rows = read(path, items, at: now)?.array ?? []
            all += rows
            if rows.count < 100 { break }
        }
        return all
    }

    /// A simple product that has a SKU.
    func simpleSKU(at now: Moment) -> String? {
        ask("/products", [.init("type", "simple"), .init("orderby", "id"), .init("order", "asc")], at: now)
            .first { $0["type"]?.string == "simple" && !($0["sku"]?.string ?? "").isEmpty }?["sku"]?.string
    }

    /// The phone of a registered customer.
    func phone(of email: String, at now: Moment) -> String? {
        ask("/customers", [.init("email", email)], at: now).first?["billing"]?["phone"]?.string
    }

    /// The e-mails of registered customers.
    func registeredEmails(at now: Moment) -> [String] {
        ask("/customers", [], at: now).compactMap { $0["email"]?.string }.filter { !$0.isEmpty }
    }

    /// The totals of the orders that belong in the books, by number.
    func bookableTotals(at now: Moment) -> [String: String] {
        let orders = ["processing", "completed", "refunded"].flatMap { ask("/orders", [.init("status", $0)], at: now) }
        return Dictionary(
            orders.compactMap { order in
                guard let number = order["number"]?.scalarText, let total = order["total"]?.string else { return nil }
                return (number, total)
            }, uniquingKeysWith: { first, _ in first })
    }
}
