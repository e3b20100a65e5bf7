import Reconcile

/// Drafts that one side showed, with what is needed to merge them.
public struct ObservedBatch: Sendable {
    public var integration: Int64
    public var drafts: [Draft]
    public var rejections: [Rejection]
    /// The organization's settle number when the request was sent: what we wrote later is not in these drafts.
    public var askedAt: Int64
    /// When the request was sent and when its answer came, in hub time.
    public var requestedAt: Moment
    public var observedAt: Moment
    /// When these kinds were last read, in hub time: what changed, changed after it.
    public var lastSeenAt: Moment?
    /// The far clock's offset in seconds (theirs less ours); nil when it is not known.
    public var clockOffsetSeconds: Double?
    public var run: Int64?
    /// Whether the drafts came unasked (a webhook's body): merged only where they are surely newer than what is known.
    public var isHint = false
    /// What a side said that only tells and cannot be asked; nil where it was read, or can be.
    public var told: Told?
    /// Whether the side's orders were read to their end after these drafts were read: all that they show is known.
    public var isOrdersReadAfter = false
    /// Whether whoever asked follows up by himself what cannot be explained.
    public var isFollowedUp = false
    /// The trace of what showed each of them; nothing of what was read by itself.
    public var traces: [ExternalKey: String] = [:]
    /// Where these drafts were merged once and are merged again: the number under which they were.
    public var mergedAt: Int64?
    /// What these drafts have just settled an unclear write to.
    public var settled: Set<ExternalKey> = []

    /// A batch.
    public init(
        integration: Int64, drafts: [Draft], rejections: [Rejection] = [], askedAt: Int64,
        requestedAt: Moment, observedAt: Moment, lastSeenAt: Moment? = nil, clockOffsetSeconds: Double? = nil,
        run: Int64? = nil
    ) {
        self.integration = integration
        self.drafts = drafts
        self.rejections = rejections
        self.askedAt = askedAt
        self.requestedAt = requestedAt
        self.observedAt = observedAt
        self.lastSeenAt = lastSeenAt
        self.clockOffsetSeconds = clockOffsetSeconds
        self.run = run
    }
}

/// What the ledger must know of an integration to merge what it shows.
public struct MergeRules: Sendable {
    /// The parts that are taken from it, by kind.
    public var takes: [RecordKind: Set<String>]
    /// The kinds whose drafts may be matched with another side's record by natural key.
    public var matched: Set<RecordKind>
    /// The kinds of documents it issues.
    public var issued: Set<RecordKind>
    /// What decides when both sides changed a part, by kind and part; `.manual` where nothing is said.
    public var policies: [RecordKind: [String: PartRule]]
    /// The form in which two values of a part count as the same there.
    public var normalForm: @Sendable (RecordKind, String, JSON) -> JSON = { $2 }
    /// When its orders move stock; nil where they do not, or are not read.
    public var orderStock: OrderStockRule?
    /// Whether its orders are read without anybody asking: then what a count shows can wait for them.
    public var readsOrders = false
    /// When it was connected: every count of its stock was asked for after that. Nil where nobody says.
    public var connectedAt: Moment?
    /// How much of what is seldom meant it may do at once.
    public var guardTerms = GuardTerms()

    /// Rules.
    public init(
        takes: [RecordKind: Set<String>], matched: Set<RecordKind>, issued: Set<RecordKind>,
        policies: [RecordKind: [String: PartRule]] = [:]
    ) {
        self.takes = takes
        self.matched = matched
        self.issued = issued
        self.policies = policies
    }

    /// The rule of one part: as configured, else counters count, sets merge, and the rest goes by time and then to a
    /// person.
    public func rule(_ kind: RecordKind, _ part: String) -> PartRule {
        let own = policies[kind]
        if let rule = own?[part] ?? own?[ScopedName(part).part] ?? own?["*"] { return rule }
        switch kind.shape(of: part).form {
        case .counter: return PartRule(.counter)
        case .set: return PartRule(.merge)
        default: return PartRule(.timestamp)
        }
    }
}

