import Foundation
import Store
import Synchronization
import TestStores

@testable import Queue

/// A fresh store with the queue's tables, and a clock moved by hand.
final class QueueStage: Sendable {
    static let start = Moment(seconds: 1_700_000_000)

    let store: any Store
    private let place = TestStore.Place()
    private let nextID = Mutex<Int64>(1000)

    init() throws {
        store = WatchedStore(try place.open([IDPool.migration] + QueueMigrations.all))
    }

    deinit { place.remove() }

    /// A step on the tables, with ids nobody else has.
    func step<Value: Sendable>(
        of organization: Int64 = 1, _ action: @escaping @Sendable (JobTable, inout IDBlock) throws -> Value
    ) async throws -> Value {
        let first = nextID.withLock { next in
            next += 100_000
            return next - 100_000
        }
        return try await store.write { session in
            var ids = IDBlock(first..<first + 100_000)
            return try action(JobTable(session, organization: organization), &ids)
        }
    }

    /// One step on a store of its own.
    static func once<Value: Sendable>(
        _ action: @escaping @Sendable (JobTable, inout IDBlock) throws -> Value
    ) async throws -> Value {
        try await QueueStage().step(action)
    }
}

extension Moment {
    static func + (moment: Moment, seconds: Double) -> Moment { moment.adding(seconds: seconds) }
}

/// A job for integration 5 unless said otherwise.
func newJob(
    _ key: String, _ queue: JobQueue = .deliver, integration: Int64 = 5, kind: RecordKind? = .product,
    priority: Int = 100, at: Moment = QueueStage.start, payload: JSON = .null, lane: String? = nil,
    batch: Int64? = nil
) -> NewJob {
    NewJob(
        queue, integration: integration, kind: kind, key: key, priority: priority, runAt: at, payload: payload,
        lane: lane, batch: batch)
}

/// The sort of work `newJob` makes.
func work(_ queue: JobQueue = .deliver, integration: Int64 = 5, kind: RecordKind? = .product) -> DueWork {
    DueWork(integration: integration, queue: queue, kind: kind)
}

extension JobTable {
    /// A job that was put on the queue and claimed by `me`.
    func claimed(_ new: NewJob, ids: inout IDBlock, now: Moment = QueueStage.start) throws -> Job {
        try add([new], ids: &ids, now: now)
        let sort = DueWork(integration: new.integration, queue: new.queue, kind: new.kind)
        guard let job = try claim(sort, limit: 1000, owner: "me", now: now).first(where: { $0.key == new.key }) else {
            throw StoreFailure.refused("\(new.key) was not claimed")
        }
        return job
    }

    /// A job that was given up.
    func dead(
        _ new: NewJob, errorClass: String = "refused:23505", ids: inout IDBlock, now: Moment = QueueStage.start
    ) throws -> Job {
        let job = try claimed(new, ids: &ids, now: now)
        try settle([(job, .dead(errorClass: errorClass, error: "it was refused"))], owner: "me", now: now)
        return job
    }

    func state(_ id: Int64) throws -> JobState? { try job(id)?.state }
}

extension JobTable {
    /// How the database goes about a claim.
    func planOfClaim() throws -> [String] {
        let plain = try plan(of: Self.readyStatement, count: 5) + plan(of: Self.timedStatement, count: 6)
        guard TestStore.Place().isPostgres else { return plain }
        return try plain + plan(of: Self.readyStatement + Self.lock, count: 5)
            + plan(of: Self.readyPartStatement, count: 7) + plan(of: Self.readyBetweenStatement, count: 7)
            + plan(of: Self.timedPartStatement, count: 7)
    }

    /// How it goes about a look at what runs.
    func planOfLookAtRunning() throws -> [String] { try plan(of: Self.runningStatement, count: 4) }

    /// How it goes about a walk over the sorts of waiting jobs.
    func planOfWalk(_ waiting: Waiting) throws -> [String] {
        let whole = try plan(of: Self.step(waiting), count: 4)
        guard TestStore.Place().isPostgres else { return whole }
        // Between two values it takes one more than are given.
        return try (SortWalk.pieces[waiting] ?? [:]).reduce(whole) { lines, texts in
            try texts.value.reduce(lines) { try $0 + plan(of: $1, count: texts.key + 3) }
        }
    }

    private func plan(of sql: String, count: Int) throws -> [String] {
        guard TestStore.Place().isPostgres else {
            return try session.rows("EXPLAIN QUERY PLAN " + sql, Array(repeating: .integer(1), count: count))
                .map { $0.text(3) }
        }
        let plain = (1...count).reversed().reduce(sql) { $0.replacing("?\($1)", with: "'1'") }
        return try session.rows("EXPLAIN " + plain, []).map {
            $0.text(0).replacing("Index Scan using ", with: "using index ")
        }
    }
}
