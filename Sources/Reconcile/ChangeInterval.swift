import Commerce

/// When a change happened, in hub time: it was not there at `after`, it was there at `before`.
///
/// A far side is only looked at now and then, so a change there has no point in time but an interval. Two changes whose
/// intervals overlap have no known order, and no rule may pretend that they had one.
public struct ChangeInterval: Hashable, Sendable {
    /// The last moment at which the change is known not to have happened yet.
    public var after: Moment
    /// The first moment at which the change is known to have happened.
    public var before: Moment

    /// An interval; ends given the wrong way round are exchanged.
    public init(after: Moment, before: Moment) {
        self.after = min(after, before)
        self.before = max(after, before)
    }

    /// A change the hub saw happen, such as a person's edit.
    public init(at moment: Moment) { self.init(after: moment, before: moment) }

    /// Earlier than any change a hub can meet: the start of an interval whose old value was never seen.
    public static let beforeAllTime = Moment(seconds: -62_135_596_800)

    /// Whether this change surely happened before the other. Two points at the same instant have no order.
    public func isBefore(_ other: ChangeInterval) -> Bool { before < other.after }

    /// The interval cut down by the far side's own stamp of this very change.
    ///
    /// - Parameters:
    ///   - farStamp: The stamp, by the far side's clock.
    ///   - offsetSeconds: How far that clock is ahead of the hub's, as measured.
    ///   - toleranceSeconds: The stamp's resolution and the error of the measurement together.
    /// - Returns: The interval as it was when the stamp contradicts what was observed: what was observed is certain,
    ///   a foreign clock is not.
    public func narrowed(by farStamp: Moment, offsetSeconds: Double, toleranceSeconds: Double) -> ChangeInterval {
        let stamp = farStamp.adding(seconds: -offsetSeconds)
        return cut(
            after: stamp.adding(seconds: -toleranceSeconds), before: stamp.adding(seconds: toleranceSeconds))
    }

    /// The interval cut down by a stamp that belongs to the whole record: this change happened then or earlier.
    ///
    /// - Parameters:
    ///   - farStamp: The stamp of the record's last change, by the far side's clock.
    ///   - offsetSeconds: How far that clock is ahead of the hub's, as measured.
    ///   - toleranceSeconds: The stamp's resolution and the error of the measurement together.
    /// - Returns: The interval as it was when the stamp lies before all of it.
    public func ended(by farStamp: Moment, offsetSeconds: Double, toleranceSeconds: Double) -> ChangeInterval {
        cut(after: after, before: farStamp.adding(seconds: toleranceSeconds - offsetSeconds))
    }

    private func cut(after start: Moment, before end: Moment) -> ChangeInterval {
        let (from, to) = (max(after, start), min(before, end))
        return from <= to ? ChangeInterval(after: from, before: to) : self
    }
}
