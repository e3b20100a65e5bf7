import Wire

/// Decides which resolved address a request may be sent to. Private, loopback, link-local and metadata addresses are
/// refused unless the host is on the list.
struct AddressGuard: Sendable {
    /// `host` or `host:port`, in lower case.
    let allowedPrivateHosts: Set<String>

    /// Whether nobody but hosts of the list is reached without TLS.
    let requiresTLS: Bool

    /// A guard with a list of hosts that may be reached although their address is private.
    init(allowedPrivateHosts: some Sequence<String>, requiresTLS: Bool = false) {
        self.allowedPrivateHosts = Set(allowedPrivateHosts.map { $0.lowercased() })
        self.requiresTLS = requiresTLS
    }

    /// Why nothing is sent to an address, as far as the address itself tells; nil where its name must be looked up
    /// first, or nothing is against it.
    func problem(of address: HTTPAddress) -> String? {
        guard isPlain(address) else { return "\(address.origin) is not a usable address" }
        guard !isAllowed(address) else { return nil }
        if requiresTLS, address.scheme != "https" {
            return "it must begin with https://, unless \(address.host) is in CROSSDOCK_ALLOW_PRIVATE_HOSTS"
        }
        let bare = address.host.hasPrefix("[") ? String(address.host.dropFirst().dropLast()) : address.host
        guard let literal = IPAddress(bare), !literal.isPublic else { return nil }
        return refusal(of: literal, for: address)
    }

    /// Whether the address is one whose parts every reader takes alike.
    ///
    /// A path without its slash or a host with odd signs could be read as another host by the client beneath.
    func isPlain(_ address: HTTPAddress) -> Bool {
        let isHost =
            !address.host.isEmpty
            && address.host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                    true
                default: false
                }
            }
        return isHost && address.path.hasPrefix("/") && !address.path.contains { $0.isWhitespace || $0 == "\\" }
    }

    /// The first of the resolved addresses that may be connected to.
    ///
    /// - Throws: `TransportFailure.notSent` when there is none, with what the operator can do.
    func choose(from resolved: [IPAddress], for address: HTTPAddress) throws(TransportFailure) -> IPAddress {
        if let open = resolved.first(where: \.isPublic) { return open }
        guard let closed = resolved.first else {
            throw .notSent("\(address.host) has no address")
        }
        guard isAllowed(address) else {
            throw .notSent(refusal(of: closed, for: address))
        }
        return closed
    }

    private func refusal(of closed: IPAddress, for address: HTTPAddress) -> String {
        "\(address.host) is at the private address \(closed.text), which is refused; add \(address.host)"
            + " to CROSSDOCK_ALLOW_PRIVATE_HOSTS to allow it"
    }

    private func isAllowed(_ address: HTTPAddress) -> Bool {
        let port = address.port ?? (address.scheme == "https" ? 443 : 80)
        // A name is the same with the dot of the root at its end.
        let name = address.host.lowercased()
        let host = name.hasSuffix(".") ? String(name.dropLast()) : name
        return allowedPrivateHosts.contains(host) || allowedPrivateHosts.contains("\(host):\(port)")
    }
}
