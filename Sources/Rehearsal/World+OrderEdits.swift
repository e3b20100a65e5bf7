import Commerce

/// Staff edit orders that were placed, and perhaps booked: a piece more, a line less.
extension World {
    /// How long after one edit the next comes, in seconds.
    static let editSeconds = 15.0...150.0
    /// The most pieces of a line that is edited.
    static let mostPieces = 4

    mutating func planOrderEdits() {
        guard knobs.reach.editsOrders else { return }
        agenda.add(.orderEdit, at: now.adding(seconds: reachChance.seconds(Self.editSeconds)))
    }

    mutating func editAnOrder() {
        guard isStormy else { return }
        planOrderEdits()
        let vendor = reachChance.below(knobs.shops)
        let shown = vendors[vendor].shown(at: now)
        guard let order = reachChance.pick(shown.orders), let edit = lineEdit(shown) else { return }
        let isDone = happen(at: vendor, "edits order \(order.id): \(edit)") {
            $0.edit(order: order.id, edit, at: $1)
        }
        if isDone { coverage.did("editOrder") }
    }

    private mutating func lineEdit(_ shown: Shown) -> LineEdit? {
        let pieces = reachChance.within(1...Self.mostPieces)
        switch reachChance.below(3) {
        case 0: return reachChance.pick(shown.goods.map(\.number)).map { .add($0, pieces) }
        case 1: return .alter(reachChance.below(2), pieces)
        default: return .remove(reachChance.below(2))
        }
    }
}