/// How it came that a side said something unasked that cannot be asked.
public struct Told: Hashable, Sendable {
    /// The stored call.
    public var delivery: Int64
    /// When it happened, by the side's clock; nil where it does not say.
    public var at: Moment?
    /// Whether the call is looked at once more because something it refers to was unknown.
    public var isSecondLook: Bool

    /// A call.
    public init(delivery: Int64, at: Moment?, isSecondLook: Bool = false) {
        self.delivery = delivery
        self.at = at
        self.isSecondLook = isSecondLook
    }
}

/// A far side's name for a record.
public struct ExternalKey: Hashable, Sendable {
    public let kind: RecordKind
    public let id: String

    /// A name.
    public init(_ kind: RecordKind, _ id: String) {
        self.kind = kind
        self.id = id
    }
}

/// A natural key within its kind.
public struct NaturalKey: Hashable, Sendable {
    public let kind: RecordKind
    public let key: String

    /// A key; compared without regard to case and outer white space.
    public init(_ kind: RecordKind, _ key: String) {
        self.kind = kind
        self.key = Self.folded(key)
    }

    /// The form in which keys are compared.
    public static func folded(_ key: String) -> String {
        key.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
    }
}

/// What is loaded for a batch: everything the decision needs, and nothing of the store.
public struct Snapshot: Sendable {
    public var links: [ExternalKey: HubLink] = [:]
    /// The digest of each draft of the batch, in its order.
    public var digests: [String] = []
    public var records: [Int64: HubRecord] = [:]
    public var matches: [NaturalKey: [Int64]] = [:]
    /// The records that bore a number once that none bears now.
    public var former: [NaturalKey: [Int64]] = [:]
    /// All links of the records above, by record.
    public var linksOfRecord: [Int64: [HubLink]] = [:]
    /// What our own references look like.
    public var references = HubReference(key: "")
    /// The settle number that what is merged now gets.
    public var number: Int64 = 0
    /// What is known of stock.
    public var stock = StockSnapshot()
    /// Writes to the batch's integration whose outcome is not known yet, by record.
    public var attempts: [Int64: OpenAttempt] = [:]
    /// What the guard knows of the far records whose links say that it holds something of them.
    public var guarded: [GuardName: GuardItem] = [:]

    /// Nothing loaded.
    public init() {}

    /// The records whose link says that a write to it is unclear.
    public var recordsInFlight: Set<Int64> { Set(links.values.filter(\.isInFlight).map(\.record)) }

    /// The records that drafts may be matched with: they are not linked yet, and their create may be unclear.
    public var unlinkedRecords: Set<Int64> { Set(records.keys).subtracting(links.values.map(\.record)) }
}

/// A write whose outcome is not known.
public struct OpenAttempt: Hashable, Sendable {
    /// What it carried.
    public var wrote: Parts
    /// Whether its call had surely ended when the batch was asked for.
    public var hasEnded: Bool
    /// Whether a process is still at it, and its answer may yet come.
    public var isUnderWay: Bool
    /// Whether it is made again under the same key, and only so can tell which record there it made.
    public var isKeyed: Bool
    /// The parts in which it was seen to have come there, while its answer was still waited for.
    public var proven: Set<String>

    /// An attempt.
    public init(
        wrote: Parts, hasEnded: Bool, isUnderWay: Bool = false, isKeyed: Bool, proven: Set<String> = []
    ) {
        self.wrote = wrote
        self.proven = proven
        self.hasEnded = hasEnded
        self.isUnderWay = isUnderWay
        self.isKeyed = isKeyed
    }
}

/// One line of the change log; its number is given at the commit.
public struct Change: Hashable, Sendable {
    public var record: Int64
    public var kind: RecordKind
    public var part: String
    public var old: JSON?
    public var new: JSON?
    public var loser: JSON?
    /// The integration it came from; nil for a person or the hub.
    public var origin: Int64?
    /// Why it is so: `changed there`, `timestamp`, `conflict opened`.
    public var rule: String
    public var run: Int64?
    public var at: Moment
    /// The trace of what it came of; nil where it began by itself.
    public var trace: String?

