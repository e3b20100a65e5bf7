import Store
import Testing

@testable import Queue

@Suite("Dead letters")
struct DeadLetterTests {
    private static let start = QueueStage.start

    @Test func theyAreListedAndCountedByWhatTheyFailedWith() async throws {
        try await QueueStage.once { table, ids throws in
            for (key, errorClass) in [
                ("1", "refused:23505"), ("2", "refused:400"), ("3", "unreadable"), ("4", "refusedly"),
            ] {
                _ = try table.dead(newJob(key), errorClass: errorClass, ids: &ids)
            }
            _ = try table.dead(newJob("5", integration: 6), errorClass: "unreadable", ids: &ids)
            func keys(_ filter: JobFilter) throws -> Set<String> { Set(try table.deadLetters(filter).map(\.key)) }
            #expect(try keys(JobFilter()) == ["1", "2", "3", "4", "5"])
            #expect(try keys(JobFilter(errorClass: "refused")) == ["1", "2"])
            #expect(try keys(JobFilter(errorClass: "refused:400")) == ["2"])
            #expect(try keys(JobFilter(integration: 5, errorClass: "unreadable")) == ["3"])
            #expect(try keys(JobFilter(queue: .fetch)).isEmpty)
            #expect(try keys(JobFilter(ids: [])).isEmpty)
            #expect(try table.deadClasses().first?.errorClass == "unreadable")
            #expect(try table.deadClasses().first?.count == 2)
        }
    }

    @Test func anEditedOneRunsWithItsNewPayloadOnceItIsRetried() async throws {
        try await QueueStage.once { table, ids throws in
            let job = try table.dead(newJob("7", .fetch), ids: &ids)
            #expect(try table.editDead(job.id, payload: Array("{\"final\": true}".utf8), now: Self.start))
            #expect(try table.state(job.id) == .dead)
            #expect(try table.retryDead(JobFilter(ids: [job.id]), now: Self.start).retried == 1)
            let again = try table.claim(work(.fetch), limit: 1, owner: "me", now: Self.start)[0]
            #expect(again.payload == ["final": true])
            #expect(again.attempt == 1)
        }
    }

