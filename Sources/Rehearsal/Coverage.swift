/// What many rehearsals have met, to see that nothing is rehearsed in vain.
public struct Coverage: Sendable {
    /// How often each fault happened.
    public var faults: [String: Int] = [:]
    /// In how many rehearsals each rare state was reached.
    public var sometimes: [String: Int] = [:]
    /// What people did.
    public var deeds: [String: Int] = [:]
    /// Writes of the hub that reached a vendor.
    public var writes = 0

    /// The rare states that must be reached over many seeds.
    public static let rareStates = [
        "a conflict was raised", "a conflict was decided by rule", "a create was found after its answer was lost",
        "a create waits for a person", "a lease was taken over", "a breaker was tried half-open",
        "a breaker opened and closed again", "a far side asked for a pause, and was called again",
        "a dead letter was superseded", "a job ran again because it was asked for while it ran",
        "a webhook was recognised as a repeat",
        "a sale fell between look and write",
        "a good was deleted at a vendor", "an integration was refused and let in again", "the hub's clock went back",
        "two processes lived at once", "a process died with a call under way",
    ]

    mutating func met(_ fault: Fault) { faults[fault.rawValue, default: 0] += 1 }

    mutating func did(_ deed: String) { deeds[deed, default: 0] += 1 }

    /// A rare state was reached in this rehearsal.
    mutating func reached(_ state: String) { sometimes[state] = 1 }

    /// Nothing met yet.
    public init() {}

    /// Adds another's counts.
    public mutating func add(_ other: Coverage) {
        faults.merge(other.faults, uniquingKeysWith: +)
        sometimes.merge(other.sometimes, uniquingKeysWith: +)
        deeds.merge(other.deeds, uniquingKeysWith: +)
        writes += other.writes
    }
}
