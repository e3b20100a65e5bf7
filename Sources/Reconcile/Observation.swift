import Commerce

/// The circumstances of one look at a far side: who was asked, when, and what its clock said.
public struct Observation: Hashable, Sendable {
    /// The integration that showed the record.
    public var side: Int64
    /// When the request went out whose answer last showed the old values; nil when the record is seen the first time.
    public var lastSeenAt: Moment?
    /// When the request for this answer went out.
    public var askedAt: Moment
    /// When this answer arrived: the new values were there by then.
    public var firstSeenAt: Moment
    /// The far side's stamp of the record's last change, by its own clock; nil when it has none.
    public var farStamp: Moment?
    /// How many seconds the far side's clock is ahead of the hub's; nil when that was never measured, and then the
    /// stamp is worth nothing.
    public var farClockOffsetSeconds: Double?
    /// Whether this side issued the document.
    public var isIssuer: Bool

    /// One look at a far side; an answer without a time of its own arrived when it was asked for.
    public init(
        side: Int64, lastSeenAt: Moment? = nil, askedAt: Moment, firstSeenAt: Moment? = nil, farStamp: Moment? = nil,
        farClockOffsetSeconds: Double? = nil, isIssuer: Bool = false
    ) {
        self.side = side
        self.lastSeenAt = lastSeenAt
        self.askedAt = askedAt
        self.firstSeenAt = firstSeenAt ?? askedAt
        self.farStamp = farStamp
        self.farClockOffsetSeconds = farClockOffsetSeconds
        self.isIssuer = isIssuer
    }

    /// How far a far stamp may be off after the correction, in seconds: vendors stamp whole seconds, and the offset is
    /// measured by a Date header that counts whole seconds too.
    public static let stampToleranceSeconds = 2.0

    /// When a change that this look brought to light happened.
    ///
    /// - Parameter isOnlyChange: Whether one part alone differs from what was seen before. A far stamp belongs to the
    ///   record: with several changed parts it tells only when the last of them changed.
    /// - Returns: The interval, as narrow as what is known allows.
    func interval(isOnlyChange: Bool) -> ChangeInterval {
        let seen = ChangeInterval(after: lastSeenAt ?? ChangeInterval.beforeAllTime, before: firstSeenAt)
        guard let farStamp, let farClockOffsetSeconds else { return seen }
        let tolerance = Self.stampToleranceSeconds
        return isOnlyChange
            ? seen.narrowed(by: farStamp, offsetSeconds: farClockOffsetSeconds, toleranceSeconds: tolerance)
            : seen.ended(by: farStamp, offsetSeconds: farClockOffsetSeconds, toleranceSeconds: tolerance)
    }
}
