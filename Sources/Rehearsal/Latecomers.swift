import Wire

/// Those who are still busy when all else has stopped going wrong.
///
/// In the storm, an edit that the hub missed is soon covered by another. The last edit stays missed.
struct Latecomers: Sendable, Hashable {
    /// Vendors at which somebody will still edit right before and right after the next reading, within its second.
    var expected: Set<Int> = []
    /// Vendors whose calls are lost until then: those about these edits.
    var deafUntil: [Int: Moment] = [:]

    /// How long calls are lost after such an edit, in seconds: longer than a shop keeps them to itself.
    static let deafSeconds = 90.0
    /// What they reach.
    static let state = "the last edits fell into the second of a reading"
}

extension World {
    /// The storm is over, but for those who come late.
    mutating func awaitLatecomers() {
        guard knobs.breadth.lingers else { return }
        latecomers.expected = Set(vendors.indices)
    }

    /// Whether somebody who comes late edits around this reading of goods.
    mutating func isLatecomerAround(_ call: Call) -> Bool {
        guard latecomers.expected.contains(call.vendor), call.continuation != nil,
            Oracle.asksForChangedGoods(call.request)
        else { return false }
        latecomers.expected.remove(call.vendor)
        latecomers.deafUntil[call.vendor] = now.adding(seconds: Latecomers.deafSeconds)
        coverage.reached(Latecomers.state)
        return true
    }

    /// Whether this vendor's calls are those about the last edits, which are lost.
    func losesLastCalls(of vendor: Int) -> Bool { latecomers.deafUntil[vendor].map { now < $0 } ?? false }
}
