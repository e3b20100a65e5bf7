import Commerce

/// One part of a link: what the hub and one far side last agreed on.
///
/// Two values are kept, because shops rewrite what they are sent: a change of theirs is a difference to `seen`, a
/// change of ours is a difference to `sent`, and neither is ever mistaken for the other.
public struct LinkedPart: Hashable, Sendable {
    /// The hub's value that the far side was last given, or that was last taken from it; nil when it never had one.
    public var sent: JSON?
    /// What the far side last showed; nil when it never showed this part.
    public var seen: JSON?
    /// Whether the far side kept what it was given, up to its own normal form.
    ///
    /// A part that is not accepted is shown as drift and is not written again until the hub's value changes.
    public var isAccepted: Bool
    /// Whether a conflict on this part waits for a person. Nothing is written to a pinned part and nothing taken from
    /// it; all other parts and links go on.
    public var isPinned: Bool
    /// Whether it is to be emptied before it is given its value: others there wait for what it holds, and it for what
    /// one of them holds.
    public var isFreed: Bool
    /// Whether the guard holds what the far side shows of it. Nothing is written to it and nothing taken from it until
    /// a person decides, or the far side shows something usual again.
    public var isHeld: Bool

    /// One part of a link; unknown to both sides unless said otherwise.
    public init(
        sent: JSON? = nil, seen: JSON? = nil, isAccepted: Bool = true, isPinned: Bool = false, isFreed: Bool = false,
        isHeld: Bool = false
    ) {
        self.sent = sent
        self.seen = seen
        self.isAccepted = isAccepted
        self.isPinned = isPinned
        self.isFreed = isFreed
        self.isHeld = isHeld
    }
}

/// One part of the hub's record.
public struct HubPart: Hashable, Sendable {
    /// The value the hub holds.
    public var value: JSON
    /// The integration it came from; nil when a person or the hub itself set it.
    public var origin: Int64?
    /// When it became this value.
    public var changed: ChangeInterval

    /// One part of the hub's record.
    public init(value: JSON, origin: Int64?, changed: ChangeInterval) {
        self.value = value
        self.origin = origin
        self.changed = changed
    }
}
