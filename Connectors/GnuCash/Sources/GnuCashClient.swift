import ConnectorKit
import Foundation
import GnuCashBook
import Synchronization

/// The only place that opens and writes the book. Every call runs where blocking work runs.
struct GnuCashClient: Sendable {
    let settings: BookSettings
    let surroundings: ConnectorSurroundings
    private let shelf: BookShelf

    /// How often a write starts over because somebody else changed the book between reading and writing.
    static let writeAttempts = 3
    /// When to look again at a book that is open elsewhere, in seconds.
    static let lockedRetrySeconds = 30
    /// When to look again at a book that is busy for a moment, in seconds.
    static let busyRetrySeconds = 5

    init(settings: BookSettings, surroundings: ConnectorSurroundings) {
        self.settings = settings
        self.surroundings = surroundings
        shelf = BookShelf(path: settings.path)
    }

    /// Shows the book as it is now to some work and returns what that gives.
    func read<Value: Sendable>(
        _ work: @escaping @Sendable (OpenBook) throws(ConnectorFailure) -> Value
    ) async throws(ConnectorFailure) -> Value {
        try await run { () throws(ConnectorFailure) in try work(open()) }
    }

    /// The fingerprint of the book's file as it lies there now, without opening it.
    func fingerprint() async throws(ConnectorFailure) -> BookFingerprint {
        try await run { () throws(ConnectorFailure) in try BookFingerprint(of: settings.path) }
    }

    /// Makes an edit of the book as it is now and writes it; made anew when the book changed in between.
    ///
    /// Answers the fault where the edit as a whole does not fit the book.
    func write<Value: Sendable>(
        _ plan: @escaping @Sendable (OpenBook, inout BookEdit) -> Value
    ) async throws(ConnectorFailure) -> Result<Value, EditFault> {
        try await run { () throws(ConnectorFailure) in
            try shelf.saving { () throws(ConnectorFailure) in try save(plan) }
        }
    }

    private func save<Value>(
        _ plan: (OpenBook, inout BookEdit) -> Value
    ) throws(ConnectorFailure) -> Result<Value, EditFault> {
        for _ in 0..<Self.writeAttempts {
            let open = try open()
            var edit = BookEdit()
            let value = plan(open, &edit)
            if edit.isEmpty { return .success(value) }
            var randomness = SeededGUIDs(surroundings.random(16).map(String.init).joined(separator: " "))
            defer { shelf.clear() }
            do throws(BookFailure) {
                try open.file.apply(edit, now: BookTime(surroundings.now()), using: &randomness)
                return .success(value)
            } catch {
                switch error {
                case .changedMeanwhile: continue
                case .refused(let fault): return .failure(fault)
                default: throw ConnectorFailure(error)
                }
            }
        }
        throw .busy(
            detail: "The book \(settings.path) keeps changing while it is to be written; it is tried again later.",
            retryAfterSeconds: Self.busyRetrySeconds)
    }

    private func open() throws(ConnectorFailure) -> OpenBook { try shelf.book(now: surroundings.now()) }

    private func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(ConnectorFailure) -> Value
    ) async throws(ConnectorFailure) -> Value {
        let result: Result<Value, ConnectorFailure>
        do {
            result = try await surroundings.blocking.run { () -> Result<Value, ConnectorFailure> in
                do throws(ConnectorFailure) {
                    return .success(try work())
                } catch {
                    return .failure(error)
                }
            }
        } catch is CancellationError {
            throw .cancelled(mayHaveHappened: true)
        } catch {
            throw .unavailable(mayHaveHappened: true, detail: "\(error)")
        }
        return try result.get()
    }
}

/// The book as it was last read, kept until its file changes.
///
/// Shared by all that one integration does, on threads that may block: who comes while the book is being read waits
/// for it rather than reading it again.
final class BookShelf: Sendable {
    private let path: String
    private let kept = Mutex<OpenBook?>(nil)
    private let saves = Mutex<Void>(())

    init(path: String) { self.path = path }

    /// Runs one save after the other: two at once would find each other's lock and wait for half a minute.
    func saving<Value>(
        _ work: () throws(ConnectorFailure) -> Value
    ) throws(ConnectorFailure) -> Value {
        let result = saves.withLock { _ in
            do throws(ConnectorFailure) {
                return Result<Value, ConnectorFailure>.success(try work())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The book as its file is now.
    func book(now: Moment) throws(ConnectorFailure) -> OpenBook {
        try kept.withLock { kept throws(ConnectorFailure) in
            let seen = try BookFingerprint(of: path)
            if let kept, kept.fingerprint == seen, !kept.isDoubtful(now: now) { return kept }
            kept = nil
            do throws(BookFailure) {
                let open = OpenBook(file: try BookFile.open(path), fingerprint: seen, readAt: now)
                kept = open
                return open
            } catch {
                throw ConnectorFailure(error)
            }
        }
    }

    /// Drops what was read.
    func clear() { kept.withLock { $0 = nil } }
}

/// What tells whether a file was changed: its place, size and time.
struct BookFingerprint: Hashable, Sendable, CustomStringConvertible {
    let inode: UInt64
    let size: Int64
    let changedNanoseconds: Int64

    /// How long after a change a second one may go unnoticed, because file systems stamp by the tick.
    static let tickSeconds: Double = 2

    init(of path: String) throws(ConnectorFailure) {
        var found = stat()
        guard stat(path, &found) == 0 else {
            let reason = String(cString: strerror(errno))
            throw .refused(
                code: "missing",
                detail: "There is no book at \(path) (\(reason)). Check gnucash_file_path; nothing was done.")
        }
        inode = UInt64(found.st_ino)
        size = Int64(found.st_size)
        changedNanoseconds = Int64(found.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(found.st_mtim.tv_nsec)
    }

    /// One word, equal for equal fingerprints.
    var description: String { "\(inode)-\(size)-\(changedNanoseconds)" }

    /// Whether a change right after this one could have left the same fingerprint, seen from that moment.
    func isFresh(at moment: Moment) -> Bool {
        Double(moment.milliseconds) / 1000 - Double(changedNanoseconds) / 1e9 < Self.tickSeconds
    }
}

extension ConnectorFailure {
    /// What the hub decides on when a book could not be read or written. Nothing was changed in any case.
    init(_ failure: BookFailure) {
        let text = failure.description
        switch failure {
        case .notFound: self = .refused(code: "missing", detail: text)
        case .notPermitted: self = .refused(code: "permission", detail: text)
        case .notABook, .truncated, .damaged: self = .unreadable(detail: text)
        case .unknownVersion: self = .refused(code: "version", detail: text)
        case .unbalanced: self = .refused(code: "unbalanced", detail: text)
        case .refused: self = .refused(code: "edit", detail: text)
        case .alreadyExists: self = .refused(code: "exists", detail: text)
        case .locked: self = .busy(detail: text, retryAfterSeconds: GnuCashClient.lockedRetrySeconds)
        case .busy, .changedMeanwhile: self = .busy(detail: text, retryAfterSeconds: GnuCashClient.busyRetrySeconds)
        case .diskFull, .failed: self = .unavailable(mayHaveHappened: false, detail: text)
        }
    }
}

extension BookTime {
    /// A moment in whole seconds.
    init(_ moment: Moment) { self.init(secondsSince1970: moment.milliseconds / 1000) }
}
