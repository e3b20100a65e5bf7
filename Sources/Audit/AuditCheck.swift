import Commerce
import Store
import Wire

/// What looking through an organization's audit found.
public struct AuditVerdict: Hashable, Sendable {
    /// How many lines were looked at.
    public var lines: Int64 = 0
    /// The number and the seal of the last line: kept elsewhere, they tell later whether lines were cut off the end.
    public var head: AuditHead?
    /// What is wrong, in sentences; empty: nothing was altered, removed, added or moved.
    public var problems: [String] = []

    /// Nothing looked at yet.
    public init() {}
}

/// The end of an audit at some time, as somebody keeps it elsewhere.
public struct AuditHead: Hashable, Sendable, CustomStringConvertible {
    public let number: Int64
    public let seal: [UInt8]

    /// A head.
    public init(number: Int64, seal: [UInt8]) {
        self.number = number
        self.seal = seal
    }

    /// Reads what `description` wrote.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int64(parts[0]), number > 0, let seal = Signature.bytes(hex: parts[1]),
            seal.count == 32
        else { return nil }
        self.init(number: number, seal: seal)
    }

    /// `NUMBER:SEAL`, the seal in hex.
    public var description: String { "\(number):\(Signature.hex(seal))" }
}

/// Looks through a chain link by link, from its beginning.
struct AuditCheck {
    /// The most problems that are told one by one.
    static let problemLimit = 20

    private let chain: AuditChain
    private let kept: AuditHead?
    private var seal: [UInt8]?
    /// Whether the last link says that it is the last.
    private var isEnded = false
    private var next: Int64 = 1
    private var hasMetKept = false
    private(set) var verdict = AuditVerdict()

    /// The number of the last line that a link seals.
    var last: Int64 { next - 1 }

    /// A check. `kept`: a head of before that must be met on the way.
    init(_ chain: AuditChain, meeting kept: AuditHead?) {
        self.chain = chain
        self.kept = kept
    }

    /// One link with the lines that stand under its numbers.
    mutating func take(_ link: AuditLink, _ entries: [AuditEntry]) {
        if link.lines.lowerBound != next {
            tell("lines \(next) to \(link.lines.lowerBound - 1) are sealed by no link: they were removed or moved")
        }
        let present = Set(entries.map(\.number))
        let missing = link.lines.filter { !present.contains($0) }
        if let first = missing.first {
            tell(
                missing.count == 1
                    ? "line \(first) is missing" : "line \(first) and \(missing.count - 1) more are missing")
        } else {
            check(link, entries)
        }
        seal = link.seal
        isEnded = chain.isEnd(link)
        next = link.lines.upperBound + 1
        verdict.lines += Int64(entries.count)
        verdict.head = AuditHead(number: link.lines.upperBound, seal: link.seal)
        if let kept, link.lines.upperBound == kept.number {
            hasMetKept = true
            if !Signature.areEqual(kept.seal, link.seal) {
                tell("line \(kept.number) does not have the seal that was kept: what stands before it was written anew")
            }
        }
    }

    private mutating func check(_ link: AuditLink, _ entries: [AuditEntry]) {
        let lines =
            link.lines.count == 1
            ? "line \(link.lines.lowerBound)" : "lines \(link.lines.lowerBound) to \(link.lines.upperBound)"
        do {
            if try !chain.holds(link, entries, after: seal) {
                tell("\(lines): not as written down, or what stands before was altered")
            }
        } catch {
            tell("\(lines): cannot be checked: \(error)")
        }
    }

    /// All links were seen. `head`: what says that there is an audit, or, from an older release, where it ends.
    /// `loose`: how many lines stand behind the last link.
    mutating func end(_ head: AuditChain.Head?, loose: Int) {
        if let head { check(head) }
        if head == nil, last > 0 { tell("what says how many lines there are is gone") }
        if head?.number == AuditChain.begun, !isEnded {
            tell("the last line that is there, \(last), was not the last: the end was cut off")
        }
        if loose > 0 { tell("\(loose) lines at the end are sealed by no link: they were added") }
        if let kept, !hasMetKept { tell("line \(kept.number), whose seal was kept, is not there, or ends no link") }
    }

    private mutating func check(_ proof: AuditChain.Head) {
        do {
            if try !chain.holds(proof) || ![AuditChain.begun, last].contains(proof.number) {
                tell("the audit was to end with line \(proof.number) and ends with \(last): its end was altered")
            }
        } catch {
            tell("the end of the audit cannot be checked: \(error)")
        }
    }

    private mutating func tell(_ problem: String) {
        if verdict.problems.count == Self.problemLimit { return verdict.problems.append("and more") }
        if verdict.problems.count < Self.problemLimit { verdict.problems.append(problem) }
    }
}

/// Looks through the audit of an organization in steps, so that others write meanwhile.
public enum AuditVerification {
    /// Looks through the whole audit. `kept`: a head of before that must be met on the way.
    ///
    /// - Throws: `StoreFailure`.
    public static func run(
        _ store: any Store, organization: Int64, vault: Vault, meeting kept: AuditHead? = nil
    ) async throws -> AuditVerdict {
        var check = AuditCheck(AuditChain(vault, organization: organization), meeting: kept)
        while true {
            let after = check.last
            let page = try await store.read {
                let table = AuditTable($0, organization: organization, vault: vault)
                let links = try table.links(after: after)
                return (links: links, end: links.isEmpty ? try table.end(behind: after) : nil)
            }
            for (link, entries) in page.links { check.take(link, entries) }
            guard let end = page.end else { continue }
            check.end(end.head, loose: end.loose)
            return check.verdict
        }
    }
}
