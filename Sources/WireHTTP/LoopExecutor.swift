import NIOCore

/// Runs what a connection's requests ask for on the thread that reads and writes that connection: a request changes no
/// thread until it waits for the store, and its answer none before it is written.
///
/// Whatever takes long must be elsewhere, as in any task: the store, passwords and far sides have threads of their own.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
