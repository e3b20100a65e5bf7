import Testing

@testable import Pipeline

@Suite("The bell that wakes workers")
struct BellTests {
    @Test func whoRestsIsWokenByARing() async {
        let bell = Bell()
        let heard = bell.count
        let resting = (0..<3).map { _ in Task { await bell.wait(after: heard) } }
        bell.ring()
        for task in resting { await task.value }
        #expect(bell.count == heard + 1)
    }

    @Test func aRingThatCameWhileOneLookedIsNotMissed() async {
        let bell = Bell()
        let heard = bell.count
        bell.ring()
        await bell.wait(after: heard)
        #expect(bell.count == heard + 1)
    }

    @Test func aCancelledOneRestsNoLongerHoweverItFalls() async {
        for _ in 0..<200 {
            let bell = Bell()
            let resting = Task { await bell.wait(after: bell.count) }
            resting.cancel()
            await resting.value
            // Nobody is left who would be woken twice.
            bell.ring()
        }
    }

    @Test func itIsRungForWhatNoRingTellsOf() async {
        let bell = Bell()
        let ringing = Task { await bell.ring(every: .milliseconds(1), by: ContinuousClock()) }
        await bell.wait(after: bell.count)
        #expect(bell.count > 0)
        ringing.cancel()
        await ringing.value
    }

    @Test func manyWhoRingAndRestAtOnceAllComeToTheirEnd() async {
        let bell = Bell()
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    while bell.count < 2000 {
                        let heard = bell.count
                        guard heard < 2000 else { break }
                        await bell.wait(after: heard)
                    }
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<500 {
                        bell.ring()
                        await Task.yield()
                    }
                }
            }
        }
        #expect(bell.count == 2000)
    }
}
