import Ledger
import Reconcile
import Testing

@testable import Pipeline

@Suite("What was sold and was not there")
struct OversoldTests {
    private static func change(_ record: Int64, _ old: String?, _ new: String, _ part: String = "stock") -> Change {
        func level(_ quantity: String) -> JSON { ["isTracked": true, "quantity": .string(quantity)] }
        return Change(
            record: record, kind: .product, part: part, old: old.map(level), new: level(new), origin: 1, rule: "sale",
            at: Moment(milliseconds: 0))
    }

    @Test(arguments: [
        ([change(1, "5", "2")], 0), ([change(1, "2", "-1")], 1), ([change(1, "-1", "-4")], 3),
        ([change(1, "-4", "-1")], 0), ([change(1, "1", "-0.5")], 1), ([change(1, nil, "-2")], 2),
        ([change(1, "1", "-2"), change(1, "-2", "0")], 0), ([change(1, "0", "-2"), change(2, "-3", "0")], 2),
        ([change(1, "5", "-1", "price")], 0), ([], 0),
    ])
    func onlyWhatGoesFurtherBeneathNothingCounts(changes: [Change], pieces: Int) {
        #expect(Oversold.pieces(changes) == pieces)
    }
}
