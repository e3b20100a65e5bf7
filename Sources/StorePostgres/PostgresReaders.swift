import Dispatch
import Foundation
import Store
import Synchronization

/// Queries that wait for a connection that reads.
final class PostgresQueries: Sendable {
    private struct State {
        var waiting: [WaitingStep] = []
        var isClosing = false
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    func submit(_ query: WaitingStep) {
        let isTaken = state.withLock { state in
            if !state.isClosing { state.waiting.append(query) }
            return !state.isClosing
        }
        if isTaken { signal.signal() } else { query.fail(StoreFailure.closed) }
    }

    /// The next query; nil once closed and empty.
    func take() -> WaitingStep? {
        while true {
            signal.wait()
            let (query, isOver) = state.withLock { state in
                (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isClosing)
            }
            if let query { return query }
            if isOver {
                signal.signal()
                return nil
            }
        }
    }

    func close() {
        state.withLock { $0.isClosing = true }
        signal.signal()
    }
}

/// Answers queries on one connection, each from a state of its own that nothing changes. Lives on one thread.
final class PostgresReader {
    private let place: PostgresPlace
    private let queries: PostgresQueries
    private var connection: (link: PostgresConnection, schema: PostgresSchema)?

    private let patienceSeconds: Double

    /// A reader that waits so long for a server that is away.
    init(
        _ place: PostgresPlace, _ queries: PostgresQueries, patienceSeconds: Double = PostgresWriter.patienceSeconds
    ) {
        self.place = place
        self.patienceSeconds = patienceSeconds
        self.queries = queries
    }

    /// Serves queries until they are closed and empty.
    func run() {
        while let query = queries.take() { answer(query) }
    }

    /// Answers one query.
    func answer(_ query: WaitingStep) {
        let start = DispatchTime.now().uptimeNanoseconds
        var pause = PostgresWriter.firstPauseSeconds
        while true {
            do {
                try attempt(query)()
                return
            } catch let failure as PostgresFailure {
                // What is left of its transaction goes with the connection.
                connection = nil
                let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
                guard failure.isPassing, elapsed < patienceSeconds else {
                    query.fail(failure.storeFailure)
                    return
                }
                Thread.sleep(forTimeInterval: pause * Double.random(in: 0.5...1))  // SAFETY: the thread is its own.
                pause = min(pause * 2, PostgresWriter.longestPauseSeconds)
            } catch {
                query.fail(error)
                return
            }
        }
    }

    private func attempt(_ query: WaitingStep) throws -> @Sendable () -> Void {
        let (link, schema) = try connected()
        try place.lookAtClock(on: link)
        try link.send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        let session = PostgresSession(link, schema, lowMarks: place.lowMarks)
        let outcome = query.run(session)
        if session.failure == nil { try? session.settle() }
        if let failure = session.failure, failure.isPassing { throw failure }
        // Nobody waits for the end of what has only read.
        try link.send("ROLLBACK")
        try link.push()
        return outcome.tell
    }

    private func connected() throws -> (link: PostgresConnection, schema: PostgresSchema) {
        if let connection { return connection }
        let made = (try place.connect(), PostgresSchema())
        connection = made
        return made
    }
}
