import Synchronization

/// Below which places in the indexes over waiting jobs this process has found nothing left, so that its next look
/// begins there.
///
/// A server keeps the entries of what left an index as long as any transaction may still see it, however long that is
/// held open, and a look from the index's first row walks over all of them. What comes below a mark lowers it, where
/// this process put it there. What others put there, or what came back in a way that is not told, is found by the look
/// that now and then takes in all: at most `wholeSeconds` later.
public final class LowMarks: Sendable {
    /// The jobs of one sort in one of the two indexes over what waits.
    public struct Line: Hashable, Sendable {
        public let organization: Int64
        public let integration: Int64
        public let queue: String
        public let kind: String
        /// Whether it is the index of what waits for its time, which knows no priorities.
        public let isTimed: Bool

        /// A line.
        public init(organization: Int64, integration: Int64, queue: String, kind: String, isTimed: Bool) {
            (self.organization, self.integration, self.isTimed) = (organization, integration, isTimed)
            (self.queue, self.kind) = (queue, kind)
        }
    }

    /// Where a job stands in its line.
    public struct Place: Hashable, Sendable {
        public let priority: Int64
        public let runAt: Int64

        /// A place; those of a line that knows no priorities are all of the same.
        public init(priority: Int64, runAt: Int64) { (self.priority, self.runAt) = (priority, runAt) }
    }

    /// Part of a line.
    public enum Span: Hashable, Sendable {
        /// Of the priority of that place, from its time on.
        case from(Place)
        /// Of the priorities between these two.
        case between(Int64, Int64)

        static let whole = Span.between(.min, .max)
    }

    /// A look at a line: what of it is to be looked at, in its order. Told to `saw` with what was found.
    public struct Look: Sendable {
        public let spans: [Span]
        let version: Int
        /// When it began, and how often jobs had been put in the line by then.
        fileprivate var at: Moment?
        fileprivate var putCount = 0

        fileprivate init(_ spans: [Span], _ marks: Marks, at now: Moment) {
            self.init(spans: spans, version: marks.version)
            (at, putCount) = (now, marks.putCount)
        }

        init(spans: [Span], version: Int) { (self.spans, self.version) = (spans, version) }

        /// Whether all of the line is looked at.
        public var isWhole: Bool { spans == [.whole] }
    }

    fileprivate struct Marks {
        /// For each priority below what time nothing is left.
        var times: [Int64: Int64] = [:]
        /// How many of its jobs this process has claimed.
        var claimed = 0
        /// How far behind the first that was found a mark stands, in milliseconds.
        var margin = LowMarks.marginMilliseconds
        /// When all of it was looked at last.
        var wholeAt: Moment?
        /// Another one once a mark was lowered: what a look that began before has found raises none then.
        var version = 0
        /// How often this process has put jobs in the line.
        var putCount = 0
        /// When nothing was found beside the marks, and when nothing at all; nil once that may be otherwise.
        var (noneBesideAt, noneAt): (Moment?, Moment?)

        /// Something may stand anywhere now.
        mutating func stir() {
            putCount += 1
            (noneBesideAt, noneAt) = (nil, nil)
        }
    }

    /// How long what came below a mark unseen waits at most, in seconds.
    public static let wholeSeconds = 5.0
    /// How often it is written down that a sort of work was served, in seconds.
    public static let serveSeconds = 0.1
    /// How long nothing is looked for where there was nothing: beside the marks of a line, and in one of what waits for
    /// its time, in seconds.
    public static let restSeconds = 0.2
    /// How far behind the first that was found a mark stands at first, and at most, in milliseconds: jobs come in with
    /// the time at which they were asked for, by the clock of whoever did. What a whole look finds below a mark by no
    /// more than that tells how far it should be.
    static let (marginMilliseconds, longestMarginMilliseconds): (Int64, Int64) = (200, 20_000)
    /// How many jobs of a sort a process claims before it remembers where they begin: to walk over so few is nothing.
    public static let claimedLimit = 500
    /// For how many priorities of a sort marks are kept.
    static let priorityLimit = 8

    /// Of how many lines anything is remembered, and of how many a walk over the sorts makes use.
    static let (lineLimit, walkedLimit) = (2_000, 8)

    private let lines = Mutex<[Line: Marks]>([:])
    /// How often jobs were put somewhere.
    private let puts = Mutex(0)
    /// When sorts of work were written down as served last.
    private let serves = Mutex<[String: Moment]>([:])
    /// When a walk over all sorts of an organization last took in all.
    private let wholeWalks = Mutex<[Int64: Moment]>([:])

    /// Nothing is known yet.
    public init() {}

    /// Whether it is time to write down that a sort of work was served. Remembers that it is written now.
    public func isTimeToServe(_ name: String, of organization: Int64, now: Moment) -> Bool {
        serves.withLock { serves in
            let name = "\(organization) \(name)"
            if let last = serves[name], now >= last, now.seconds(since: last) < Self.serveSeconds { return false }
            if serves.count >= Self.lineLimit { serves = [:] }
            serves[name] = now
            return true
        }
    }

    /// How often this process has put jobs somewhere. Once who put them is told, it has grown.
    public var putCount: Int { puts.withLock { $0 } }

    /// What of a line is to be looked at now.
    public func look(at line: Line, now: Moment) -> Look {
        lines.withLock { lines in
            guard var marks = lines[line] else { return Look(spans: [.whole], version: 0) }
            if let last = marks.wholeAt, now < last {
                // The clock was set back; what comes now may stand below all that was seen.
                marks.times = [:]
                marks.version += 1
                marks.stir()
            }
            let isDue = marks.wholeAt.map { now < $0 || now.seconds(since: $0) >= Self.wholeSeconds } ?? true
            guard marks.claimed >= Self.claimedLimit, !marks.times.isEmpty, !isDue else {
                if marks.claimed >= Self.claimedLimit { marks.wholeAt = now }
                lines[line] = marks
                return Look([.whole], marks, at: now)
            }
            let spans = Self.spans(above: marks.times)
            return Look(marks.noneBesideAt.isWithinRest(of: now) ? spans.filter(\.isMarked) : spans, marks, at: now)
        }
    }

