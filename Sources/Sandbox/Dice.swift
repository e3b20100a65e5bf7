import SeededRandom

/// A seeded source of numbers (SplitMix64): the same seed gives the same numbers on every machine.
public struct Dice: RandomNumberGenerator, Hashable, Sendable {
    private var numbers: SplitMix64

    /// Numbers that follow from the seed alone.
    public init(seed: UInt64) { numbers = SplitMix64(seed: seed) }

    /// The next number.
    public mutating func next() -> UInt64 { numbers.next() }

    /// A number from 0 up to, but not including, the bound; 0 for a bound below 1.
    mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(next() % UInt64(bound)) : 0 }

    /// Whether something of that probability (0 to 1) happens now.
    mutating func happens(_ probability: Double) -> Bool { Double(next() >> 11) / Double(1 << 53) < probability }

    /// One of the elements, or nil when there is none.
    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }

    /// Letters and digits, as in an order key.
    mutating func letters(_ count: Int) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        return String((0..<count).map { _ in alphabet[below(alphabet.count)] })
    }
}
