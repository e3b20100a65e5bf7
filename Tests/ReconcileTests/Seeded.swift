import Foundation
import SeededRandom

/// SplitMix64: the same seed, the same history.
struct Seeded: RandomNumberGenerator {
    private var numbers: SplitMix64

    init(_ seed: UInt64) { numbers = SplitMix64(seed: seed) }

    mutating func next() -> UInt64 { numbers.next() }

    /// A number from 0 up to, but not including, the limit.
    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    mutating func one<Element>(of elements: [Element]) -> Element? { elements.randomElement(using: &self) }
}

/// The seeds a law is tried with. `CROSSDOCK_SEED=17` tries one alone, as a failure prints it; `CROSSDOCK_SEEDS=5000`
/// tries that many.
enum Seeds {
    static func list(_ count: Int) -> [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["CROSSDOCK_SEED"].flatMap(UInt64.init) { return [one] }
        let wanted = environment["CROSSDOCK_SEEDS"].flatMap(Int.init) ?? count
        return (1...UInt64(max(1, wanted))).map { $0 }
    }
}
