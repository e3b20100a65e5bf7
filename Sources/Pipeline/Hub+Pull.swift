import ConnectorKit
import Ledger
import Queue
import Store
import Telemetry

/// How a pull goes on, for whoever watches.
public struct PullProgress: Sendable {
    public var kind: RecordKind
    /// All that was read so far, with what else the pages told of: customers stand in orders.
    public var counts: RunCounts
    /// How many records of the kind were read so far.
    public var done: Int
    /// How many there are in all, where the far side says; at the end, as many as there were.
    public var total: Int?
    public var isFinished: Bool
}

/// Why a pull stopped before its end. What was read is kept, and the next one goes on from there.
public enum PullFailure: Error, Sendable, CustomStringConvertible {
    case connector(ConnectorFailure)
    case repeating(RecordKind, String)
    /// Somebody stopped it.
    case stopped(String)

    /// One sentence for an operator.
    public var description: String {
        switch self {
        case .connector(let failure): failure.sentence
        case .repeating(let kind, let position):
            "the far side gives the same page of \(kind.rawValue)s again and again (at \(position)); stopped, nothing "
                + "is lost, and what was read is kept"
        case .stopped(let reason): "\(reason); what was read is kept"
        }
    }
}

/// Reading what changed at a far side, page by page; each page is one transaction with the cursor that follows it.
extension Hub {
    /// How many records a page is asked for.
    public static let pageSize = 100

    /// Reads all kinds of an integration that it can read, in the order of its card.
    ///
    /// - Throws: `PullFailure`, `HubError`, `StoreFailure`.
    public func pull(
        _ integration: Integration, kinds only: Set<RecordKind>? = nil, isFull: Bool = false,
        progress: @Sendable (PullProgress) -> Void = { _ in }
    ) async throws -> RunCounts {
        var counts = RunCounts()
        for kind in try sourceKinds(integration) where only?.contains(kind) ?? true {
            counts.add(try await pull(integration, kind, isFull: isFull, progress: progress))
        }
        return counts
    }

    /// The kinds that can be read and are taken, what is referred to first.
    func sourceKinds(_ integration: Integration) throws(HubError) -> [RecordKind] {
        let connector = try connector(of: integration)
        let peer = try peer(integration)
        let order = registry[integration.connector]?.card.kinds.map(\.kind) ?? []
        return order.filter { connector.sources[$0] != nil && !peer.takes($0).isEmpty }
    }

    /// Reads one kind.
    ///
    /// - Throws: `PullFailure`, `HubError`, `StoreFailure`.
    public func pull(
        _ integration: Integration, _ kind: RecordKind, isFull: Bool = false,
        progress: @Sendable (PullProgress) -> Void = { _ in }
    ) async throws -> RunCounts {
        guard let source = try connector(of: integration).sources[kind] else { return RunCounts() }
        let start = ContinuousClock.now
        var counts = RunCounts()
        var outcome = SyncMeters.Outcome.completed
        defer {
            let took = ContinuousClock.now - start
            SyncMeters.count(outcome, counts, of: integration.connector, took: took)
        }
        do {
            let trace = Trace.current ?? trace(ofReading: integration, kind)
            try await Trace.$current.withValue(trace) {
                try await read(source, integration, kind, isFull: isFull, into: &counts, progress: progress)
            }
        } catch {
            outcome = SyncMeters.outcome(of: error)
            throw error
        }
        return counts
    }

    /// What joins all that comes of one reading that nobody asked for: its calls, the changes, the writes elsewhere.
    /// Made of who reads what and when, and of no chance.
    private func trace(ofReading integration: Integration, _ kind: RecordKind) -> Trace? {
        let words = "\(owner) pull \(organization) \(integration.id) \(kind.rawValue) \(now.milliseconds)"
        return Trace(random: Signature.sha256(Array(words.utf8)))
    }

    private func read(
        _ source: any RecordSource, _ integration: Integration, _ kind: RecordKind, isFull: Bool,
        into counts: inout RunCounts, progress: @Sendable (PullProgress) -> Void
    ) async throws {
        let setting = try await mergeSetting(integration)
        let organization = organization
        var cursor = try await store.read {
            try LedgerTable($0, organization: organization).cursor(integration.id, kind)
        }
        if isFull { (cursor.since, cursor.position) = (nil, nil) }
        let begun = now
        var next: String?
        var newest = cursor.since
        var pages = PageWatch(kind: kind)
        var askedAt: Int64?
        let work = DueWork.pull(integration.id, kind)
        var (areAllNamed, done) = (true, 0)
        repeat {
            let request = PageRequest(since: cursor.since, position: next, limit: Self.pageSize)
            let asked = try await readPage(source, request, work, integration)
            try pages.saw(asked.page, at: next)
            askedAt = askedAt ?? asked.askedAt
            next = asked.page.next
            #if Mutations
                if Mutation.secondPageDropped.isPlanted { next = nil }
            #endif
            newest = asked.page.cursor ?? newest
            let isLast = next == nil
            areAllNamed = areAllNamed && asked.page.rejections.allSatisfy { $0.externalID != nil }
            let end = Reading(begun: begun, since: newest, askedAt: askedAt, areAllNamed: areAllNamed)
            let saved = isLast ? try ended(end, kind, of: integration, cursor) : cursor
            let batch = batch(integration, asked, lastSeenAt: cursor.pulledAt)
            counts.add(
                try await absorb(
                    batch, setting, priority: .bulk,
                    also: { session in
                        try JobTable(session, organization: organization)
                            .debit(asked.owed, FarOperation(integration.id, work.operation), now: asked.observedAt)
                        guard isLast else { return }
                        try LedgerTable(session, organization: organization).save(saved, integration.id, kind)
                    }
                ).counts)
            counts.total = asked.page.total ?? counts.total
            try await noteClock(integration, asked)
            done += asked.page.count(of: kind)
            let total = isLast ? done : counts.total
            progress(PullProgress(kind: kind, counts: counts, done: done, total: total, isFinished: isLast))
        } while next != nil
    }

