import Commerce
import CoreMetrics
import Ledger
import Reconcile

/// How much was sold that was not there, as far as the stock that the hub knows went beneath nothing.
enum Oversold {
    /// Counted once it is durable.
    static let meter = Counter(label: "crossdock_oversold_units_total")

    /// By how many pieces these changes brought stock further beneath nothing; a part of a piece counts as one. What
    /// rose meanwhile from beneath is taken off, product by product.
    static func pieces(_ changes: [Change]) -> Int {
        var lacking: [Int64: Int64] = [:]
        for change in changes where change.part == HubLink.stockPart {
            let more = lack(change.new).subtractingReportingOverflow(lack(change.old)).partialValue
            lacking[change.record] = (lacking[change.record] ?? 0).addingReportingOverflow(more).partialValue
        }
        let whole = lacking.values.filter { $0 > 0 }.map { ($0 + 999_999) / 1_000_000 }
        return Int(whole.reduce(0, +))
    }

    /// How far beneath nothing it is, in millionths of a piece.
    private static func lack(_ value: JSON?) -> Int64 {
        let quantity = StockLevel.quantity(value)?.millionths ?? 0
        // Beyond what anybody sells the number itself is wrong.
        return max(0, -max(-1_000_000_000_000_000, min(0, quantity)))
    }
}
