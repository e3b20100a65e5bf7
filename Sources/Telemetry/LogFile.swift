import Foundation
import Synchronization

/// A file that log lines are added to, and that may be moved away meanwhile: what rotates logs moves it, and lines go
/// into a new one of the same name, at the next line or when it is asked to look at once.
public final class LogFile: Sendable {
    /// How often it is looked whether the file was moved, in seconds.
    static let lookSeconds = 1.0

    /// Why a log file cannot be used.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private struct State {
        var descriptor: Int32
        var lookedAt: Double
        var mustLook = false
    }

    public let path: String
    private let clock: @Sendable () -> Double
    private let state: Mutex<State>

    /// Opens a file to add to, and makes it where there is none: readable by its owner and group alone.
    ///
    /// - Throws: `Failure` when it cannot be written.
    public init(
        _ path: String, clock: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) throws(Failure) {
        let descriptor = Self.open(path)
        guard descriptor >= 0 else {
            throw Failure(description: "the log file \(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        self.path = path
        self.clock = clock
        state = Mutex(State(descriptor: descriptor, lookedAt: clock()))
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    /// Adds a line. One that cannot be written is lost: a full disk must not end what the hub does.
    public func write(_ line: String) {
        let bytes = Array(line.utf8)
        let now = clock()
        state.withLock { state in
            // A clock that was set back must not keep it from looking.
            if state.mustLook || !(0..<Self.lookSeconds).contains(now - state.lookedAt) {
                (state.lookedAt, state.mustLook) = (now, false)
                follow(&state)
            }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Foundation.write(state.descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Has it look with the next line whether the file was moved.
    public func reopen() { state.withLock { $0.mustLook = true } }

    /// Opens the name anew where another file, or none, stands there; where that fails, lines go where they went.
    private func follow(_ state: inout State) {
        var (there, ours) = (stat(), stat())
        let isSame =
            stat(path, &there) == 0 && fstat(state.descriptor, &ours) == 0 && there.st_ino == ours.st_ino
            && there.st_dev == ours.st_dev
        guard !isSame else { return }
        let descriptor = Self.open(path)
        guard descriptor >= 0 else { return }
        _ = close(state.descriptor)
        state.descriptor = descriptor
    }

    private static func open(_ path: String) -> Int32 {
        Foundation.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
    }
}
