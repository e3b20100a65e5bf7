import Foundation
import Store
import Synchronization

/// What the threads of a store share.
final class PostgresPlace: Sendable {
    let address: PostgresAddress
    let presence: PostgresPresence
    let clock = PostgresClock()
    /// What its steps remember of where waiting jobs begin; nil: each looks from the first.
    let lowMarks: LowMarks?
    private let own = Mutex<Set<Int32>>([])
    private let lastNote = Mutex<UInt64>(0)
    private let growth = Mutex((changed: 0, next: firstGrowth))

    /// After how many changed rows it is first looked whether tables have grown; each time later by so many times.
    static let (firstGrowth, growthFactor) = (1_000, 3)

    /// How much time passes at least between two notes of one process, in milliseconds: notes let commits wait for each
    /// other. What comes between them is found by looking.
    static let noteMilliseconds = 50.0

    init(address: PostgresAddress, _ presence: PostgresPresence = .beside, lowMarks: LowMarks? = nil) {
        (self.address, self.presence, self.lowMarks) = (address, presence, lowMarks)
    }

    /// Remembers that a server's process works for this store.
    func isOurs(_ process: Int32) { own.withLock { _ = $0.insert(process) } }

    /// Whether one of these processes works for another store.
    func areOthers(_ processes: [Int32]) -> Bool {
        own.withLock { own in processes.contains { !own.contains($0) } }
    }

    /// Counts rows that were changed. True where it is time to look whether tables have grown.
    func isTimeForLook(after changed: Int) -> Bool {
        growth.withLock { growth in
            growth.changed += changed
            guard growth.changed >= growth.next else { return false }
            growth.next = growth.changed * Self.growthFactor
            return true
        }
    }

    /// Whether it is time for a note; then the next is not for a while.
    func isTimeForNote() -> Bool {
        let now = DispatchTime.now().uptimeNanoseconds
        return lastNote.withLock { last in
            guard Double(now - last) / 1e6 >= Self.noteMilliseconds else { return false }
            last = now
            return true
        }
    }

    /// Tells other processes that something was written: a number, nothing of what it was.
    static let note = "SELECT pg_notify('crossdock ' || current_schema(), CAST(?1 AS text))"
}

/// Wakes who listens when another process has written. Lives on one thread.
final class PostgresListener: Sendable {
    private struct State {
        var wakes: [@Sendable () -> Void] = []
        var isStarted = false
        var isClosing = false
    }

    private let state = Mutex(State())
    private let place: PostgresPlace

    /// How long it waits for a note before it looks whether it is to end, in milliseconds.
    static let lookMilliseconds: Int32 = 250

    init(_ place: PostgresPlace) { self.place = place }

    /// Adds a listener. True for the first: then a thread is needed that runs this.
    func add(_ wake: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            state.wakes.append(wake)
            defer { state.isStarted = true }
            return !state.isStarted
        }
    }

    func close() { state.withLock { $0.isClosing = true } }

    /// Listens until closed; a lost connection is made anew.
    func run() {
        var pause = PostgresWriter.firstPauseSeconds
        while !isClosing {
            do {
                let link = try place.connect()
                try link.send("SELECT quote_ident('crossdock ' || current_schema())", PostgresParameters([]), .rows)
                let channel = try link.finish().last?.rows.first?.text(0) ?? "crossdock"
                try link.script("LISTEN \(channel)")
                // What was told before this is not heard any more.
                wake()
                pause = PostgresWriter.firstPauseSeconds
                while !isClosing {
                    if place.areOthers(try link.notified(withinMilliseconds: Self.lookMilliseconds)) { wake() }
                }
            } catch {
                Thread.sleep(forTimeInterval: pause)  // SAFETY: the thread is its own; nothing else waits for it.
                pause = min(pause * 2, PostgresWriter.longestPauseSeconds)
            }
        }
    }

    private var isClosing: Bool { state.withLock { $0.isClosing } }

    private func wake() { state.withLock { $0.wakes }.forEach { $0() } }
}
