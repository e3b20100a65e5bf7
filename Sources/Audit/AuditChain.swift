import Commerce
import Wire

/// One link of the chain: the lines that one step wrote, sealed together with all that stood before them.
public struct AuditLink: Hashable, Sendable {
    /// The numbers of its lines.
    public var lines: ClosedRange<Int64>
    /// The id of the key it is sealed with.
    public var key: String
    /// The seal, 32 bytes: who does not have the key cannot make another that fits.
    public var seal: [UInt8]
    /// The proof, 32 bytes, that its last line is the audit's last: the code whose digest the seal is. Nil where others
    /// follow, for then it is taken away, or where an older release sealed it, which kept that elsewhere.
    public var end: [UInt8]?

    /// A link.
    public init(lines: ClosedRange<Int64>, key: String, seal: [UInt8], end: [UInt8]? = nil) {
        self.lines = lines
        self.key = key
        self.seal = seal
        self.end = end
    }
}

/// How links are sealed and checked: HMAC-SHA256 over the seal before and the digest of each line, which tells its
/// number. The seal is the digest of that code. The code itself stands beside it while the link is the last; nobody
/// without the key can make that of an earlier one again. An older release had the code for a seal, with a key of its
/// own.
public struct AuditChain: Sendable {
    /// What the first link stands on.
    static let beginning = [UInt8](repeating: 0, count: 32)
    /// The number that, sealed, says no more than that there are lines.
    static let begun: Int64 = 0

    private let vault: Vault
    private let context: String
    private let formerContext: String
    private let headContext: String

    /// The chain of an organization, sealed by a vault's keys.
    public init(_ vault: Vault, organization: Int64) {
        self.vault = vault
        formerContext = "audit \(organization)"
        context = formerContext + " link"
        headContext = formerContext + " head"
    }

    /// Seals lines behind what stands before them.
    ///
    /// - Throws: `Vault.Failure`.
    func link(_ lines: [AuditLine], after seal: [UInt8]?) throws(Vault.Failure) -> AuditLink? {
        guard let first = lines.first, let last = lines.last else { return nil }
        let made = try vault.code(for: Self.bytes(lines, after: seal), context: context)
        return AuditLink(
            lines: first.entry.number...last.entry.number, key: made.key, seal: Signature.sha256(made.code),
            end: made.code)
    }

    /// Whether a link seals exactly these lines behind that seal.
    ///
    /// - Throws: `Vault.Failure.unknownKey`.
    func holds(_ link: AuditLink, _ entries: [AuditEntry], after seal: [UInt8]?) throws(Vault.Failure) -> Bool {
        let bytes = Self.bytes(entries.map(AuditLine.init), after: seal)
        let made = try vault.code(for: bytes, context: context, key: link.key)
        if Signature.areEqual(Signature.sha256(made.code), link.seal) { return true }
        let former = try vault.code(for: bytes, context: formerContext, key: link.key)
        return Signature.areEqual(former.code, link.seal)
    }

    /// Whether a link proves that it is the last.
    func isEnd(_ link: AuditLink) -> Bool {
        link.end.map { Signature.areEqual(Signature.sha256($0), link.seal) } ?? false
    }

    /// What proves that so many lines were written.
    struct Head: Hashable, Sendable {
        let number: Int64
        let key: String
        let code: [UInt8]
    }

    /// Seals the number of the last line.
    ///
    /// - Throws: `Vault.Failure`.
    func sealed(head number: Int64) throws(Vault.Failure) -> Head {
        let made = try vault.code(for: Array(String(number).utf8), context: headContext)
        return Head(number: number, key: made.key, code: made.code)
    }

    /// Whether the number of the last line is what was sealed.
    ///
    /// - Throws: `Vault.Failure.unknownKey`.
    func holds(_ head: Head) throws(Vault.Failure) -> Bool {
        let made = try vault.code(for: Array(String(head.number).utf8), context: headContext, key: head.key)
        return Signature.areEqual(made.code, head.code)
    }

    static func bytes(_ lines: [AuditLine], after seal: [UInt8]?) -> [UInt8] {
        var bytes = seal ?? beginning
        for line in lines { bytes += Signature.sha256(line.sealedBytes) }
        return bytes
    }
}
