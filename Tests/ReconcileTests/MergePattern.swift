import Commerce

@testable import Reconcile

/// Four values at the moment of a merge; nil is absent.
struct Four: Hashable, CustomStringConvertible {
    var sent: JSON?
    var ours: JSON?
    var seen: JSON?
    var theirs: JSON?

    /// Every combination of these values and of absence.
    static func all(of values: [JSON]) -> [Four] {
        let domain: [JSON?] = [nil] + values
        return domain.flatMap { sent in
            domain.flatMap { ours in
                domain.flatMap { seen in
                    domain.map { Four(sent: sent, ours: ours, seen: seen, theirs: $0) }
                }
            }
        }
    }

    /// Which of the four are equal: a letter each in the order sent, ours, seen, theirs; `-` is absent.
    var pattern: String {
        var letters: [JSON: Character] = [:]
        return String(
            [sent, ours, seen, theirs].map { value -> Character in
                guard let value else { return "-" }
                if let letter = letters[value] { return letter }
                let letter = ["a", "b", "c", "d"][letters.count] as Character
                letters[value] = letter
                return letter
            })
    }

    var description: String {
        "sent \(sent?.text ?? "-"), ours \(ours?.text ?? "-"), seen \(seen?.text ?? "-"), theirs \(theirs?.text ?? "-")"
    }
}

/// What must come of one pattern of a plain field.
enum Outcome: Hashable {
    /// Nothing is to be remembered.
    case nothing
    /// The hub takes theirs, against nobody.
    case take
    /// Both hold the same.
    case agree
    /// Both changed, to different values.
    case contest

    /// All 52 patterns that four values, some of them absent, can form. Written down by hand: this is the definition
    /// the code is held against.
    static let byPattern: [String: Outcome] = {
        var table: [String: Outcome] = [:]
        for (outcome, patterns) in rows {
            for pattern in patterns.split(separator: " ") { table[String(pattern)] = outcome }
        }
        return table
    }()

    /// How often each outcome arises when the four are absent or one of four values: a pattern with n letters arises
    /// 4 (n = 1), 12 (n = 2), 24 (n = 3) or 24 (n = 4) times; the empty one once.
    static let countsOfFourValues: [Outcome: Int] = [.nothing: 225, .take: 128, .agree: 80, .contest: 192]

    private static let rows: [(Outcome, String)] = [
        // What is absent takes no part in the merge.
        (.nothing, "---- a--- -a-- --a- aa-- ab-- a-a- a-b- -aa- -ab- aaa- aab- aba- abb- abc-"),
        // They show what they showed before: our own echo, or a no-op.
        (.nothing, "--aa -aaa -abb a-aa a-bb aaaa aabb abaa abbb abcc"),
        // The hub holds nothing that could be lost.
        (.take, "---a --ab a--a a--b a-ab a-ba a-bc"),
        // Only they changed.
        (.take, "aa-b aaab aabc"),
        // They came to hold what the hub holds.
        (.agree, "-a-a -aba aa-a aaba ab-b abab abcb"),
        // They met the first time, holding different values; or both changed.
        (.contest, "-a-b -aab -abc ab-a ab-c abac abba abbc abca abcd"),
    ]
}

/// One merge with everything but the four values held fixed.
struct Bench {
    static let side: Int64 = 7
    static let origin: Int64 = 3
    static let theirTime = ChangeInterval(after: Moment(seconds: 1000), before: Moment(seconds: 1060))

    var kind = RecordKind.product
    var part = "name"
    var rule = PartRule(.manual)
    var isIssuer = false
    var isPinned = false
    var isAccepted = true
    var ourTime = ChangeInterval(at: Moment(seconds: 1030))
    var ourOrigin: Int64? = Bench.origin
    var normalForm: @Sendable (String, JSON) -> JSON = { $1 }

    func link(_ four: Four) -> LinkedPart? {
        if four.sent == nil, four.seen == nil, !isPinned { return nil }
        return LinkedPart(sent: four.sent, seen: four.seen, isAccepted: isAccepted, isPinned: isPinned)
    }

    func hub(_ four: Four) -> HubPart? { four.ours.map { HubPart(value: $0, origin: ourOrigin, changed: ourTime) } }

    /// The step for the part; nil for none.
    func step(_ four: Four) -> PartStep? {
        let steps = Reconcile.inbound(
            kind: kind, theirs: Parts(four.theirs.map { [part: $0] } ?? [:]),
            link: link(four).map { [part: $0] } ?? [:],
            record: hub(four).map { [part: $0] },
            observation: Observation(
                side: Self.side, lastSeenAt: Self.theirTime.after, askedAt: Moment(seconds: 1050),
                firstSeenAt: Self.theirTime.before, isIssuer: isIssuer),
            normalForm: normalForm, rule: { _ in rule })
        return steps.first
    }

    // MARK: - The steps that may be expected

    func took(_ four: Four, rule: String, over loser: JSON? = nil) -> PartStep {
        PartStep(
            part: part, link: LinkedPart(sent: four.theirs, seen: four.theirs),
            record: HubPart(value: four.theirs ?? .null, origin: Self.side, changed: Self.theirTime), loser: loser,
            event: .took(rule: rule))
    }

    func kept(_ four: Four, rule: String) -> PartStep {
        PartStep(
            part: part, link: LinkedPart(sent: four.theirs, seen: four.theirs), loser: four.theirs,
            event: .kept(loser: four.theirs ?? .null, rule: rule))
    }

    func agreed(_ four: Four) -> PartStep {
        PartStep(part: part, link: LinkedPart(sent: four.ours, seen: four.theirs), event: .agreed)
    }

    func conflict(_ four: Four) -> PartStep {
        PartStep(
            part: part, link: LinkedPart(sent: four.sent, seen: four.theirs, isAccepted: isAccepted, isPinned: true),
            event: .conflict(base: four.sent, theirs: four.theirs ?? .null, ours: four.ours ?? .null))
    }

    func refused(_ four: Four, reason: String) -> PartStep {
        PartStep(
            part: part, link: LinkedPart(sent: four.sent ?? four.ours, seen: four.theirs, isAccepted: false),
            loser: four.theirs, event: .refused(reason: reason, theirs: four.theirs ?? .null))
    }

    /// The rule under which an uncontested value is taken.
    func uncontested(_ four: Four) -> String { four.ours == nil ? RuleName.firstValue : RuleName.oneSided }
}
