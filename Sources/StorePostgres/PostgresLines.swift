import Dispatch
import Store
import Synchronization

/// Steps that wait, in three lines for each organization: those that need its turn, those that do not, and of these the
/// claims, which wait for no disk and should not wait behind those that do. Lines run beside each other, the steps of
/// one never do.
final class PostgresLines: Sendable {
    /// Which line.
    struct Name: Hashable {
        let organization: Int64
        /// Whether its steps do without the turn.
        let isFree: Bool
        /// Whether its steps are claims that do without the turn.
        let isLease: Bool

        init(_ organization: Int64, isFree: Bool = false, _ priority: StepPriority = .normal) {
            (self.organization, self.isFree) = (organization, isFree)
            isLease = isFree && priority == .lease
        }
    }

    private struct Line {
        var steps: [[WaitingStep]] = StepPriority.allCases.map { _ in [] }
        var isServed = false

        var isEmpty: Bool { steps.allSatisfy(\.isEmpty) }

        mutating func next(beside first: WaitingStep?) -> WaitingStep? {
            for index in steps.indices where !steps[index].isEmpty {
                // A claim does not wait for the disk because of others.
                if first?.priority == .lease, index != StepPriority.lease.rawValue { return nil }
                return steps[index].removeFirst()
            }
            return nil
        }
    }

    private struct State {
        var lines: [Name: Line] = [:]
        /// Lines with steps that nobody serves, in the order in which they began to wait.
        var waiting: [Name] = []
        var isClosing = false
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    /// Puts a step in a line. `goesOn`: it was in another before, and is done although no more are taken.
    func submit(_ step: WaitingStep, of line: Name, goesOn: Bool = false) {
        let wasIdle: Bool? = state.withLock { state in
            guard !state.isClosing || goesOn else { return nil }
            let wasIdle = state.lines[line].map { $0.isEmpty && !$0.isServed } ?? true
            state.lines[line, default: Line()].steps[step.priority.rawValue].append(step)
            if wasIdle { state.waiting.append(line) }
            return wasIdle
        }
        guard let wasIdle else { return step.fail(StoreFailure.closed) }
        // Whoever serves a line sees what comes meanwhile; another who is woken for it finds nothing to do.
        if wasIdle { signal.signal() }
    }

    /// Waits for a line that nobody serves, and takes its first step. Nil once closed and empty.
    func take() -> (line: Name, step: WaitingStep)? {
        while true {
            signal.wait()
            if let found = takeAtOnce() { return found }
            let isOver = state.withLock { state in
                state.isClosing && state.waiting.isEmpty && state.lines.values.allSatisfy { $0.isEmpty }
            }
            if isOver {
                // The next thread that waits learns of the end, too.
                signal.signal()
                return nil
            }
        }
    }

    /// The first step of a line that nobody serves, without waiting for one.
    func takeAtOnce() -> (line: Name, step: WaitingStep)? {
        state.withLock { state in
            guard !state.waiting.isEmpty else { return nil }
            let line = state.waiting.removeFirst()
            state.lines[line]?.isServed = true
            return state.lines[line]?.next(beside: nil).map { (line, $0) }
        }
    }

    /// The next step of a line that is being served, to share its transaction.
    func next(of line: Name, beside first: WaitingStep) -> WaitingStep? {
        state.withLock { $0.lines[line]?.next(beside: first) }
    }

    /// Lets go of a line.
    func leave(_ name: Name) {
        let isWaiting = state.withLock { state in
            state.lines[name]?.isServed = false
            guard let line = state.lines[name], !line.isEmpty else {
                state.lines[name] = nil
                return state.isClosing
            }
            state.waiting.append(name)
            return true
        }
        if isWaiting { signal.signal() }
    }

    /// Takes no more steps; those that wait are done.
    func close() {
        state.withLock { $0.isClosing = true }
        signal.signal()
    }
}
