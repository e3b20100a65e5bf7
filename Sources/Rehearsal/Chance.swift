import SeededRandom

/// All chance of a rehearsal: the same seed gives the same numbers on every machine.
struct Chance: Sendable, Hashable {
    private var numbers: SplitMix64

    init(_ seed: UInt64) { numbers = SplitMix64(seed: seed) }

    /// Another source that follows from this one: what one part of the world draws does not disturb another.
    mutating func split() -> Chance { Chance(next()) }

    mutating func next() -> UInt64 { numbers.next() }

    /// A number from 0 up to, but not including, the bound; 0 for a bound below 1.
    mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(next() % UInt64(bound)) : 0 }

    mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    /// A number from 0 up to, but not including, 1.
    mutating func share() -> Double { Double(next() >> 11) / Double(1 << 53) }

    mutating func seconds(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * share()
    }

    /// Whether something of that probability (0 to 1) happens now.
    mutating func happens(_ probability: Double) -> Bool { probability > 0 && share() < probability }

    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 40) } }
}
