import Foundation

/// An address of the network, as it is connected to: 4 or 16 bytes.
public struct IPAddress: Hashable, Sendable {
    /// Its bytes, the first of the network first.
    public let bytes: [UInt8]

    /// An address from its bytes, or nil when there are neither 4 nor 16.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// An address from its usual text (`203.0.113.7`, `2001:db8::1`), or nil for anything else.
    public init?(_ text: String) {
        var four = in_addr()
        var sixteen = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &sixteen) == 1 {
            bytes = withUnsafeBytes(of: sixteen) { Array($0) }
        } else {
            return nil
        }
    }

    /// The usual text of the address.
    public var text: String {
        var out = [UInt8](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        let isWritten = out.withUnsafeMutableBytes { room in
            bytes.withUnsafeBytes { address in
                let start = room.baseAddress?.assumingMemoryBound(to: CChar.self)
                return inet_ntop(family, address.baseAddress, start, socklen_t(room.count)) != nil
            }
        }
        return isWritten ? String(decoding: out.prefix { $0 != 0 }, as: UTF8.self) : ""
    }

    /// Whether this is a host of the open internet: not private, loopback, link-local, shared, multicast, reserved,
    /// and no such address wrapped in a longer one.
    public var isPublic: Bool {
        if bytes.count == 4 { return !Self.isWithin(Self.closedIPv4, bytes) }
        if let inner = embeddedIPv4 { return inner.isPublic }
        return Self.isWithin(["2000::": 3], bytes) && !Self.isWithin(Self.closedIPv6, bytes)
    }

    /// The IPv4 address that a mapped, translated (RFC 6052) or 6to4 address stands for.
    private var embeddedIPv4: IPAddress? {
        if Self.isWithin(["::ffff:0:0": 96, "64:ff9b::": 96, "::": 96], bytes) {
            return IPAddress(bytes: Array(bytes[12...]))
        }
        return Self.isWithin(["2002::": 16], bytes) ? IPAddress(bytes: Array(bytes[2..<6])) : nil
    }

    /// Source: IANA IPv4 Special-Purpose Address Registry; 169.254.169.254 (metadata of clouds) is link-local.
    private static let closedIPv4 = [
        "0.0.0.0": 8, "10.0.0.0": 8, "100.64.0.0": 10, "127.0.0.0": 8, "169.254.0.0": 16, "172.16.0.0": 12,
        "192.0.0.0": 24, "192.0.2.0": 24, "192.88.99.0": 24, "192.168.0.0": 16, "198.18.0.0": 15,
        "198.51.100.0": 24, "203.0.113.0": 24, "224.0.0.0": 4, "240.0.0.0": 4,
    ]

    /// Source: IANA IPv6 Special-Purpose Address Registry, within the global unicast block 2000::/3.
    private static let closedIPv6 = ["2001::": 23, "2001:db8::": 32, "3fff::": 20]

    private static func isWithin(_ blocks: [String: Int], _ bytes: [UInt8]) -> Bool {
        blocks.contains { text, prefix in
            guard let base = IPAddress(text)?.bytes, base.count == bytes.count else { return false }
            return (0..<prefix).allSatisfy { bit in
                let mask = UInt8(0x80) >> (bit % 8)
                return base[bit / 8] & mask == bytes[bit / 8] & mask
            }
        }
    }

    /// The neighbourhood it stands in, as text: the 256 addresses of version 4 around it, or the network of version 6
    /// that one customer has as a rule (/48). Says where from, and not who.
    public var neighbourhood: String {
        if bytes.count == 16, bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255] {
            return IPAddress(bytes: Array(bytes.suffix(4)))?.neighbourhood ?? ""
        }
        let kept = bytes.count == 4 ? 3 : 6
        let base = bytes.prefix(kept) + [UInt8](repeating: 0, count: bytes.count - kept)
        return (IPAddress(bytes: Array(base))?.text ?? "") + "/\(kept * 8)"
    }
}

/// Addresses that begin alike.
public struct AddressBlock: Hashable, Sendable {
    private let base: [UInt8]
    private let prefix: Int

    /// A block from its text (`10.0.0.0/8`, `fd00::/8`); an address alone is a block of one. Nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { return nil }
        base = address.bytes
        guard parts.count == 2 else {
            prefix = base.count * 8
            return
        }
        let digits = parts[1].utf8
        guard (1...3).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let prefix = Int(parts[1]), (0...base.count * 8).contains(prefix)
        else { return nil }
        self.prefix = prefix
    }

    /// Whether an address begins so. One of version 4 may come in the clothes of version 6.
    public func contains(_ address: IPAddress) -> Bool {
        var bytes = address.bytes
        if base.count == 4, bytes.count == 16, bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255] {
            bytes = Array(bytes.suffix(4))
        }
        guard bytes.count == base.count else { return false }
        return (0..<prefix).allSatisfy { bit in
            let mask = UInt8(0x80) >> (bit % 8)
            return base[bit / 8] & mask == bytes[bit / 8] & mask
        }
    }
}
