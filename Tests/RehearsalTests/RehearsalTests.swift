import Rehearsal
import Testing

@Suite("Rehearsals")
struct RehearsalTests {
    @Test func theSameSeedIsTheSameRehearsal() throws {
        let first = try Rehearsal.hold(seed: 7)
        let second = try Rehearsal.hold(seed: 7)
        let other = try Rehearsal.hold(seed: 8)

        #expect(first.trace == second.trace && first.steps == second.steps)
        #expect(first.story == second.story)
        #expect(first.trace != other.trace)
        #expect(first.steps >= Rehearsal.stormSteps)
    }

    @Test(arguments: [UInt64(3), 98, 224])
    func nothingIsLostAndNothingIsTwice(seed: UInt64) throws {
        let report = try Rehearsal.hold(seed: seed)

        #expect(report.breaches == [], "repeat it: make rehearse SEED=\(seed)")
        #expect(report.story.count == 50)
    }
}
