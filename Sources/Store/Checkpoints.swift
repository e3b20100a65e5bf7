import Foundation
import GRDB
import GRDBSQLite
import Synchronization

/// Brings committed pages from the write-ahead log into the file beside the writer, so that no commit waits for it.
///
/// A checkpoint by the writer itself stops every commit behind it for the length of two fsyncs, several times a second
/// under load. A passive one on a connection of its own stops none; the writer's own comes only when this one cannot
/// keep up, and then finds most of its work done.
final class Checkpoints: Sendable {
    /// How many pages wait in the log before they are brought in. Small pieces, often: a large one keeps the disk from
    /// the commits for as long as it takes.
    static let pages = 256
    /// From how many pages on the writer does it itself, and the log starts anew.
    static let writerPages = 8_000
    /// The largest log that keeps its file when it starts anew, in bytes. To write over what is there takes the disk
    /// less than half as long as to let a file grow (measured: 0.28 and 0.66 ms in the middle, a third at the 99th).
    static let keptBytes = 64 << 20
    /// How many commits pass between two looks at the log.
    static let commitsPerLook = 4

    private struct Log {
        /// Pages in the log as of the last commit, and how many of them the file has.
        var pages = 0
        var brought = 0
        var commits = 0
    }

    private let path: String
    private let signal = DispatchSemaphore(value: 0)
    private let isClosing = Mutex(false)
    private let ended = DispatchSemaphore(value: 0)
    private let log = Mutex(Log())

    init(path: String) {
        self.path = path
        let thread = Thread { [self] in run() }
        thread.name = "crossdock-checkpoints"
        thread.start()
    }

    /// Is told of every commit of a connection from now on, in the place of SQLite's own checkpoints. The connection
    /// must not outlive this object.
    func watch(_ writer: Database) {
        sqlite3_wal_hook(
            writer.sqliteConnection,
            { context, connection, name, pages in
                guard let context else { return SQLITE_OK }
                Unmanaged<Checkpoints>.fromOpaque(context).takeUnretainedValue().committed(Int(pages))
                // What it could not do now it does after a later commit.
                if pages >= Checkpoints.writerPages {
                    sqlite3_wal_checkpoint_v2(connection, name, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
                }
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func committed(_ pages: Int) {
        let isTime = log.withLock { log in
            // Fewer than before: the log has started anew.
            if pages < log.pages { log.brought = 0 }
            log.pages = pages
            guard pages - log.brought >= Self.pages else { return false }
            log.commits = (log.commits + 1) % Self.commitsPerLook
            return log.commits == 0
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
            guard log.withLock({ $0.pages - $0.brought >= Self.pages }) else { continue }
            let found = try? queue?.writeWithoutTransaction { try $0.checkpoint(.passive) }
            log.withLock { if let found, found.walFrameCount <= $0.pages { $0.brought = found.checkpointedFrameCount } }
        }
        try? queue?.close()
    }
}
