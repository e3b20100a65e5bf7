import Commerce

/// What happened to one part, for the change log and for `explain`.
public enum PartEvent: Hashable, Sendable {
    /// The hub took the far side's value.
    case took(rule: String)
    /// The issuer moved its state in a way no declared arrow allows. It was taken, because the state is the issuer's.
    case tookAgainstArrows(from: JSON, to: JSON)
    /// The hub kept its value; the far side is to be given it.
    case kept(loser: JSON, rule: String)
    /// Both sides hold the same.
    case agreed
    /// Both changed, to different values: the part is pinned and a person decides. No base: they never agreed before.
    case conflict(base: JSON?, theirs: JSON, ours: JSON)
    /// Both changes were joined.
    case merged(theirs: JSON, ours: JSON, result: JSON)
    /// Entries were added to a log. `clashing` are those whose key is there already with another content: dropped.
    case added(entries: [JSON], clashing: [JSON])
    /// A far side reported a stock. `expected` is what it last showed; what moved there since is for the caller to add.
    case counted(expected: JSON?, theirs: JSON)
    /// A part with an open conflict changed again at the far side.
    case pinnedMoved(from: JSON?, to: JSON)
    /// What the far side shows was not taken, for this reason.
    case refused(reason: String, theirs: JSON)
    /// A person decided a conflict between these two values.
    case resolved(theirs: JSON?, ours: JSON)
}

/// What is to be remembered about one part.
public struct PartStep: Hashable, Sendable {
    /// The part's name.
    public var part: String
    /// The new state of the link's part.
    public var link: LinkedPart
    /// The hub's new value; nil when it is unchanged.
    public var record: HubPart?
    /// The value that lost against another one, for the change log; nil when none did.
    public var loser: JSON?
    /// What happened.
    public var event: PartEvent

    /// A step.
    public init(part: String, link: LinkedPart, record: HubPart? = nil, loser: JSON? = nil, event: PartEvent) {
        self.part = part
        self.link = link
        self.record = record
        self.loser = loser
        self.event = event
    }
}

/// The rule names that stand in the change log.
public enum RuleName {
    /// Only the far side had changed it.
    public static let oneSided = "only this side changed"
    /// The hub had no value yet.
    public static let firstValue = "first value"
    public static let timestamp = "timestamp"
    public static let source = "source"
    public static let priority = "priority"
    /// The document belongs to the side that issued it.
    public static let issuer = "issuer"
    /// The state moved along a declared arrow.
    public static let arrow = "state arrow"
    /// The hub's state is already further along the arrows.
    public static let alreadyFurther = "already further"
    /// A person said that what the guard held is not to be taken.
    public static let discarded = "held by the guard, discarded by a person"
    /// Entries of a log are only ever added.
    public static let log = "log"
}
