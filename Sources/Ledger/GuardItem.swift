import Reconcile

/// Which part of which far record.
public struct GuardName: Hashable, Sendable {
    public let kind: RecordKind
    public let externalID: String
    public let part: String

    /// A name.
    public init(_ kind: RecordKind, _ externalID: String, _ part: String) {
        (self.kind, self.externalID, self.part) = (kind, externalID, part)
    }
}

/// What is counted together: what befalls the records of one kind of one integration.
public struct GuardKey: Hashable, Sendable {
    public let kind: RecordKind
    public let sort: GuardSort

    /// A key.
    public init(_ kind: RecordKind, _ sort: GuardSort) { (self.kind, self.sort) = (kind, sort) }
}

/// What became of a change that is seldom meant.
public enum GuardDecision: String, Hashable, Sendable, CaseIterable {
    /// It was taken at once. Counts for as long as the guard looks back.
    case passed
    /// It waits: for its share to be known, or for a person.
    case waits
    /// The hub lets it through, for its share was allowed: taken when it is read again. Counts as if it had passed.
    case cleared
    /// A person lets it through: taken when it is read again.
    case released
    /// A person said no: the hub's value is kept when it is read again.
    case discarded
}

/// A change that is seldom meant, as the guard remembers it.
public struct GuardItem: Hashable, Sendable {
    public var integration: Int64
    public var name: GuardName
    public var sort: GuardSort
    public var record: Int64
    /// The hold it waits in, or waited in; nil where it was taken at once.
    public var hold: Int64?
    /// What the hub has, and what it would have.
    public var old: JSON?
    public var new: JSON?
    public var decision: GuardDecision
    public var at: Moment

    /// What it is counted with.
    public var key: GuardKey { GuardKey(name.kind, sort) }

    /// A change that was taken.
    public init(
        integration: Int64, _ name: GuardName, _ sort: GuardSort, record: Int64, old: JSON?, new: JSON?, at: Moment
    ) {
        self.integration = integration
        self.name = name
        self.sort = sort
        self.record = record
        self.old = old
        self.new = new
        self.at = at
        decision = .passed
    }
}

/// How a hold stands.
public enum GuardState: String, Hashable, Sendable, CaseIterable {
    /// More than the minimum; its share is not known before no more of it comes.
    case gathering
    /// More than the share: a person is asked.
    case open
    /// Let through by the hub, for it was no more than the share.
    case cleared
    case released
    case discarded
    /// The far side showed something usual again before anybody decided.
    case healed

    /// Whether nothing is decided yet.
    public var isUndecided: Bool { self == .gathering || self == .open }
}

/// Changes of one sort that wait together.
public struct GuardHold: Hashable, Sendable {
    public var id: Int64
    public var integration: Int64
    public var key: GuardKey
    public var state: GuardState
    /// Of how many linked records, when it was last counted.
    public var total: Int
    public var openedAt: Moment
    /// When the last change came to it.
    public var grownAt: Moment
    public var decidedAt: Moment?
    public var decidedBy: String?

    /// A hold that begins.
    public init(id: Int64, integration: Int64, _ key: GuardKey, total: Int, isOpen: Bool, at now: Moment) {
        self.id = id
        self.integration = integration
        self.key = key
        self.total = total
        state = isOpen ? .open : .gathering
        (openedAt, grownAt) = (now, now)
    }
}

extension HubLink {
    /// Under which the guard holds that a counterpart is gone; no part of a record.
    public static let gonePart = "link"

    /// Whether the guard holds something of it.
    public var isGuarded: Bool { parts.values.contains(where: \.isHeld) }

    /// Says whether the guard holds a part of it.
    public mutating func hold(_ part: String, _ isHeld: Bool) {
        if part == Self.gonePart {
            parts[part] = isHeld ? LinkedPart(isHeld: true) : nil
        } else if isHeld || parts[part] != nil {
            parts[part, default: LinkedPart()].isHeld = isHeld
        }
        digest = nil
    }
}

extension GuardTerms {
    /// The terms as they are kept; what cannot be read is as where nothing is said.
    init(json: JSON?) {
        self.init()
        for word in Self.words { if let number = json?[word]?.integer { try? set(word, to: String(number)) } }
    }

    /// The terms as JSON.
    public var json: JSON {
        ["share": .integer(sharePercent), "minimum": .integer(minimum), "price": .integer(pricePercent)]
    }

    private static let words = ["share", "minimum", "price"]

    /// Sets one term by its word: `share` and `price` in percent, `minimum` in records.
    ///
    /// - Throws: `PartError` that says what is expected.
    public mutating func set(_ word: String, to value: String) throws(PartError) {
        func number(_ most: Int) throws(PartError) -> Int {
            guard let number = Int(value), (0...most).contains(number) else {
                throw PartError("\(word) is \"\(value)\"; it must be a whole number from 0 to \(most)")
            }
            return number
        }
        switch word {
        case "share": sharePercent = try number(100)
        case "minimum": minimum = try number(Self.minimumLimit)
        case "price": pricePercent = try number(100)
        default:
            throw PartError("\"\(word)\" is no term of the guard; there are: \(Self.words.joined(separator: ", "))")
        }
    }
}
