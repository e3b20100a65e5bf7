import CSpawn
import Foundation
import Synchronization

/// A program that a test runs beside itself.
///
/// Foundation's own (`Process`, Swift 6.3) looks for the highest open file and copies 256 bytes of each name in
/// `/proc/self/fd`, also of the last that its buffer holds: a test process with some 1,300 open files dies of it now
/// and then. It also hears late of an end where two programs were started at the same instant.
public final class ChildProgram: Sendable {
    /// Where something it writes goes.
    public enum Place: Sendable {
        /// Nobody reads it.
        case nowhere
        /// Where the test's own goes.
        case shared
        /// Into a file, which is made anew.
        case file(String)
        /// Into what is open under that number here.
        case open(Int32)
    }

    /// Why a program is not there.
    public struct NotStarted: Error, CustomStringConvertible {
        /// The program, and what the system says.
        public let description: String
    }

    /// The number of its process.
    public let id: Int32
    private let status = Mutex<Int32?>(nil)

    /// What shells add to the number of a signal that ended a program.
    public static let signalBase: Int32 = 128

    /// Starts a program. It reads nothing, has no open file of the test's, and all signals are as usual to it.
    ///
    /// `folder`: where it stands, or nil: where the test does.
    ///
    /// - Throws: `NotStarted`.
    public init(
        _ path: String, _ arguments: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment,
        folder: String? = nil, output: Place = .shared, errors: Place = .shared
    ) throws {
        let actions = try Self.actions(folder: folder, output: output, errors: errors)
        defer { Self.forget(actions) }
        let attributes = UnsafeMutablePointer<posix_spawnattr_t>.allocate(capacity: 1)
        posix_spawnattr_init(attributes)
        defer {
            posix_spawnattr_destroy(attributes)
            attributes.deallocate()
        }
        Self.makeSignalsUsual(attributes)
        let words = ([path] + arguments).map { strdup($0) } + [nil]
        let settings = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in words + settings { free(text) } }
        var id: pid_t = 0
        let failure = posix_spawn(&id, path, actions, attributes, words, settings)
        guard failure == 0 else { throw NotStarted(description: "\(path): \(String(cString: strerror(failure)))") }
        self.id = id
    }

    /// How it ended: its status, or `signalBase` and the signal that ended it; nil while it runs.
    public var end: Int32? {
        status.withLock { known in
            if known == nil { known = Self.look(at: id, WNOHANG) }
            return known
        }
    }

    /// Waits for its end, which holds up the thread.
    @discardableResult
    public func waitForEnd() -> Int32 {
        var seen = siginfo_t()
        // What is waited for stays to be asked for, so that others may wait beside.
        while waitid(P_PID, id_t(id), &seen, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        return end ?? Self.signalBase
    }

    /// Sends a signal; nothing when it has ended.
    public func send(_ signal: Int32) {
        status.withLock { known in
            if known == nil { known = Self.look(at: id, WNOHANG) }
            if known == nil { kill(id, signal) }
        }
    }

    private static func look(at id: Int32, _ options: Int32) -> Int32? {
        var word: Int32 = 0
        var found: Int32
        repeat { found = waitpid(id, &word, options) } while found < 0 && errno == EINTR
        guard found == id else { return nil }
        let signal = word & 0x7f
        return signal == 0 ? (word >> 8) & 0xff : signalBase + signal
    }

    // MARK: What it is started with

    private typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>

    private static func actions(folder: String?, output: Place, errors: Place) throws -> Actions {
        let actions = Actions.allocate(capacity: 1)
        posix_spawn_file_actions_init(actions)
        var failure = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (place, number) in [(output, STDOUT_FILENO), (errors, STDERR_FILENO)] where failure == 0 {
            failure = add(place, as: number, to: actions)
        }
        if failure == 0, let folder { failure = posix_spawn_file_actions_addchdir_np(actions, folder) }
        if failure == 0 { failure = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1) }
        guard failure == 0 else {
            forget(actions)
            throw NotStarted(description: String(cString: strerror(failure)))
        }
        return actions
    }

    private static func add(_ place: Place, as number: Int32, to actions: Actions) -> Int32 {
        switch place {
        case .shared: 0
        case .open(let descriptor): posix_spawn_file_actions_adddup2(actions, descriptor, number)
        case .nowhere: posix_spawn_file_actions_addopen(actions, number, "/dev/null", O_WRONLY, 0)
        case .file(let path):
            posix_spawn_file_actions_addopen(actions, number, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }
    }

    private static func forget(_ actions: Actions) {
        posix_spawn_file_actions_destroy(actions)
        actions.deallocate()
    }

    /// A process of tests may hold signals back, and whoever it starts with it.
    private static func makeSignalsUsual(_ attributes: UnsafeMutablePointer<posix_spawnattr_t>) {
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(attributes, &none)
        posix_spawnattr_setsigdefault(attributes, &all)
        posix_spawnattr_setflags(attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    }
}
