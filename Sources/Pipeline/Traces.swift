import Ledger
import Queue
import Reconcile
import Telemetry

/// Which trace each record of a merge belongs to: that of the call that showed it. What was read by itself has none.
struct Traces: Sendable {
    private let shown: [ExternalKey: String]
    private var records: [Int64: String] = [:]

    /// No traces.
    init() { shown = [:] }

    /// Those of a batch, and of what it came to.
    init(_ batch: ObservedBatch, _ absorption: Absorption) {
        shown = batch.traces
        guard !shown.isEmpty else { return }
        for link in absorption.links.values where link.integration == batch.integration {
            records[link.record] = shown[ExternalKey(link.kind, link.externalID)]
        }
    }

    /// Those of tasks that bring records in step.
    init(delivering jobs: [Job]) {
        shown = [:]
        for job in jobs {
            if let record = Int64(job.key), let trace = job.trace { records[record] = trace }
        }
    }

    /// The change with its trace.
    func marked(_ change: Change) -> Change {
        var change = change
        change.trace = change.trace ?? records[change.record] ?? only
        return change
    }

    /// The task with its trace.
    func marked(_ job: NewJob) -> NewJob {
        var job = job
        let own: String? =
            switch job.queue {
            case .deliver: Int64(job.key).flatMap { records[$0] }
            case .fetch: job.kind.flatMap { shown[ExternalKey($0, job.key)] }
            case .receive, .pull, .notify, .task: nil
            }
        job.trace = job.trace ?? own ?? only
        return job
    }

    /// What was written with its trace.
    func marked(_ receipt: Receipt) -> Receipt {
        var receipt = receipt
        receipt.trace = receipt.trace ?? records[receipt.record]
        return receipt
    }

    /// The only trace there is: all that came of one call, also where it touched others than it named.
    private var only: String? {
        let all = Set(shown.values)
        return all.count == 1 ? all.first : nil
    }
}

extension Collection<Job> {
    /// The trace that all of them belong to; nil where they belong to several, or began by themselves.
    var commonTrace: Trace? {
        let all = Set(map(\.trace))
        guard all.count == 1, case .some(.some(let id)) = all.first else { return nil }
        return Trace(id: id)
    }
}
