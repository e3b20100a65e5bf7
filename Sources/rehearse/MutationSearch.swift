import Dispatch
import Rehearsal
import Synchronization

/// Looks for the seed that catches a planted defect: the first that fails with it, and not without.
struct MutationSearch {
    let mutation: String
    let from: UInt64
    let count: Int

    func run() -> Int32 {
        var next = from
        while next < from + UInt64(count) {
            _ = Mutations.plant(mutation)
            guard let report = firstFailing(from: next) else { break }
            Mutations.unplant()
            if let clean = try? Rehearsal.hold(seed: report.seed), clean.breaches.isEmpty { return tell(report) }
            print("\(mutation): seed \(report.seed) fails without it too, and proves nothing")
            next = report.seed + 1
        }
        print("\(mutation): not caught by the \(count) seeds from \(from) on")
        return 1
    }

    private func firstFailing(from first: UInt64) -> RehearsalReport? {
        let found = Mutex<RehearsalReport?>(nil)
        DispatchQueue.concurrentPerform(iterations: Int(from + UInt64(count) - first)) { index in
            let seed = first + UInt64(index)
            guard found.withLock({ $0 == nil }), let report = try? Rehearsal.hold(seed: seed) else { return }
            guard !report.breaches.isEmpty else { return }
            found.withLock { found in if found.map({ $0.seed > seed }) ?? true { found = report } }
        }
        return found.withLock { $0 }
    }

    private func tell(_ report: RehearsalReport) -> Int32 {
        print("\(mutation): caught by seed \(report.seed): \(report.invariants.sorted().joined(separator: ", "))")
        for breach in report.breaches.prefix(4) { print("  \(breach)") }
        print("repeat it: make rehearse SEED=\(report.seed) MUTATION=\(mutation)")
        return 0
    }
}
