/// Numbers that look random and are the same for the same seed on every machine.
///
/// Source: SplitMix64, public domain, Sebastiano Vigna; Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators".
@frozen
public struct SplitMix64: RandomNumberGenerator, Hashable, Sendable {
    @usableFromInline var state: UInt64

    /// Numbers that follow from the seed alone.
    @inlinable
    public init(seed: UInt64) { state = seed }

    /// The next number.
    @inlinable
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    /// What one state gives: every bit of it moves about half of the bits of the answer.
    @inlinable
    public static func mixed(_ state: UInt64) -> UInt64 {
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