    /// How often a first reading is made again whose records did not all have an id.
    static let unnamedReadingLimit = 2

    /// A reading that has come to its end.
    private struct Reading {
        var begun: Moment
        var since: String?
        var askedAt: Int64?
        /// Whether all records it gave had an id.
        var areAllNamed: Bool
    }

    /// What is remembered of a reading at its end. A first one that gave records without an id is made once more: one
    /// of them may be what the hub is about to make there, and nothing is made before the first reading has ended.
    private func ended(
        _ reading: Reading, _ kind: RecordKind, of integration: Integration, _ cursor: PullCursor
    ) throws -> PullCursor {
        var saved = cursor
        if cursor.pulledAt == nil, !reading.areAllNamed, try peer(integration).matches(kind) {
            let isRepeated = cursor.unnamedReadings < Self.unnamedReadingLimit
            let then = isRepeated ? "made again" : "left at that"
            logger.warning(
                "the first reading gave \(kind.rawValue)s without an id; it is \(then)",
                metadata: ["integration": "\(integration.name)"])
            saved.unnamedReadings += 1
            if isRepeated { return saved }
        }
        saved.since = reading.since
        saved.position = nil
        saved.pulledAt = reading.begun
        saved.askedAt = reading.askedAt
        return saved
    }

    struct AskedPage {
        var page: Page
        var askedAt: Int64
        var requestedAt: Moment
        var observedAt: Moment
        /// How many calls it took beyond the one it drew.
        var owed: Int
    }

    private func readPage(
        _ source: any RecordSource, _ request: PageRequest, _ work: DueWork, _ integration: Integration
    ) async throws -> AskedPage {
        let organization = organization
        do {
            return try await patiently(work, of: integration, isFirst: request.position == nil) {
                let number = try await store.read { try LedgerTable($0, organization: organization).settleNumber() }
                let requested = now
                let (page, owed) = try await CallTally.owed(beside: 1) { try await source.page(request) }
                return AskedPage(page: page, askedAt: number, requestedAt: requested, observedAt: now, owed: owed)
            }
        } catch let failure as ConnectorFailure {
            throw PullFailure.connector(failure)
        }
    }

    private func batch(_ integration: Integration, _ asked: AskedPage, lastSeenAt: Moment?) -> ObservedBatch {
        var batch = ObservedBatch(
            integration: integration.id, drafts: asked.page.drafts, rejections: asked.page.rejections,
            askedAt: asked.askedAt, requestedAt: asked.requestedAt, observedAt: asked.observedAt,
            lastSeenAt: lastSeenAt, clockOffsetSeconds: integration.clockOffsetMilliseconds.map { Double($0) / 1000 })
        if let trace = Trace.current?.id {
            for draft in batch.drafts { batch.traces[ExternalKey(draft.kind, draft.externalID)] = trace }
        }
        return batch
    }

    /// A far clock counts whole seconds; an offset that moves by less than this is noise, in milliseconds.
    static let clockNoiseMilliseconds: Int64 = 2_000

    private func noteClock(_ integration: Integration, _ asked: AskedPage) async throws {
        guard let far = asked.page.farClock else { return }
        let middle = (asked.requestedAt.milliseconds + asked.observedAt.milliseconds) / 2
        let offset = far.milliseconds + 500 - middle
        if let known = integration.clockOffsetMilliseconds, abs(known - offset) < Self.clockNoiseMilliseconds { return }
        let organization = organization
        try await store.write { session in
            try LedgerTable(session, organization: organization).setClockOffset(offset, of: integration.id)
        }
    }
}

/// Notices a far side that gives the same page for ever.
struct PageWatch {
    let kind: RecordKind
    private var positions = Set<String>()
    private var last: [String] = []
    private var repeats = 0

    /// How often the same ids may follow each other, and how many pages a pull may have at most.
    static let repeatLimit = 3
    static let pageLimit = 100_000

    init(kind: RecordKind) { self.kind = kind }

    mutating func saw(_ page: Page, at position: String?) throws {
        guard let next = page.next else { return }
        let ids = page.drafts.map(\.externalID)
        repeats = ids == last && !ids.isEmpty ? repeats + 1 : 0
        last = ids
        guard positions.insert(next).inserted, repeats < Self.repeatLimit, positions.count < Self.pageLimit else {
            throw PullFailure.repeating(kind, next)
        }
    }
}

extension Page {
    /// How many of its records are of that kind, with those that cannot be used.
    fileprivate func count(of kind: RecordKind) -> Int {
        drafts.count { $0.kind == kind } + rejections.count { $0.kind == kind }
    }
}
