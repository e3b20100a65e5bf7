import Wire

/// Decides which resolved address a request may be sent to. Private, loopback, link-local and metadata addresses are
/// refused unless the host is on the list.
struct AddressGuard: Sendable {
    /// `host` or `host:port`, in lower case.
    let allowedPrivateHosts: Set<String>

    /// A guard with a list of hosts that may be reached although their address is private.
    init(allowedPrivateHosts: some Sequence<String>) {
        self.allowedPrivateHosts = Set(allowedPrivateHosts.map { $0.lowercased() })
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
            throw .notSent(
                "\(address.host) is at the private address \(closed.text), which is refused; add \(address.host)"
                    + " to CROSSDOCK_ALLOW_PRIVATE_HOSTS to allow it")
        }
        return closed
    }

    private func isAllowed(_ address: HTTPAddress) -> Bool {
        let port = address.port ?? (address.scheme == "https" ? 443 : 80)
        let host = address.host.lowercased()
        return allowedPrivateHosts.contains(host) || allowedPrivateHosts.contains("\(host):\(port)")
    }
}
