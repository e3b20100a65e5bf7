import Store
import Synchronization
import TestStores
import Testing

@testable import Queue

/// Steps that do without the turn of their organization, on a server; in a file they are steps like others.
@Suite("Claims without a turn")
struct FreeStepTests {
    private static let start = QueueStage.start
    private static let tasks = work(.task, integration: 0, kind: nil)

    private static func task(_ key: String, batch: Int64? = nil, lane: String? = nil) -> NewJob {
        newJob(key, .task, integration: 0, kind: nil, lane: lane, batch: batch)
    }

    /// Takes tasks until there are none, and answers which those were.
    private static func carry(_ store: any Store, _ owner: String) async throws -> [Int64] {
        var settled: [Int64] = []
        while true {
            let jobs = try await store.write(.lease) { session in
                try JobTable(session, organization: 1).take(tasks, limit: 7, owner: owner, now: start)
            }
            guard !jobs.isEmpty else { return settled }
            settled += try await store.write { session in
                try JobTable(session, organization: 1).settle(jobs.map { ($0, .completed) }, owner: owner, now: start)
            }
        }
    }

    @Test func processesThatLookAtOnceTakeNoTaskTwiceAndLeaveNone() async throws {
        let place = TestStore.Place()
        defer { place.remove() }
        let stores = try (0..<2).map { _ in
            WatchedStore(try place.open([IDPool.migration] + QueueMigrations.all)).of(1)
        }
        let block = try await IDPool(stores[0]).draw(300)
        try await stores[0].write { session in
            var ids = block
            try JobTable(session, organization: 1).add(
                (0..<300).map { Self.task("\($0)") }, ids: &ids, now: Self.start)
        }
        let taken = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for worker in 0..<6 {
                let store = stores[worker % 2].freely
                group.addTask { try await Self.carry(store, "worker \(worker)") }
            }
            return try await group.reduce([], +)
        }
        #expect(taken.count == 300)
        #expect(Set(taken).count == 300)
        let left = try await stores[1].read { try JobTable($0, organization: 1).list([.available, .running]) }
        #expect(left.isEmpty)
        for store in stores { await store.close() }
    }

    @Test func whatEndsABatchOrALaneIsDoneWithTheTurnAllTheSame() async throws {
        let stage = try QueueStage()
        let batch = try await stage.step { table, ids in
            let batch = try table.openBatch("import", lastStep: nil, ids: &ids, now: Self.start)
            try table.add(
                [
                    Self.task("counted", batch: batch), Self.task("first", lane: "lane"),
                    Self.task("second", lane: "lane"), Self.task("alone"),
                ], ids: &ids, now: Self.start)
            try table.sealBatch(batch, now: Self.start)
            return batch
        }
        let store = stage.store.of(1).freely
        let take = { @Sendable (session: any StoreSession) in
            try JobTable(session, organization: 1).take(Self.tasks, limit: 9, owner: "me", now: Self.start)
        }
        let jobs = try await store.write(.lease, take)
        #expect(jobs.map(\.key) == ["counted", "first", "alone"])
        // All at once, so that they come into one commit.
        try await withThrowingTaskGroup(of: Int.self) { group in
            for job in jobs {
                group.addTask {
                    try await store.write { session in
                        try JobTable(session, organization: 1).settle(
                            [(job, .completed)], owner: "me", now: Self.start
                        ).count
                    }
                }
            }
            for try await count in group { #expect(count == 1) }
        }
        #expect(try await store.write(.lease, take).map(\.key) == ["second"])
        let progress = try await stage.step { table, _ in try table.progress(ofBatch: batch) }
        #expect(progress?.endedAt == Self.start)
        await stage.store.close()
    }

    @Test func whoLooksInOneCommitWithAnotherThatFoundNothingFindsWhatCameBetween() async throws {
        let stage = try QueueStage()
        let found = try await stage.step { table, ids in
            let take = { try table.take(Self.tasks, limit: 2, owner: "me", now: Self.start).map(\.key) }
            var found = [try take(), try take()]
            try table.add([Self.task("1"), Self.task("2"), Self.task("3")], ids: &ids, now: Self.start)
            found += [try take(), try take(), try take()]
            let jobs = try table.list([.running]).filter { $0.key == "2" }
            try table.settle(jobs.map { ($0, .released(keepsIntent: false)) }, owner: "me", now: Self.start)
            return found + [try take()]
        }
        #expect(found == [[], [], ["1", "2"], ["3"], [], ["2"]])
        await stage.store.close()
    }

    @Test func workThatSharesLimitsIsClaimedWithTheTurn() async throws {
        let stage = try QueueStage()
        try await stage.step { table, ids in try table.add([newJob("1")], ids: &ids, now: Self.start) }
        let hadTurn = Mutex<[Bool]>([])
        let jobs = try await stage.store.of(1).freely.write(.lease) { session in
            hadTurn.withLock { $0.append(session.hasTurn) }
            return try JobTable(session, organization: 1).take(work(), limit: 1, owner: "me", now: Self.start)
        }
        #expect(jobs.count == 1)
        #expect(hadTurn.withLock { $0.last } == true)
        await stage.store.close()
    }
}
