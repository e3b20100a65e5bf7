/// Stands in for swift-crypto while parsers are fuzzed: digests that cost nothing and are easily met, so that the
/// fuzzer comes past the comparison of a signature. Used nowhere else.
struct SHA256 {
    private var sum: UInt8 = 0

    mutating func update(bufferPointer: UnsafeRawBufferPointer) { for byte in bufferPointer { sum &+= byte } }

    mutating func update(data: [UInt8]) { for byte in data { sum &+= byte } }

    func finalize() -> [UInt8] { [UInt8](repeating: sum & 1, count: 32) }
}

struct SymmetricKey {
    let data: [UInt8]
}

struct HMAC<Hash> {
    private var count = 0

    init(key: SymmetricKey) {}

    mutating func update(data: [UInt8]) { count += data.count }

    func finalize() -> [UInt8] { [UInt8](repeating: UInt8(count & 1), count: 32) }
}

/// Stands in for a pair of keys in the same way.
struct SigningPair {
    static let seedBytes = 32
    let publicKey: [UInt8]

    init?(seed: [UInt8]) {
        guard seed.count == Self.seedBytes else { return nil }
        publicKey = seed
    }

    func signature(of bytes: [UInt8]) -> [UInt8]? { [UInt8](repeating: UInt8(bytes.count & 1), count: 64) }
}
