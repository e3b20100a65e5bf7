import Commerce

/// A movement at a side that no count of that side has shown for certain yet.
public struct PendingMovement: Hashable, Sendable {
    /// The movement's id in the ledger.
    public var id: Int64
    public var quantity: ExactDecimal
    /// The hub's count of steps when it learned of it. A look that was asked for at this number or later holds it.
    public var number: Int64
    /// The far side's own stamp: orders the movements of one side among themselves, and nothing else.
    public var happenedAt: Moment?
    /// Whether a write of ours may have hidden it: it happened before that write, and the number written did not know
    /// it.
    public var isVeiled: Bool

    /// A movement that was learned of.
    public init(
        id: Int64, quantity: ExactDecimal, number: Int64, happenedAt: Moment? = nil, isVeiled: Bool = false
    ) {
        self.id = id
        self.quantity = quantity
        self.number = number
        self.happenedAt = happenedAt
        self.isVeiled = isVeiled
    }
}

/// A stock write that is on its way, or whose outcome is not known.
public struct StockWrite: Hashable, Sendable {
    public var quantity: ExactDecimal
    /// What the side was thought to show when it was decided: what is added or taken off is the difference.
    public var from: ExactDecimal
    /// The hub's count of steps when it was decided: what was learned up to then is in the number.
    public var number: Int64
    public var writing: StockWriting
    /// Whether it may lie over a movement that nobody knew when it was decided. A number that is set does; one that is
    /// compared first does where movements were pending: two of them may have brought the number back to what it was.
    public var hides: Bool

    /// A write.
    public init(
        quantity: ExactDecimal, from: ExactDecimal = .zero, number: Int64, writing: StockWriting = .absolute
    ) {
        self.quantity = quantity
        self.from = from
        self.number = number
        self.writing = writing
        hides = writing == .absolute
    }
}

/// What the hub knows of one product's stock at one side.
///
/// All times are numbers of the hub's own count of steps; no clock takes part in what is decided.
public struct StockSide: Hashable, Sendable {
    /// What it last showed or accepted; nil when it never did.
    public var shown: ExactDecimal?
    /// What it shows now, as far as is known: the last count and what moved there since.
    public var standing: ExactDecimal?
    public var pending: [PendingMovement]
    /// The write that is on its way, or whose outcome is not known.
    public var write: StockWrite?
    /// The number of the last write that set a value whatever was there, until orders were read after it.
    public var settledAt: Int64?
    /// How often a count could not be explained, one after the other.
    public var rounds: Int
    /// The hub's count of steps when what is shown was taken: a look that was asked for before may be older than it.
    public var shownNumber: Int64
    /// What looks since the last write left possible: by how much less or more the side may stand at than its
    /// movements say. Empty where no look has ruled out anything.
    public var doubts: [ExactDecimal]
    /// The hub's count of steps at the first look after the last write after which orders were read: what is learned
    /// later happened later, and no number of ours hides it.
    public var closedAt: Int64?
    /// The hub's count of steps at the first count there; nil where no order of the side had been read by then. Where a
    /// sale that was read after it was taken to be in it, the count at the first look since; the largest number until
    /// there was one.
    public var openedAt: Int64?
    /// When the side was last looked at before it showed what nothing known explains; nil while all is explained. What
    /// is then taken as a count may have happened since, however often it was looked at meanwhile.
    public var doubtedSince: Moment?
    /// The first look since that waits for the side's orders; nil once they were read after it, or it tells nothing
    /// any more.
    public var waited: WaitingLook?

    /// After so many looks in a row what cannot be explained is taken as it is, in pieces never to be oversold.
    public static let roundLimit = 8

    /// A side; nothing under way unless said otherwise.
    public init(
        shown: ExactDecimal? = nil, standing: ExactDecimal? = nil, pending: [PendingMovement] = [],
        write: StockWrite? = nil, settledAt: Int64? = nil, rounds: Int = 0, shownNumber: Int64 = 0
    ) {
        self.shown = shown
        self.standing = standing
        self.pending = pending
        self.write = write
        self.settledAt = settledAt
        self.rounds = rounds
        self.shownNumber = shownNumber
        doubts = []
    }

    /// Nothing that was concluded from looks holds any longer.
    mutating func beginAnew() {
        rounds = 0
        doubts = []
        closedAt = nil
        waited = nil
    }

    /// Whether what it shows must be found out before it is written to.
    ///
    /// A sale that was taken to be in the first count may have been made since: a number that is set now would lie over
    /// it, and no look would ever show it.
    public var isUnsettled: Bool {
        write != nil || rounds > 0 || isTakenAsCounted || pending.contains(where: \.isVeiled)
    }

