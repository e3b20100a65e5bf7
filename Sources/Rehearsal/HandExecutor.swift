import Synchronization

/// Runs tasks by hand: what becomes ready waits in its order until the one thread of the rehearsal runs it.
///
/// Every task of the hub prefers this executor, and its children with it, so that nothing runs beside the rehearsal and
/// the order of everything follows from the seed.
final class HandExecutor: TaskExecutor {
    private let ready = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        ready.withLock { $0.append(job) }
    }

    /// Runs what is ready, and what becomes ready by it, until every task waits for something.
    func runUntilAllWait() {
        while true {
            let jobs = ready.withLock { ready in
                defer { ready = [] }
                return ready
            }
            if jobs.isEmpty { return }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }
}
