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
    /// The most calls that came to a vendor while it had asked to be left alone.
    public var mostUnasked = 0
    /// The largest share of the writes a rehearsal may come to, in hundredths.
    public var mostWriteShare = 0

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
        "a list shifted between two of its pages", "a cursor had expired", "an id was used again",
        "one of several records was refused", "a member of an answer was not what it was",
        forgottenClaims, "several steps were one commit",
        "one of several steps was refused alone",
        "two webhook secrets overlapped", "settings were changed", "all there was was set to nothing",
        "500 came for ten pieces", "an order edited after it was booked was corrected",
        "an order edited after it was booked was left to people", "pieces were sold that were not there",
        "a bound was compared with what was oversold",
        "a vendor called no more, and said nothing", "a call was about what nobody knows", "a call was too large",
        "the audit held what people did", Seals.state, Departures.state, Departures.earlyState,
        Latecomers.state,
    ]

    /// The state that depends on where the store is: a server's power is not that of the hub's machine.
    public static let forgottenClaims = "claims were forgotten with the machine's power"

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
        mostUnasked = max(mostUnasked, other.mostUnasked)
        mostWriteShare = max(mostWriteShare, other.mostWriteShare)
    }
}