    /// Whether nothing of a line need be looked for: nothing was there a moment ago, and nothing was put there since.
    public func isKnownEmpty(_ line: Line, now: Moment) -> Bool {
        lines.withLock { $0[line].map { $0.claimed >= Self.claimedLimit && $0.noneAt.isWithinRest(of: now) } ?? false }
    }

    /// A line without what lies below the marks, in its order.
    private static func spans(above times: [Int64: Int64]) -> [Span] {
        var spans: [Span] = []
        var last = Int64.min
        for (priority, time) in times.sorted(by: { $0.key < $1.key }) {
            spans += [.between(last, priority), .from(Place(priority: priority, runAt: time))]
            last = priority
        }
        return spans + [.between(last, .max)]
    }

    /// Parts of the two indexes in which nothing is left: below which time of a priority of a line. Those of the lines
    /// of which most was claimed; none when a walk over the sorts is to take in all.
    public func emptied(of organization: Int64, now: Moment) -> [(line: Line, below: Place)] {
        let isWhole = wholeWalks.withLock { walks in
            if let last = walks[organization], now >= last, now.seconds(since: last) < Self.wholeSeconds {
                return false
            }
            if walks.count >= Self.lineLimit { walks = [:] }
            walks[organization] = now
            return true
        }
        guard !isWhole else { return [] }
        return lines.withLock { lines in
            let worth = lines.filter { $0.key.organization == organization && $0.value.claimed >= Self.claimedLimit }
            return worth.sorted { $0.value.claimed > $1.value.claimed }.prefix(Self.walkedLimit).flatMap { entry in
                entry.value.times.map { (entry.key, Place(priority: $0.key, runAt: $0.value)) }
            }
        }
    }

    /// The first job of a line was found there, however much of it was looked at.
    public func met(_ place: Place, in line: Line) {
        lines.withLock { $0[line]?.note(place, isCurrent: false) }
    }

    /// Remembers where the jobs stand that a look has found, in their order. `isCut`: there may be more behind them. Of
    /// what is less urgent than the last of them a look at all learned nothing then, so that is looked at whole next.
    /// `hasNoneBeside`: it also looked beside the marks, and nothing was there.
    public func saw(_ found: [Place], isCut: Bool, hasNoneBeside: Bool = false, of line: Line, by look: Look) {
        lines.withLock { lines in
            guard var marks = lines[line] else { return }
            if look.putCount == marks.putCount {
                marks.noneAt = found.isEmpty ? look.at : nil
                if hasNoneBeside { marks.noneBesideAt = look.at }
            }
            defer { lines[line] = marks }
            guard let last = found.last else { return }
            var seen = Set<Int64>()
            for place in found where seen.insert(place.priority).inserted {
                marks.note(place, isCurrent: look.version == marks.version)
            }
            if look.isWhole, isCut, marks.times.keys.contains(where: { $0 > last.priority }) {
                marks.times = marks.times.filter { $0.key <= last.priority }
                marks.version += 1
                marks.noneBesideAt = nil
            }
        }
    }

    /// Remembers that jobs were claimed.
    public func claimed(_ count: Int, of line: Line) {
        lines.withLock { lines in
            // What is forgotten is learned again.
            if lines.count >= Self.lineLimit, lines[line] == nil { lines = [:] }
            lines[line, default: Marks()].claimed += count
        }
    }

    /// Jobs come in at these places.
    public func put(_ places: Set<Place>, in line: Line) {
        puts.withLock { $0 += 1 }
        lines.withLock { lines in
            guard var marks = lines[line] else { return }
            marks.stir()
            for place in places {
                guard let time = marks.times[place.priority], place.runAt < time else { continue }
                marks.times[place.priority] = place.runAt
                marks.version += 1
            }
            lines[line] = marks
        }
    }

    /// Forgets what it knows of an integration: jobs came back at places nobody knows.
    public func forget(_ organization: Int64, _ integration: Int64) {
        puts.withLock { $0 += 1 }
        lines.withLock { lines in
            for line in lines.keys where line.organization == organization && line.integration == integration {
                lines[line]?.times = [:]
                lines[line]?.version += 1
                lines[line]?.stir()
            }
        }
    }
}

extension LowMarks.Span {
    /// Whether it begins at a mark.
    public var isMarked: Bool { if case .from = self { true } else { false } }
}

extension Moment? {
    /// Whether so little time has gone by since that nothing is looked for anew.
    fileprivate func isWithinRest(of now: Moment) -> Bool {
        map { now >= $0 && now.seconds(since: $0) < LowMarks.restSeconds } ?? false
    }
}

extension LowMarks.Marks {
    fileprivate mutating func note(_ place: LowMarks.Place, isCurrent: Bool) {
        // No job is as old as that; it keeps sums in their bounds.
        let runAt = max(place.runAt, .min / 4)
        guard let time = times[place.priority] else {
            if isCurrent, times.count < LowMarks.priorityLimit { times[place.priority] = runAt - margin }
            return
        }
        if runAt < time {
            // It came later than others that were asked for after it.
            let distance = time - runAt + margin
            if distance <= LowMarks.longestMarginMilliseconds { margin = max(margin, distance) }
            times[place.priority] = runAt - margin
            version += 1
        } else if isCurrent {
            times[place.priority] = max(time, runAt - margin)
        }
    }
}
