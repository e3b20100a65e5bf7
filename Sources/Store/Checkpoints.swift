import Foundation
import GRDB
import Synchronization

/// Brings committed pages from the write-ahead log into the file beside the writer, so that no commit waits for it.
///
/// A checkpoint by the writer itself stops every commit behind it for the length of two fsyncs, several times a second
/// under load. A passive one on a connection of its own stops none; the writer's own comes only when this one cannot
/// keep up, and then finds most of its work done.
final class Checkpoints: Sendable {
    /// How long the log may grow before it is brought in, in bytes. Small pieces, often: a large one keeps the disk
    /// from the commits for as long as it takes.
    static let logBytes = 1 << 20
    /// From how many pages on the writer does it itself.
    static let writerPages = 8_000

    private let path: String
    private let signal = DispatchSemaphore(value: 0)
    private let isClosing = Mutex(false)
    private let ended = DispatchSemaphore(value: 0)
    private let commits = Mutex(0)

    /// How many commits pass between two looks at the log's size.
    static let commitsPerLook = 4

    init(path: String) {
        self.path = path
        let thread = Thread { [self] in run() }
        thread.name = "crossdock-checkpoints"
        thread.start()
    }

    /// Told after every commit.
    func look() {
        let isTime = commits.withLock { commits in
            commits = (commits + 1) % Self.commitsPerLook
            return commits == 0
        }
        if isTime { signal.signal() }
    }

    /// Ends the thread; returns when it has let go of the file.
    func close() {
        isClosing.withLock { $0 = true }
        signal.signal()
        ended.wait()
    }

    private func run() {
        defer { ended.signal() }
        var configuration = Configuration()
        configuration.busyMode = .immediateError
        // Without a connection of its own the writer's checkpoints remain; nothing is lost by that.
        let queue = try? DatabaseQueue(path: path, configuration: configuration)
        while true {
            signal.wait()
            if isClosing.withLock({ $0 }) { break }
            guard logSize() >= Self.logBytes else { continue }
            try? queue?.writeWithoutTransaction { database in _ = try database.checkpoint(.passive) }
        }
        try? queue?.close()
    }

    private func logSize() -> Int {
        var status = stat()
        return stat(path + "-wal", &status) == 0 ? Int(status.st_size) : 0
    }
}
