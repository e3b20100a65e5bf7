import Commerce

/// How many pieces more than there are one channel may have sold, measured from what happened: what it sold in the
/// longest time news of other channels' sales took to reach it; where the hub's clock was set back meanwhile, all of it
/// that is known.
public struct OversellBound: Hashable, Sendable {
    /// The longest time from a change elsewhere until this channel had been told, in seconds.
    public var seconds: Double
    /// The bound, in pieces.
    public var pieces: ExactDecimal

    /// A movement, as the bound sees it.
    public struct Event: Hashable, Sendable {
        public var side: Int64
        /// Negative: out.
        public var quantity: ExactDecimal
        /// The earliest it may have happened, by the hub's clock; where that was set back, later than it was learned.
        public var happenedAt: Moment
        /// The latest it may have happened: when the hub learned of it.
        public var learnedAt: Moment
        /// The hub's count of steps when it was learned.
        public var number: Int64
        /// Whether the far side itself dated it. What only a count showed may have happened at any time until then.
        public var isDated: Bool

        /// A movement.
        public init(
            side: Int64, quantity: ExactDecimal, happenedAt: Moment, learnedAt: Moment? = nil, number: Int64,
            isDated: Bool = true
        ) {
            self.side = side
            self.quantity = quantity
            self.happenedAt = happenedAt
            self.learnedAt = learnedAt ?? happenedAt
            self.number = number
            self.isDated = isDated
        }

        /// The earliest it may have happened: a far side's stamp may be a little late.
        fileprivate var began: Moment { min(happenedAt, learnedAt) }
        /// The latest it may have happened.
        fileprivate var ended: Moment { isDated ? began : learnedAt }
    }

    /// A number a channel was told.
    public struct Told: Hashable, Sendable {
        /// The hub's count of steps when it was decided.
        public var number: Int64
        public var plannedAt: Moment
        public var settledAt: Moment

        /// A number a channel was told.
        public init(number: Int64, plannedAt: Moment, settledAt: Moment) {
            self.number = number
            self.plannedAt = plannedAt
            self.settledAt = settledAt
        }
    }

    /// One channel.
    public struct Channel: Hashable, Sendable {
        public var side: Int64
        public var buffer: ExactDecimal
        public var writing: StockWriting
        /// Whether it offers what it is to offer.
        public var isInStep: Bool
        /// What it was told, in the order of time.
        public var told: [Told]

        /// A channel.
        public init(
            side: Int64, buffer: ExactDecimal = .zero, writing: StockWriting, isInStep: Bool, told: [Told]
        ) {
            self.side = side
            self.buffer = buffer
            self.writing = writing
            self.isInStep = isInStep
            self.told = told
        }
    }

    /// Measures the bound of one channel.
    ///
    /// - Parameters:
    ///   - channel: The channel.
    ///   - mode: How the product is offered.
    ///   - events: What moved anywhere.
    ///   - now: For what has not been told yet.
    /// - Returns: The bound, and the time it was measured in.
    /// - Throws: `AmountError.overflow`.
    public static func measure(
        _ channel: Channel, mode: StockMode, events: [Event], now: Moment
    ) throws(AmountError) -> OversellBound {
        if mode == .allotted, channel.writing.isAtomic { return OversellBound(seconds: 0, pieces: .zero) }
        let clock = SetBackClock(events, channel.told, now: now)
        var seconds = 0.0
        for event in events where event.quantity < .zero {
            guard event.side != channel.side || mayBeHidden(event, channel, clock) else { continue }
            let told = channel.told.first { $0.number >= event.number }
            if clock.wasSetBack(from: event.number, to: told?.number ?? .max) {
                seconds = max(seconds, clock.allSeconds)
                continue
            }
            if told == nil, channel.isInStep {
                #if Mutations
                    if Mutation.soldOutIsTold.isPlanted { continue }
                #endif
                seconds = max(seconds, ownSteps(since: event, of: channel, events))
                continue
            }
            seconds = max(seconds, (told?.settledAt ?? now).seconds(since: event.began))
        }
        if mode == .allotted {
            // Offers never overlap: only a number set over a sale that nobody knew yet can be too high.
            seconds =
                channel.told.map {
                    clock.wasSetBack(from: $0.number, to: $0.number)
                        ? clock.allSeconds : $0.settledAt.seconds(since: $0.plannedAt)
                }.max() ?? 0
        }
        let own = try most(events.filter { $0.side == channel.side }, within: seconds)
        guard mode == .shared else { return OversellBound(seconds: seconds, pieces: own) }
        let others = try most(events.filter { $0.side != channel.side }, within: seconds).minus(channel.buffer)
        return OversellBound(
            seconds: seconds, pieces: max(.zero, channel.writing == .absolute ? own : min(own, others)))
    }

    /// Whether a number that was set at the channel may lie over this movement there.
    private static func mayBeHidden(_ event: Event, _ channel: Channel, _ clock: SetBackClock) -> Bool {
        guard channel.writing == .absolute else { return false }
        let isTimed = !clock.wasSetBack(from: event.number, to: event.number)
        return channel.told.contains {
            !isTimed || $0.plannedAt <= event.began && event.began <= $0.settledAt
        }
    }

    /// How long a channel that never had to be told of an event went on selling after it, in seconds: its own sales
    /// brought it in step, the last of them perhaps with a piece that was not there any more.
    private static func ownSteps(since event: Event, of channel: Channel, _ events: [Event]) -> Double {
        let own = events.filter {
            $0.side == channel.side && $0.quantity < .zero && $0.learnedAt > event.began && $0 != event
        }
        return own.map { $0.learnedAt.seconds(since: event.began) }.max() ?? 0
    }

    /// The most that may have gone out within any span of that length.
    private static func most(_ events: [Event], within seconds: Double) throws(AmountError) -> ExactDecimal {
        guard seconds > 0 else { return .zero }
        let out = events.filter { $0.quantity < .zero }
        let begun = out.sorted { $0.began < $1.began }
        var most = ExactDecimal.zero
        var sum = ExactDecimal.zero
        var next = 0
        // A span that begins with the end of one of them holds all that may have begun by its own end, but for what
        // was over before.
        for first in out.sorted(by: { $0.ended < $1.ended }) {
            while next < begun.count, begun[next].began.seconds(since: first.ended) <= seconds {
                sum = try sum.minus(begun[next].quantity)
                next += 1
            }
            most = max(most, sum)
            sum = try sum.plus(first.quantity)
        }
        return most
    }
}
