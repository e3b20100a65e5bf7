import Wire

/// The addresses of proxies that speak for others: what they say of the caller is believed, what anybody else says is
/// not.
public struct TrustedProxies: Hashable, Sendable {
    /// A text that is no address and no block of them.
    public struct Unreadable: Error, Hashable, Sendable, CustomStringConvertible {
        /// One sentence for an operator.
        public let description: String
    }

    private let blocks: [AddressBlock]

    /// Nobody.
    public init() { blocks = [] }

    /// Addresses (`10.0.0.7`) and blocks of them (`10.0.0.0/8`, `fd00::/8`).
    ///
    /// - Throws: `TrustedProxies.Unreadable`.
    public init(_ texts: [String]) throws(Unreadable) {
        var blocks: [AddressBlock] = []
        for text in texts {
            guard let block = AddressBlock(text) else {
                throw Unreadable(
                    description:
                        "\"\(text)\" is no address and no block of addresses; write it like 10.0.0.7 or 10.0.0.0/8")
            }
            blocks.append(block)
        }
        self.blocks = blocks
    }

    /// Whether nobody is trusted.
    public var isEmpty: Bool { blocks.isEmpty }

    /// The request as its first caller sent it: his address by `X-Forwarded-For` and his scheme by
    /// `X-Forwarded-Proto`, where a trusted proxy says so. Of several proxies each adds the one that called it at the
    /// end, so the list is read from there as far as those are trusted, too.
    func judged(_ request: HTTPRequest) -> HTTPRequest {
        guard !blocks.isEmpty, let peer = request.peer, isTrusted(peer) else { return request }
        var request = request
        for text in items("X-Forwarded-For", of: request).reversed() {
            guard let address = IPAddress(text) else { break }
            request.peer = address.text
            if !isTrusted(text) { break }
        }
        let scheme = items("X-Forwarded-Proto", of: request).last?.lowercased()
        if let scheme, ["http", "https"].contains(scheme) { request.address.scheme = scheme }
        return request
    }

    /// Whether somebody may call a port in plain http: a trusted proxy, or this machine. Where nobody is trusted the
    /// port is this machine's alone, and all who reach it may.
    func maySpeakPlainly(_ peer: String?) -> Bool {
        guard !blocks.isEmpty, let peer else { return true }
        return isTrusted(peer)
            || Self.thisMachine.contains { block in
                IPAddress(peer).map(block.contains) ?? false
            }
    }

    private static let thisMachine = ["127.0.0.0/8", "::1"].compactMap(AddressBlock.init)

    private func isTrusted(_ text: String) -> Bool {
        guard let address = IPAddress(text) else { return false }
        return blocks.contains { $0.contains(address) }
    }

    private func items(_ name: String, of request: HTTPRequest) -> [String] {
        request.headers.list.filter { $0.name.lowercased() == name.lowercased() }
            .flatMap { $0.value.split(separator: ",") }
            .map { item in String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
    }
}
