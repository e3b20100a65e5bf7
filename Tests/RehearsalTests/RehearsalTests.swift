import Foundation
import Rehearsal
import Testing

@Suite("Rehearsals", .serialized)
struct RehearsalTests {
    /// A rehearsal takes its thread for half a minute; the threads on which tests wait are not for that.
    private func held(_ seed: UInt64) async throws -> RehearsalReport {
        try await withCheckedThrowingContinuation { waiting in
            let thread = Thread { waiting.resume(with: Result { try Rehearsal.hold(seed: seed) }) }
            thread.stackSize = 16 << 20
            thread.start()
        }
    }

    @Test func theSameSeedIsTheSameRehearsal() async throws {
        let first = try await held(7)
        let second = try await held(7)
        let other = try await held(8)

        #expect(first.trace == second.trace && first.steps == second.steps)
        #expect(first.story == second.story)
        #expect(first.trace != other.trace)
        #expect(first.steps >= Rehearsal.stormSteps)
    }

    @Test(arguments: [UInt64(3), 36, 81, 98, 224])
    func nothingIsLostAndNothingIsTwice(seed: UInt64) async throws {
        let report = try await held(seed)

        #expect(report.breaches == [], "repeat it: make rehearse SEED=\(seed)")
        #expect(report.story.count == 50)
    }
}
