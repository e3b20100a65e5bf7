import Commerce

/// What a merchant wants to happen to an order that does not add up to its stated total.
public enum TotalsPolicy: Hashable, Sendable {
    /// It travels on as it is; the difference is shown.
    case accept
    /// It waits for a person.
    case hold
    /// The difference is booked to a named account if it is at most that many smallest units; a larger one waits.
    case book(account: String, limitMinorUnits: Int64)
}

/// What becomes of an order after its totals were checked.
public enum TotalsDecision: Hashable, Sendable {
    /// It adds up.
    case exact
    case accept(difference: Money, explanation: String)
    case hold(explanation: String)
    case bookDifference(Money, account: String, explanation: String)
}

/// Checks that what an order states is what its lines sum to. Nothing is ever rounded or booked silently.
public enum OrderCheck {
    /// The stated total less the sum of lines, shipping, fees and tax; zero when the order adds up.
    ///
    /// - Throws: `AmountError` on overflow or mixed currencies.
    public static func difference(_ order: OrderContent) throws(AmountError) -> Money { try order.difference() }

    /// What becomes of the order. One that cannot even be summed waits for a person, whatever the policy.
    public static func decide(_ order: OrderContent, policy: TotalsPolicy) -> TotalsDecision {
        let difference: Money
        let explanation: String
        do {
            difference = try order.difference()
            if difference.minorUnits == 0 { return .exact }
            explanation = try explain(order, difference)
        } catch {
            return .hold(explanation: "order \(order.number) cannot be summed: \(error.description)")
        }
        switch policy {
        case .accept: return .accept(difference: difference, explanation: explanation)
        case .hold: return .hold(explanation: explanation)
        case .book(let account, let limit):
            guard difference.minorUnits.magnitude <= limit.magnitude, limit >= 0 else {
                return .hold(explanation: explanation + ", more than may be booked to \(account)")
            }
            return .bookDifference(difference, account: account, explanation: explanation)
        }
    }

    private static func explain(_ order: OrderContent, _ difference: Money) throws(AmountError) -> String {
        let currency = order.total.currency
        let lines = try Money.sum(order.lines.map(\.total), currency)
        let shipping = try Money.sum(order.shipping.map(\.total), currency)
        let fees = try Money.sum(order.fees.map(\.total), currency)
        return "order \(order.number): lines \(lines.amount) + shipping \(shipping.amount) + fees \(fees.amount)"
            + " + tax \(order.taxTotal.amount) = \(try order.computedTotal()), but its total says \(order.total):"
            + " a difference of \(difference)"
    }
}
