/// Reads records of one kind.
public protocol RecordSource: Sendable {
    /// Reads one page.
    ///
    /// - Throws: `ConnectorFailure`. A record that cannot be used is a rejection in the page, not a failure.
    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page

    /// Reads single records by their ids, in that order.
    ///
    /// - Throws: `ConnectorFailure`; a missing record is `.gone` in the answer, not a failure.
    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched]

    /// Reads one page of the ids that exist, to find what was deleted; nil where the vendor offers no such list.
    ///
    /// - Throws: `ConnectorFailure`.
    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage?
}

/// Which page to read.
public struct PageRequest: Hashable, Sendable {
    /// The cursor the last finished pull left: only what changed since (with the connector's own overlap). Nil: all.
    public var since: String?
    /// Where in this pull to go on: the `next` of the page before. Nil: from the start.
    public var position: String?
    /// The most records wanted.
    public var limit: Int

    /// A request.
    public init(since: String? = nil, position: String? = nil, limit: Int = 100) {
        self.since = since
        self.position = position
        self.limit = limit
    }
}

/// A page of drafts.
public struct Page: Hashable, Sendable {
    public var drafts: [Draft]
    public var rejections: [Rejection]
    /// Where the next page starts; nil when this was the last.
    public var next: String?
    /// The cursor for the next pull, valid once this pull has reached its end. Later pages replace it; nil keeps the
    /// old.
    public var cursor: String?
    /// How many records there are in all, where the vendor says; for progress only.
    public var total: Int?
    /// The far side's clock when it answered (Date header).
    public var farClock: Moment?

    /// A page.
    public init(
        drafts: [Draft], rejections: [Rejection] = [], next: String? = nil, cursor: String? = nil, total: Int? = nil,
        farClock: Moment? = nil
    ) {
        self.drafts = drafts
        self.rejections = rejections
        self.next = next
        self.cursor = cursor
        self.total = total
        self.farClock = farClock
    }
}

/// What asking for one record by its id gave.
public enum Fetched: Hashable, Sendable {
    case found(Draft)
    /// The far side says it has no such record.
    case gone(String)
    case rejected(Rejection)
}

/// A page of ids.
public struct CensusPage: Hashable, Sendable {
    public var ids: [String]
    /// Where the next page starts; nil when this was the last.
    public var next: String?

    /// A page of ids.
    public init(ids: [String], next: String?) {
        self.ids = ids
        self.next = next
    }
}
