import Store
import Testing

@testable import Queue

@Suite("The arrows between job states")
struct JobStateTests {
    private static let start = QueueStage.start

    /// Something that is done to a job, by its name.
    private struct Deed {
        let name: String
        let act: (JobTable, Job, inout IDBlock) throws -> Void

        init(_ name: String, _ act: @escaping (JobTable, Job, inout IDBlock) throws -> Void) {
            self.name = name
            self.act = act
        }

        init(_ name: String, _ outcome: JobOutcome) {
            self.init(name) { table, job, _ in try settle(table, job, outcome) }
        }
    }

    private static var deeds: [Deed] {
        [
            Deed("asked for again") { table, job, ids in try table.add([queued(job)], ids: &ids, now: start) },
            Deed("claimed") { table, _, _ in _ = try table.claim(work(), limit: 9, owner: "other", now: start + 60) },
            Deed("run now") { table, job, _ in _ = try table.runNow(job.id, now: start) },
            Deed("put off") { table, job, _ in
                _ = try table.snooze(job.id, until: start + 99, by: "ann", now: start)
            },
            Deed("held") { table, job, _ in _ = try table.hold(job.id, reason: "look", by: "ann", now: start) },
            Deed("dropped") { table, job, _ in _ = try table.cancel(job.id, now: start) },
            Deed("dropped with the rest, then released") { table, job, _ in
                _ = try table.cancelAll(JobFilter(integration: 5), by: "ann", reason: "", now: start)
                try settle(table, job, .released(keepsIntent: false))
            }, Deed("rescued") { table, _, _ in _ = try table.rescue(now: start + 500) },
            Deed("found unknown") { table, job, _ in
                try table.session.run(
                    "UPDATE job SET kind = 'planet' WHERE organization_id = ?2 AND id = ?1",
                    [.integer(job.id), .integer(table.organization)])
                try table.giveUpUnknown(now: start)
                try table.session.run(
                    "UPDATE job SET kind = 'product' WHERE organization_id = ?2 AND id = ?1",
                    [.integer(job.id), .integer(table.organization)])
            }, Deed("completed", .completed),
            Deed("failed", .retry(errorClass: "e", error: "e", at: start + 5, keepsIntent: false)),
            Deed("snoozed", .snooze(reason: "r", until: start + 5)), Deed("ended held", .held(reason: "r")),
            Deed("given up", .dead(errorClass: "e", error: "e")), Deed("released", .released(keepsIntent: false)),
            Deed("done by a later job") { table, job, ids in
                guard try !(table.job(job.id)?.state.isOpen ?? true) else { return }
                let later = try table.claimed(queued(job), ids: &ids)
                try table.settle([(later, .completed)], owner: "me", now: start)
            }, Deed("retried as dead") { table, _, _ in try table.retryDead(JobFilter(), now: start) },
            Deed("dropped as dead") { table, _, _ in _ = try table.dropDead(JobFilter(), by: "ann", now: start) },
        ]
    }

    private static func queued(_ old: Job) -> NewJob { newJob(old.key) }

    private static func settle(_ table: JobTable, _ job: Job, _ outcome: JobOutcome) throws {
        try table.settle([(job, outcome)], owner: "me", now: start)
    }

    /// A job in that state, in a table that holds nothing else.
    private static func job(in state: JobState, _ table: JobTable, _ ids: inout IDBlock) throws -> Job {
        switch state {
        case .available: try table.add([newJob("7")], ids: &ids, now: start)
        case .scheduled: try table.add([newJob("7", at: start + 30)], ids: &ids, now: start)
        default:
            let job = try table.claimed(newJob("7"), ids: &ids)
            switch state {
            case .completed: try settle(table, job, .completed)
            case .retryable:
                try settle(table, job, .retry(errorClass: "e", error: "e", at: start + 30, keepsIntent: false))
            case .held: try settle(table, job, .held(reason: "r"))
            case .dead: try settle(table, job, .dead(errorClass: "e", error: "e"))
            case .superseded:
                try settle(table, job, .dead(errorClass: "e", error: "e"))
                let later = try table.claimed(newJob("7"), ids: &ids)
                try settle(table, later, .completed)
            case .cancelled:
                try settle(table, job, .held(reason: "r"))
                _ = try table.cancel(job.id, now: start)
            case .available, .scheduled, .running: break
            }
        }
        let id = try table.session.rows(
            "SELECT min(id) FROM job WHERE organization_id = ?1", [.integer(table.organization)])[0].integer(0)
        guard let found = try table.job(id), found.state == state else {
            throw StoreFailure.refused("no job came to be \(state)")
        }
        return found
    }

    /// Every deed on a job in every state: it moves along declared arrows only, and every arrow is walked.
    @Test func everyDeedMovesAJobAlongDeclaredArrowsAndEveryArrowIsWalked() async throws {
        var walked = Set<String>()
        let stage = try QueueStage()
        var organization: Int64 = 0
        for state in JobState.allCases {
            for index in Self.deeds.indices {
                let deed = Self.deeds[index]
                organization += 1
                let after = try await stage.step(of: organization) { table, ids throws -> JobState? in
                    let deed = Self.deeds[index]
                    let job = try Self.job(in: state, table, &ids)
                    try deed.act(table, job, &ids)
                    return try table.state(job.id)
                }
                let to = try #require(after, "\(deed.name) lost a job that was \(state)")
                #expect(to == state || state.next.contains(to), "\(deed.name): \(state) -> \(to)")
                if to != state { walked.insert("\(state) -> \(to)") }
            }
        }
        let declared = Set(JobState.allCases.flatMap { from in from.next.map { "\(from) -> \($0)" } })
        #expect(declared.subtracting(walked).isEmpty, "\(declared.subtracting(walked).sorted())")
    }

    @Test func openAndWaitingStatesAreThoseOfTheIndexes() {
        #expect(JobState.allCases.filter(\.isOpen) == [.available, .scheduled, .running, .retryable, .held])
        #expect(JobState.allCases.filter(\.isWaiting) == [.available, .scheduled, .retryable])
        for state in JobState.allCases where !state.isOpen && state != .dead { #expect(state.next.isEmpty) }
    }
}
