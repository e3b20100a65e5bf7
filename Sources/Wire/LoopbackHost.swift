/// Names and addresses of this machine that no other reaches.
public enum LoopbackHost {
    /// Whether only this machine reaches an address.
    public static func isOne(_ host: String) -> Bool {
        if ["localhost", "::1", "[::1]"].contains(host) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