    @Test(arguments: [
        ("{\"final\": tru", "not JSON"), ("", "not JSON: cut off at byte 0"), ("{\"final\": true} x", "not JSON"),
        ("[]", "must be null or a JSON object"), ("7", "must be null or a JSON object"),
        ("{\"v\": 2}", "version 2; this Crossdock knows versions up to 1"), ("{\"v\": \"1\"}", "of version \"1\""),
        ("{\"v\": 0}", "of version 0"), ("{\"finale\": true}", "\"finale\" that means nothing here; there are: final"),
        ("{\"final\": \"yes\"}", "\"final\" in the payload must be true or false"),
    ])
    func anEditThatCannotBeItsPayloadIsRefusedAndLeavesItAsItWas(text: String, expected: String) async throws {
        try await QueueStage.once { table, ids throws in
            let job = try table.dead(newJob("7", .fetch, payload: ["final": false]), ids: &ids)
            let refusal = #expect(throws: PayloadRefusal.self) {
                try table.editDead(job.id, payload: Array(text.utf8), now: Self.start)
            }
            #expect(refusal?.description.contains(expected) == true, "\(refusal?.description ?? "")")
            #expect(try table.deadLetters().map(\.payload) == ["{\"final\":false}"])
        }
    }

    @Test func anEditOfAMegabyteIsRefusedAndOneAtTheLimitIsTaken() async throws {
        try await QueueStage.once { table, ids throws in
            let job = try table.dead(newJob("7", .task, kind: nil), ids: &ids)
            let frame = "{\"x\":\"\"}".utf8.count
            func sized(_ size: Int) -> [UInt8] {
                Array(("{\"x\":\"" + String(repeating: "x", count: size - frame) + "\"}").utf8)
            }
            for size in [1 << 20, PayloadRule.byteLimit + 1] {
                #expect(throws: PayloadRefusal.tooLarge(bytes: size)) {
                    try table.editDead(job.id, payload: sized(size), now: Self.start)
                }
            }
            #expect(try table.editDead(job.id, payload: sized(PayloadRule.byteLimit), now: Self.start))
        }
    }

    @Test func onlyADeadOneCanBeEdited() async throws {
        try await QueueStage.once { table, ids throws in
            let job = try table.claimed(newJob("7", .fetch), ids: &ids)
            #expect(try !table.editDead(job.id, payload: Array("null".utf8), now: Self.start))
            #expect(try !table.editDead(99, payload: Array("null".utf8), now: Self.start))
        }
    }

    @Test func oneWhoseWorkIsAskedForAlreadyGivesWayToTheNewerJob() async throws {
        try await QueueStage.once { table, ids throws in
            let old = try table.dead(newJob("7"), ids: &ids)
            let older = try table.dead(newJob("8"), ids: &ids)
            let twin = try table.dead(newJob("8"), ids: &ids)
            try table.add([newJob("7")], ids: &ids, now: Self.start)
            let done = try table.retryDead(JobFilter(), now: Self.start)
            #expect(done == RetriedLetters(retried: 1, superseded: 2))
            #expect(try table.state(old.id) == .superseded)
            #expect(Set([try table.state(older.id), try table.state(twin.id)]) == [.available, .superseded])
            #expect(try table.counts()[.available] == 2)
        }
    }

    @Test func aLetterWhoseWorkIsOpenIsNotRunASecondTimeByRunNow() async throws {
        try await QueueStage.once { table, ids throws in
            let old = try table.dead(newJob("7"), ids: &ids)
            try table.add([newJob("7")], ids: &ids, now: Self.start)
            #expect(try table.runNow(old.id, now: Self.start))
            #expect(try table.claim(work(), limit: 9, owner: "me", now: Self.start).count == 1)
        }
    }

    @Test func theyAreRetriedOrDroppedByErrorClass() async throws {
        try await QueueStage.once { table, ids throws in
            for key in ["1", "2"] { _ = try table.dead(newJob(key), errorClass: "refused:400", ids: &ids) }
            let other = try table.dead(newJob("3"), errorClass: "unreadable", ids: &ids)
            #expect(try table.retryDead(JobFilter(errorClass: "refused"), now: Self.start).retried == 2)
            #expect(try table.dropDead(JobFilter(errorClass: "unreadable"), by: "ann", now: Self.start) == 1)
            #expect(try table.job(other.id)?.error == "dropped by ann; it was refused")
            #expect(try table.deadLetters().isEmpty)
        }
    }

    /// Not a later job of another key, and not one that fails.
    @Test func aLaterSuccessOfTheSameKeyResolvesThemAllAndNothingElseDoes() async throws {
        try await QueueStage.once { table, ids throws in
            let first = try table.dead(newJob("7"), ids: &ids)
            let second = try table.dead(newJob("7"), ids: &ids)
            let other = try table.dead(newJob("8"), ids: &ids)
            let held = try table.claimed(newJob("7"), ids: &ids)
            try table.settle([(held, .held(reason: "r"))], owner: "me", now: Self.start)
            #expect(try table.state(first.id) == .dead)
            _ = try table.runNow(held.id, now: Self.start)
            let again = try table.claim(work(), limit: 1, owner: "me", now: Self.start)[0]
            try table.settle([(again, .completed)], owner: "me", now: Self.start)
            #expect(try table.state(first.id) == .superseded)
            #expect(try table.state(second.id) == .superseded)
            #expect(try table.state(other.id) == .dead)
        }
    }

    /// A worker that lost its lease says nothing about its key.
    @Test func aSuccessThatIsNotCountedResolvesNothing() async throws {
        try await QueueStage.once { table, ids throws in
            let dead = try table.dead(newJob("7"), ids: &ids)
            let stale = try table.claimed(newJob("7"), ids: &ids)
            try table.rescue(now: Self.start + 60)
            try table.settle([(stale, .completed)], owner: "me", now: Self.start + 60)
            #expect(try table.state(dead.id) == .dead)
        }
    }
}