    /// A line of the log.
    public init(
        record: Int64, kind: RecordKind, part: String, old: JSON?, new: JSON?, loser: JSON? = nil, origin: Int64?,
        rule: String, run: Int64? = nil, at: Moment, trace: String? = nil
    ) {
        self.trace = trace
        self.record = record
        self.kind = kind
        self.part = part
        self.old = old
        self.new = new
        self.loser = loser
        self.origin = origin
        self.rule = rule
        self.run = run
        self.at = at
    }
}

extension Change {
    /// The part under which the first line of a record stands.
    public static let birthPart = "record"

    /// What the first line of a record says: its title and the values it began with. The lines after it lead from these
    /// to what it is now, so that the log alone tells what a record was at any time.
    static func birth(of record: HubRecord) -> JSON {
        ["title": .string(record.title), "values": record.values.json]
    }

    /// What is told of the new value: of a new record its title.
    public var told: JSON? { part == Self.birthPart ? new?["title"] ?? new : new }
}

/// A conflict to be opened.
public struct NewConflict: Hashable, Sendable {
    public var id: Int64
    public var record: Int64
    public var link: Int64
    public var part: String
    public var base: JSON?
    public var theirs: JSON
    public var ours: JSON
}

/// What a merge came to: values to be saved in one transaction.
public struct Absorption: Sendable {
    public var records: [Int64: HubRecord] = [:]
    public var links: [Int64: HubLink] = [:]
    public var changes: [Change] = []
    public var conflicts: [NewConflict] = []
    /// Conflicts that settled by themselves: link and part.
    public var settledConflicts: [(link: Int64, part: String)] = []
    public var rejections: [Rejection] = []
    /// Far records that were taken over, by external id: earlier rejections of them are resolved.
    public var accepted: [ExternalKey] = []
    /// Records to be read: what a draft refers to and the hub does not know.
    public var wanted: [ExternalKey] = []
    /// Those of them that are new and were not shown whole: until they are, nobody else is given them.
    public var untold: Set<ExternalKey> = []
    /// Those of them that a call told of and nothing was made of yet.
    public var unread: Set<ExternalKey> = []
    /// Records to be read again: what was shown of them may be from before our own last write.
    public var stale: [ExternalKey] = []
    /// The parts in which a write whose answer is still waited for was seen to have come there, by record.
    public var proven: [Int64: Set<String>] = [:]
    public var movements: [Movement] = []
    /// Movements of products that were unknown until now: movement and record.
    public var placements: [(movement: Int64, record: Int64)] = []
    /// What is known of the side's stock from now on, by record.
    public var sides: [Int64: StockSide] = [:]
    /// Records whose stock there cannot be explained yet: orders are read, then these.
    public var unsettled: [ExternalKey] = []
    /// Records that moved there by an order: they are looked at once more if nothing shows it by itself.
    public var pending: [ExternalKey] = []
    /// Records whose value changed or that are new here, for Announce.
    public var touched: Set<Int64> = []
    public var counts = RunCounts()
    /// Whether a side showed something new: what was asked for before that may be older, and is asked for again.
    public var hasNews = false
    /// Whether a side showed somebody whose values were erased.
    public var hasErased = false
    /// What is seldom meant, and is no more known to the guard than that: taken or held, as was asked.
    public var drastic: [GuardItem] = []
    /// What the guard is to remember otherwise from now on.
    public var guarded: [GuardItem] = []
    /// What the guard asks a person about from now on.
    public var alarms: [GuardKey] = []
    /// What the guard need not remember any more.
    public var unguarded: [GuardName] = []

    /// Nothing to be done.
    public init() {}
}

/// What a run counted.
public struct RunCounts: Hashable, Sendable, Codable {
    public var read = 0
    public var created = 0
    public var updated = 0
    public var unchanged = 0
    public var rejected = 0
    public var conflicts = 0
    public var deleted = 0
    /// Changes that the guard holds.
    public var held = 0
    /// How many there are in all, where the far side says.
    public var total: Int?

    /// All zero.
    public init() {}

    /// Adds another's counts.
    public mutating func add(_ other: RunCounts) {
        read += other.read
        created += other.created
        updated += other.updated
        unchanged += other.unchanged
        rejected += other.rejected
        conflicts += other.conflicts
        deleted += other.deleted
        held += other.held
        total = other.total ?? total
    }
}
