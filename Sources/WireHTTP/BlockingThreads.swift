import Dispatch
import Foundation
import Synchronization
import Wire

/// Too much blocking work was waiting already; this piece was not started.
public struct BlockingThreadsBusy: Error, CustomStringConvertible {
    /// How many pieces may wait.
    public let limit: Int

    /// What happened and what becomes of it.
    public var description: String { "\(limit) pieces of blocking work wait already; this one was not started" }
}

/// Threads of their own for work that blocks: files, books, name lookups.
///
/// Work is begun in the order in which it came. The threads end when the last reference is gone; work that waits then
/// is refused with `CancellationError`.
public final class BlockingThreads: BlockingWork {
    /// The most pieces of work that may wait when nothing else is said.
    public static let defaultWaitingLimit = 1024

    private let desk: Desk

    /// Starts that many threads.
    public init(count: Int, waitingLimit: Int = BlockingThreads.defaultWaitingLimit, name: String = "blocking") {
        let desk = Desk(limit: max(1, waitingLimit))
        self.desk = desk
        for number in 0..<max(1, count) {
            let thread = Thread { desk.work() }
            thread.name = "\(name).\(number)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    deinit { desk.close() }

    /// Runs the work on one of the threads and returns what it gave.
    ///
    /// - Throws: what the work throws; `BlockingThreadsBusy` when too much waits; `CancellationError` when the threads
    ///   are ending.
    public func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let piece = Piece(
                run: { continuation.resume(with: Result { try work() }) },
                refuse: { continuation.resume(throwing: $0) })
            desk.add(piece)
        }
    }

    /// Like `run`, but stops waiting when the task is cancelled: the work goes on and what it gives is dropped.
    func runAbandonably<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let answer = OneAnswer<Value>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard answer.await(continuation) else { return }
                desk.add(Piece(run: { answer.give(Result { try work() }) }, refuse: { answer.give(.failure($0)) }))
            }
        } onCancel: {
            answer.give(.failure(CancellationError()))
        }
    }
}

/// One piece of work, and what to do when it will not be begun.
private struct Piece: Sendable {
    let run: @Sendable () -> Void
    let refuse: @Sendable (any Error) -> Void
}

/// Where work waits for a thread.
private final class Desk: Sendable {
    private struct State {
        var waiting: [Piece?] = []
        var head = 0
        var isClosed = false
    }

    private let limit: Int
    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)

    init(limit: Int) { self.limit = limit }

    func add(_ piece: Piece) {
        let refusal: (any Error)? = state.withLock { state in
            if state.isClosed { return CancellationError() }
            if state.waiting.count - state.head >= limit { return BlockingThreadsBusy(limit: limit) }
            state.waiting.append(piece)
            return nil
        }
        if let refusal { piece.refuse(refusal) } else { bell.signal() }
    }

    /// The life of one thread.
    func work() {
        while true {
            bell.wait()
            let piece: Piece? = state.withLock { state in
                guard state.head < state.waiting.count else { return nil }
                let piece = state.waiting[state.head]
                state.waiting[state.head] = nil
                state.head += 1
                if state.head > 64, state.head * 2 > state.waiting.count {
                    state.waiting.removeFirst(state.head)
                    state.head = 0
                }
                return piece
            }
            guard let piece else {
                bell.signal()  // closed: wakes the next thread, so that all of them end
                return
            }
            piece.run()
        }
    }

    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer {
                state.waiting = []
                state.head = 0
            }
            return state.waiting[state.head...]
        }
        for piece in left { piece?.refuse(CancellationError()) }
        bell.signal()
    }
}

/// A continuation that is resumed once, by whoever comes first.
private final class OneAnswer<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value, any Error>)
        case given
    }

    private let state = Mutex(State.empty)

    /// Whether the answer is still to come; otherwise the continuation was resumed with a cancellation.
    func await(_ continuation: CheckedContinuation<Value, any Error>) -> Bool {
        let isOpen = state.withLock { state in
            guard case .empty = state else { return false }
            state = .waiting(continuation)
            return true
        }
        if !isOpen { continuation.resume(throwing: CancellationError()) }
        return isOpen
    }

    func give(_ result: Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
            defer { state = .given }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume(with: result)
    }
}