    /// Whether orders have to be read since the last write: one may have fallen between our read and our write.
    public func hasGap(ordersAskedAt: Int64?) -> Bool {
        settledAt.map { (ordersAskedAt ?? .min) < $0 } ?? false
    }

    /// The most it may be offering right now.
    ///
    /// - Throws: `AmountError.overflow`.
    public func most() throws(AmountError) -> ExactDecimal {
        var most = standing ?? .zero
        for movement in pending where movement.isVeiled && movement.quantity < .zero {
            most = try most.minus(movement.quantity)
        }
        guard let write else { return most }
        if write.writing == .delta { return max(most, try most.plus(write.quantity.minus(write.from))) }
        let back = pending.filter { $0.number > write.number && $0.quantity > .zero }.map(\.quantity)
        return max(most, try write.quantity.plus(ExactDecimal.sum(back)))
    }

    // MARK: What happens to it

    /// A movement at this side is learned of.
    ///
    /// - Parameters:
    ///   - movement: The movement.
    ///   - ordersAskedAt: When the orders of this side were last read to their end; nil when they never were.
    /// - Throws: `AmountError.overflow`.
    public mutating func learn(_ movement: PendingMovement, ordersAskedAt: Int64?) throws(AmountError) {
        guard let standing else { return }
        var movement = movement
        movement.isVeiled = closedAt == nil && write?.hides ?? false || hasGap(ordersAskedAt: ordersAskedAt)
        self.standing = try standing.plus(movement.quantity)
        pending.append(movement)
        pending.sort { $0.isBefore($1) }
    }

    /// Pieces were sold and put back before anybody heard of it: a look in between shows the sale alone, and so does
    /// what a number hides that was set in between.
    ///
    /// - Throws: `AmountError.overflow`.
    public mutating func pass(
        _ quantity: ExactDecimal, ids: (Int64, Int64), number: Int64, happenedAt: Moment?, ordersAskedAt: Int64?
    ) throws(AmountError) {
        let sold = PendingMovement(
            id: ids.0, quantity: try quantity.negated(), number: number, happenedAt: happenedAt)
        try learn(sold, ordersAskedAt: ordersAskedAt)
        let back = PendingMovement(id: ids.1, quantity: quantity, number: number)
        try learn(back, ordersAskedAt: ordersAskedAt)
    }

    /// A write is about to be sent.
    public mutating func plan(_ write: StockWrite) {
        var write = write
        write.hides = write.writing == .absolute || write.writing == .compared && !pending.isEmpty
        self.write = write
        beginAnew()
    }

    /// A write had its effect.
    ///
    /// What was learned before it was decided is in the number written. What was learned since may have happened
    /// before the write and be hidden by it, except where the far side compares or adds.
    ///
    /// - Parameters:
    ///   - answered: What the side showed after it; nil when it does not say.
    ///   - number: The hub's count of steps now.
    /// - Throws: `AmountError.overflow`.
    public mutating func settle(answered: ExactDecimal?, number: Int64) throws(AmountError) {
        guard let write else { return }
        self.write = nil
        beginAnew()
        shownNumber = number
        if write.writing == .delta {
            let moved = try write.quantity.minus(write.from)
            shown = try (shown ?? write.from).plus(moved)
            standing = try (standing ?? write.from).plus(moved)
            return
        }
        pending = pending.filter { $0.number > write.number }
        shown = answered ?? write.quantity
        standing = try write.quantity.plus(ExactDecimal.sum(pending.map(\.quantity)))
        guard write.hides else { return }
        settledAt = number
        for index in pending.indices { pending[index].isVeiled = true }
    }

    /// It was seen that an unclear write had come: the call that carried it carried something else as well, and that is
    /// there. The look that showed it is still to be taken as a count.
    ///
    /// - Throws: `AmountError.overflow`.
    public mutating func come(number: Int64) throws(AmountError) {
        let known = shownNumber
        try settle(answered: nil, number: number)
        shownNumber = known
    }

    /// A write was not made, for certain.
    public mutating func drop() {
        write = nil
        doubts = []
        waited = nil
    }
}

extension PendingMovement {
    /// The order they are kept in: those without a stamp first, the others as they happened.
    func isBefore(_ other: PendingMovement) -> Bool {
        let (mine, theirs) = (happenedAt?.milliseconds ?? .min, other.happenedAt?.milliseconds ?? .min)
        return mine == theirs ? id < other.id : mine < theirs
    }
}
