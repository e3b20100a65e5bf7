import ConnectorKit

/// What the addresses alone say about how shop and hub reach each other.
enum ShopReach {
    /// The only ports WordPress calls unless a plugin allows others. Source: recorded; `wp_http_validate_url`.
    static let portsCalled = [80, 443, 8080]

    /// What may keep WordPress from calling the hub at that address, in sentences. A host's own plugin can allow what
    /// WordPress refuses by itself, so none of it is an error.
    static func remarks(onHub hub: HTTPAddress, calledBy shop: HTTPAddress) -> [String] {
        let isSameHost = hub.host == shop.host
        var remarks: [String] = []
        if !isSameHost, isPrivate(hub.host) {
            remarks.append(
                "WordPress calls no private address unless a plugin allows it, and \(hub.host) is one: webhooks "
                    + "may never come, and the shop is polled; give the hub a public address")
        }
        if let port = hub.port, !portsCalled.contains(port), !(isSameHost && port == shop.port) {
            remarks.append(
                "WordPress calls the ports 80, 443 and 8080 only unless a plugin allows others, and the hub's address "
                    + "has \(port): webhooks may never come, and the shop is polled; give the hub one of these")
        }
        return remarks
    }

    /// Whether a host is this machine as far as its name tells.
    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" || numbers(host)?.first == 127
    }

    /// Whether WordPress takes a host for one that is not on the internet. It knows no IPv6 address at all.
    private static func isPrivate(_ host: String) -> Bool {
        if isLoopback(host) || host.hasPrefix("[") { return true }
        guard let numbers = numbers(host) else { return false }
        return switch (numbers[0], numbers[1]) {
        case (0, _), (10, _), (172, 16...31), (192, 168): true
        default: false
        }
    }

    /// The four numbers of an IPv4 address.
    private static func numbers(_ host: String) -> [Int]? {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
        return numbers.count == 4 && numbers.allSatisfy { (0...255).contains($0) } ? numbers : nil
    }
}
