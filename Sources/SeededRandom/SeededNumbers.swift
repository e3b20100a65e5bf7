/// Numbers that look random, and the seed that gives them again.
public struct SeededNumbers: RandomNumberGenerator, Sendable {
    /// What repeats them; a failing expectation names it.
    public let seed: UInt64
    private var numbers: SplitMix64

    /// A generator; without a seed one is drawn.
    public init(seed: UInt64 = .random(in: 1...UInt64.max)) {
        self.seed = seed
        numbers = SplitMix64(seed: seed)
    }

    /// The next number.
    public mutating func next() -> UInt64 { numbers.next() }
}
