import Commerce
import Testing

@testable import Rehearsal

@Suite("Work that is passed over")
struct StarvationTests {
    private let sort = Starvation.Sort(integration: 1, queue: "deliver", kind: "product")

    /// Whether a job that is begun so often is found to be passed over.
    private func isFound(begun: (Int) -> Int64) -> Bool {
        var starvation = Starvation()
        return (0..<Starvation.mostLooks + 5).contains { look in
            !starvation.passedOver([.init(sort: sort, served: 0, oldest: 7, begun: begun(look))]).isEmpty
        }
    }

    @Test func theOldestJobOfASortMayNotWaitWhileOthersAreBegun() {
        #expect(isFound { _ in 3 })
    }

    /// Found by seeds 1876 and 3122: people had it tried anew again and again, and it was.
    @Test func oneThatIsBegunAndWaitsAgainIsNotPassedOver() {
        #expect(!isFound { Int64($0 / 20) })
    }
}
