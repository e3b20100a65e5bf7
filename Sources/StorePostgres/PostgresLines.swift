import Dispatch
import Store
import Synchronization

/// Steps that wait, in one line for each organization. Lines run beside each other, the steps of one never do.
final class PostgresLines: Sendable {
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
        var lines: [Int64: Line] = [:]
        /// Lines with steps that nobody serves, in the order in which they began to wait.
        var waiting: [Int64] = []
        var isClosing = false
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    /// Puts a step in its organization's line.
    func submit(_ step: WaitingStep, of organization: Int64) {
        let isTaken = state.withLock { state in
            guard !state.isClosing else { return false }
            let wasIdle = state.lines[organization].map { $0.isEmpty && !$0.isServed } ?? true
            state.lines[organization, default: Line()].steps[step.priority.rawValue].append(step)
            if wasIdle { state.waiting.append(organization) }
            return true
        }
        if isTaken { signal.signal() } else { step.fail(StoreFailure.closed) }
    }

    /// Waits for a line that nobody serves, and takes its first step. Nil once closed and empty.
    func take() -> (organization: Int64, step: WaitingStep)? {
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
    func takeAtOnce() -> (organization: Int64, step: WaitingStep)? {
        state.withLock { state in
            guard !state.waiting.isEmpty else { return nil }
            let organization = state.waiting.removeFirst()
            state.lines[organization]?.isServed = true
            return state.lines[organization]?.next(beside: nil).map { (organization, $0) }
        }
    }

    /// The next step of a line that is being served, to share its transaction.
    func next(of organization: Int64, beside first: WaitingStep) -> WaitingStep? {
        state.withLock { $0.lines[organization]?.next(beside: first) }
    }

    /// Lets go of a line.
    func leave(_ organization: Int64) {
        let isWaiting = state.withLock { state in
            state.lines[organization]?.isServed = false
            guard let line = state.lines[organization], !line.isEmpty else {
                state.lines[organization] = nil
                return state.isClosing
            }
            state.waiting.append(organization)
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
