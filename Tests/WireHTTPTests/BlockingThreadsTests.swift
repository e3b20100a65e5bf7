import Foundation
import Testing
import Wire

@testable import WireHTTP

@Suite("Outside world: threads for blocking work", .timeLimit(.minutes(1)))
struct BlockingThreadsTests {
    struct Broken: Error {}

    /// Holds the only thread until it is let go.
    static func hold(_ threads: BlockingThreads) async -> (release: @Sendable () -> Void, done: Task<Void, any Error>) {
        let gate = DispatchSemaphore(value: 0)
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let done = Task {
            try await threads.run {
                begin.yield()
                gate.wait()
            }
        }
        for await _ in begun { break }
        return ({ gate.signal() }, done)
    }

    @Test func workRunsOnAThreadOfItsOwnAndItsValueComesBack() async throws {
        let books = BlockingThreads(count: 1)
        let lookups = BlockingThreads(count: 1)
        let thread: @Sendable () -> UInt = { UInt(pthread_self()) }

        let first = try await books.run(thread)
        let second = try await books.run(thread)

        #expect(first == second)
        #expect(try await lookups.run(thread) != first)
    }

    @Test func whatTheWorkThrowsIsThrown() async {
        let threads = BlockingThreads(count: 1)

        await #expect(throws: Broken.self) { try await threads.run { throw Broken() } }
    }

    @Test func aHundredPiecesOnThreeThreadsAreAllDone() async throws {
        let threads = BlockingThreads(count: 3)
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...100 { group.addTask { try await threads.run { number } } }
            return try await group.reduce(0, +)
        }

        #expect(sum == 5050)
    }

    @Test func workBeyondTheWaitingLimitIsRefusedAndNotBegun() async throws {
        let threads = BlockingThreads(count: 1, waitingLimit: 1)
        let (release, done) = await Self.hold(threads)
        // Both arrive while the thread is held: the later one finds the only waiting place taken.
        let begun = Locked(0)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do {
                        try await threads.run { begun.withLock { $0 += 1 } }
                        return true
                    } catch is BlockingThreadsBusy {
                        release()
                        return false
                    }
                }
            }
            var results: [Bool] = []
            for try await result in group { results.append(result) }
            #expect(results.filter { $0 }.count == 1)
        }
        try await done.value

        #expect(begun.withLock { $0 } == 1)
    }

    @Test func waitingForALookupEndsWithTheTask() async throws {
        let threads = BlockingThreads(count: 1)
        let (release, done) = await Self.hold(threads)
        let waiting = Task { try await threads.runAbandonably { 1 } }
        waiting.cancel()

        await #expect(throws: CancellationError.self) { try await waiting.value }
        release()
        try await done.value
    }
}
