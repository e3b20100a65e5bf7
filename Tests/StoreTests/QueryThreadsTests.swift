import Foundation
import GRDB
import Synchronization
import Testing

@testable import Store

@Suite("The threads that read a file")
final class QueryThreadsTests: Sendable {
    private let pool: DatabasePool
    private let uptime = Mutex<UInt64>(0)
    private let answers: AsyncStream<Answer>
    private let told: AsyncStream<Answer>.Continuation

    /// What a query was told, beside its name.
    private struct Answer: Hashable, Sendable {
        let name: String
        let count: Int?

        init(_ name: String, _ count: Int?) { (self.name, self.count) = (name, count) }
    }

    init() throws {
        (answers, told) = AsyncStream.makeStream(of: Answer.self)
        pool = try SQLiteStore.pool(NSTemporaryDirectory() + "crossdock-queries-" + UUID().uuidString + ".sqlite")
        try pool.write { try $0.execute(sql: "CREATE TABLE thing (id INTEGER PRIMARY KEY)") }
    }

    private func made(_ limit: Int) -> QueryThreads {
        QueryThreads(pool, limit: limit) { [self] in uptime.withLock(\.self) }
    }

    /// Asks how many things there are, and then holds its thread until the gate is opened.
    private func ask(_ name: String, of threads: QueryThreads, until gate: DispatchSemaphore? = nil) {
        threads.submit { [told] result in
            let count = try? result.get().makeStatement(sql: "SELECT count(*) FROM thing")
            told.yield(Answer(name, count.flatMap { try? Int.fetchOne($0) }))
            _ = gate?.wait(timeout: .distantFuture)
        }
    }

    private func add() throws { try pool.write { try $0.execute(sql: "INSERT INTO thing DEFAULT VALUES") } }

    private func next(_ count: Int) async -> [Answer] {
        var found: [Answer] = []
        for await answer in answers.prefix(count) { found.append(answer) }
        return found
    }

    /// Two queries wait for one thread, and a thing is added while it asks the first, for so many milliseconds.
    private func pairAsked(besideAWriteOf milliseconds: UInt64) async throws -> [Answer] {
        let threads = made(1)
        let (before, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        ask("before", of: threads, until: before)
        _ = await next(1)
        ask("first", of: threads, until: gate)
        ask("second", of: threads)
        before.signal()
        let first = await next(1)
        try add()
        uptime.withLock { $0 += milliseconds * 1_000_000 }
        gate.signal()
        return first + (await next(1))
    }

    @Test func queriesThatWaitTogetherSeeOneState() async throws {
        #expect(try await pairAsked(besideAWriteOf: 1) == [Answer("first", 0), Answer("second", 0)])
    }

    @Test func aTransactionIsNotSharedForLong() async throws {
        #expect(try await pairAsked(besideAWriteOf: 6) == [Answer("first", 0), Answer("second", 1)])
    }

    @Test func noQuerySeesAStateThatIsOlderThanItself() async throws {
        let threads = made(1)
        let gate = DispatchSemaphore(value: 0)
        ask("before", of: threads, until: gate)
        #expect(await next(1) == [Answer("before", 0)])
        try add()
        ask("after", of: threads)
        gate.signal()
        #expect(await next(1) == [Answer("after", 1)])
    }

    @Test func aQueryThatTakesLongHoldsUpNoneThatAnotherThreadCanAsk() async throws {
        let threads = made(2)
        let gate = DispatchSemaphore(value: 0)
        ask("long", of: threads, until: gate)
        _ = await next(1)
        for number in 0..<5 { ask("\(number)", of: threads) }
        #expect(await next(5).map(\.name) == ["0", "1", "2", "3", "4"])
        gate.signal()
    }

    @Test func whatFailsOrEndsItsTransactionSpoilsNoOther() async throws {
        let threads = made(1)
        let gate = DispatchSemaphore(value: 0)
        ask("before", of: threads, until: gate)
        _ = await next(1)
        threads.submit { _ = try? $0.get().execute(sql: "SELECT * FROM nothing") }
        threads.submit { try? $0.get().rollback() }
        ask("after", of: threads)
        gate.signal()
        #expect(await next(1) == [Answer("after", 0)])
    }

    @Test func whatWaitsIsAskedBeforeTheThreadsEndAndNothingAfterwards() async throws {
        let threads = made(2)
        let gates = (0..<2).map { _ in DispatchSemaphore(value: 0) }
        for gate in gates { ask("before", of: threads, until: gate) }
        _ = await next(2)
        ask("waiting", of: threads)
        async let closed: Void = withCheckedContinuation { continuation in threads.close { continuation.resume() } }
        gates.forEach { $0.signal() }
        #expect(await next(1) == [Answer("waiting", 0)])
        await closed

        threads.submit { [told] result in
            let error = if case .failure(let error) = result { error as? StoreFailure } else { StoreFailure?.none }
            told.yield(Answer("\(error.map(String.init(describing:)) ?? "asked")", nil))
        }
        #expect(await next(1) == [Answer("the store is closed", nil)])
    }

    @Test func threadsThatNobodyAskedEndAtOnceAndIdleOnesToo() async throws {
        await withCheckedContinuation { continuation in made(2).close { continuation.resume() } }
        let threads = made(2)
        for number in 0..<4 {
            ask("\(number)", of: threads)
            _ = await next(1)
        }
        await withCheckedContinuation { continuation in threads.close { continuation.resume() } }
    }

    @Test func aPoolThatIsClosedIsToldOf() async throws {
        let threads = made(1)
        try pool.close()
        ask("closed", of: threads)
        #expect(await next(1) == [Answer("closed", nil)])
    }
}
