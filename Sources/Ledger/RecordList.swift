import Store

/// Which records a list means, and in which order it goes. Each order has an index, so that no list is sorted, however
/// many records there are.
public struct RecordFilter: Hashable, Sendable {
    /// What a list goes by.
    public enum Way: Hashable, Sendable {
        /// The time of their last change, from then on where one is said; those that changed first come first, unless
        /// the latest are to.
        case changed(since: Moment? = nil, isLatestFirst: Bool = false)
        /// Those that people know by this key.
        case key(String)
        /// Those whose key begins with this, by their keys.
        case keyPrefix(String)
        /// Those that an integration has, which is named by its public id or its name, by their ids there; the one of
        /// that id where it is said.
        case linked(to: String, externalID: String? = nil)
    }

    public var kind: RecordKind
    public var way: Way
    /// Whether those that were deleted are listed, and not the others. What an integration has is listed either way.
    public var isDeleted = false

    /// Records of a kind; all that are there unless said otherwise.
    public init(_ kind: RecordKind, _ way: Way = .changed(), isDeleted: Bool = false) {
        self.kind = kind
        self.way = way
        self.isDeleted = isDeleted
    }
}

/// How far a list was read.
public enum RecordPlace: Hashable, Sendable {
    case changed(at: Moment, id: Int64)
    case key(String, id: Int64)
    case externalID(String)
}

/// One record in a list.
public struct RecordLine: Hashable, Sendable {
    public var id: Int64
    public var kind: RecordKind
    /// The key that people know it by; nil where there is none, and of a customer, whose own it is.
    public var naturalKey: String?
    /// What it is called where anybody may read it.
    public var title: String
    public var hold: String?
    public var isDeleted: Bool
    public var createdAt: Moment
    public var updatedAt: Moment
    /// What it is called in each integration that has it.
    public var links: [RecordLink] = []
}

/// What a record is called in one integration.
public struct RecordLink: Hashable, Sendable {
    public var integration: Int64
    public var externalID: String
}

/// What people and programs call an integration.
public struct IntegrationName: Hashable, Sendable {
    public var name: String
    public var publicID: String
}

/// There is no integration of that name or public id.
public struct UnknownIntegration: Error, Hashable, Sendable {
    /// What was asked for.
    public let word: String

    /// Nobody is called that.
    public init(word: String) { self.word = word }
}

extension LedgerTable {
    /// What all integrations are called, by their ids.
    ///
    /// - Throws: `StoreFailure`.
    public func integrationNames() throws -> [Int64: IntegrationName] {
        let rows = try session.rows(
            "SELECT id, name, public_id FROM integration WHERE organization_id = ?1", [.integer(organization)])
        return Dictionary(
            rows.map { ($0.integer(0), IntegrationName(name: $0.text(1), publicID: $0.text(2))) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Records as a list shows them, at most so many, beginning behind a place of an earlier list; each with the place
    /// behind it. `names`: what all integrations are called.
    ///
    /// - Throws: `StoreFailure`, `UnknownIntegration`.
    public func list(
        _ filter: RecordFilter, _ names: [Int64: IntegrationName], after place: RecordPlace?, limit: Int
    ) throws -> [(line: RecordLine, place: RecordPlace)] {
        if case .linked(let word, let externalID) = filter.way {
            guard
                let side = names.first(where: { $0.value.publicID == word })
                    ?? names.first(where: { $0.value.name == word })
            else { throw UnknownIntegration(word: word) }
            return try linked(filter.kind, side.key, externalID, after: place, limit: limit)
        }
        let (sql, values) = Self.statement(filter, organization, after: place, limit: limit)
        let lines = try withLinks(session.rows(sql, values).map { RecordLine($0, filter.kind) })
        return lines.map { line in
            if case .changed = filter.way { return (line, .changed(at: line.updatedAt, id: line.id)) }
            return (line, .key(line.naturalKey ?? "", id: line.id))
        }
    }

    private static let lineColumns = """
        record.id, natural_key, title, hold, is_deleted, record.created_at, record.updated_at
        """

    /// The statement of a list that goes by what stands in the table of records.
    static func statement(
        _ filter: RecordFilter, _ organization: Int64, after place: RecordPlace?, limit: Int
    ) -> (sql: String, values: [SQLValue]) {
        let (condition, order, values) = condition(filter.way, after: place)
        let sql = """
            SELECT \(lineColumns) FROM record
            WHERE organization_id = ?1 AND kind = ?2 AND is_deleted = \(filter.isDeleted ? 1 : 0) AND \(condition)
            ORDER BY \(order) LIMIT ?3
            """
        let first: [SQLValue] = [.integer(organization), .text(filter.kind.rawValue), .integer(Int64(limit))]
        return (sql, first + values)
    }

    /// The end of all keys that begin alike: no character comes behind it.
    private static let lastCharacter = "\u{10FFFF}"

    private static func condition(
        _ way: RecordFilter.Way, after place: RecordPlace?
    ) -> (condition: String, order: String, values: [SQLValue]) {
        switch way {
        case .changed(let since, let isLatestFirst):
            var (time, id) = isLatestFirst ? (Int64.max, Int64.max) : (since?.milliseconds ?? .min, Int64.min)
            if case .changed(let at, let last)? = place { (time, id) = (at.milliseconds, last) }
            let values: [SQLValue] = [.integer(time), .integer(id)]
            guard isLatestFirst else { return ("(updated_at, id) > (?4, ?5)", "updated_at, id", values) }
            return (
                "(updated_at, id) < (?4, ?5) AND updated_at >= ?6", "updated_at DESC, id DESC",
                values + [.integer(since?.milliseconds ?? .min)]
            )
        case .key(let key):
            var after = Int64.min
            if case .key(_, let id)? = place { after = id }
            // With a sign before it the id is no reason to go by all ids instead of by the key.
            return ("natural_key = ?4 AND +id > ?5", "+id", [.text(key), .integer(after)])
        case .keyPrefix(let prefix):
            var (key, id) = (prefix, Int64.min)
            if case .key(let last, let lastID)? = place { (key, id) = (last, lastID) }
            return (
                "natural_key >= ?4 AND natural_key < ?5 AND (natural_key > ?4 OR id > ?6)", "natural_key, id",
                [.text(key), .text(prefix + lastCharacter), .integer(id)]
            )
        case .linked: return ("id = ?4", "id", [.integer(0)])
        }
    }

    // MARK: What an integration has

    private func linked(
        _ kind: RecordKind, _ integration: Int64, _ externalID: String?, after place: RecordPlace?, limit: Int
    ) throws -> [(line: RecordLine, place: RecordPlace)] {
        let (sql, values) = Self.linkStatement(kind, integration, externalID, organization, after: place, limit: limit)
        let rows = try session.rows(sql, values)
        return zip(try withLinks(rows.map { RecordLine($0, kind) }), rows).map { ($0, .externalID($1.text(7))) }
    }

    /// The statement of a list that goes by ids in an integration.
    static func linkStatement(
        _ kind: RecordKind, _ integration: Int64, _ externalID: String?, _ organization: Int64,
        after place: RecordPlace?, limit: Int
    ) -> (sql: String, values: [SQLValue]) {
        var last = ""
        if case .externalID(let id)? = place { last = id }
        let sql = """
            SELECT \(lineColumns), external_id
            FROM link JOIN record ON record.organization_id = ?1 AND record.id = link.record_id
            WHERE link.organization_id = ?1 AND integration_id = ?2 AND link.kind = ?3
                AND external_id > ?4 \(externalID == nil ? "" : "AND external_id = ?6")
                AND role = '\(HubLink.mainRole)' AND is_active = 1
            ORDER BY external_id LIMIT ?5
            """
        let values: [SQLValue] = [
            .integer(organization), .integer(integration), .text(kind.rawValue), .text(last), .integer(Int64(limit)),
        ]
        return (sql, values + (externalID.map { [.text($0)] } ?? []))
    }

    private func withLinks(_ lines: [RecordLine]) throws -> [RecordLine] {
        guard !lines.isEmpty else { return [] }
        let rows = try session.rows(
            """
            SELECT record_id, integration_id, external_id FROM link
            WHERE organization_id = ?1 AND record_id IN {2} AND role = '\(HubLink.mainRole)' AND is_active = 1
            """, [.integer(organization), .ids(lines.map(\.id).sorted())])
        var links = [Int64: [RecordLink]](minimumCapacity: lines.count)
        for row in rows {
            links[row.integer(0), default: []].append(
                RecordLink(integration: row.integer(1), externalID: row.text(2)))
        }
        var lines = lines
        for index in lines.indices {
            lines[index].links = links[lines[index].id] ?? []
            if lines[index].links.count > 1 { lines[index].links.sort { $0.integration < $1.integration } }
        }
        return lines
    }
}

extension RecordLine {
    /// A record with what it is called in each integration.
    public init(_ record: HubRecord, links: [HubLink]) {
        self.init(
            id: record.id, kind: record.kind, naturalKey: record.kind == .customer ? nil : record.naturalKey,
            title: record.label, hold: record.hold, isDeleted: record.isDeleted, createdAt: record.createdAt,
            updatedAt: record.updatedAt,
            links: links.map { RecordLink(integration: $0.integration, externalID: $0.externalID) })
    }

    fileprivate init(_ row: Row, _ kind: RecordKind) {
        self.init(
            id: row.integer(0), kind: kind, naturalKey: kind == .customer ? nil : row.optionalText(1),
            title: HubRecord.label(kind, row.integer(0), title: row.text(2)),
            hold: row.optionalText(3), isDeleted: row.integer(4) == 1,
            createdAt: row.moment(5) ?? Moment(milliseconds: 0), updatedAt: row.moment(6) ?? Moment(milliseconds: 0))
    }
}

extension RecordKind {
    /// Whether a part of such a record is somebody's own, all of it or some of its members.
    public func isPersonal(_ part: String) -> Bool { PersonalForm(self, part) != .plain || isTelling(part) }

    /// A value of a part without what is somebody's own in it.
    public func withoutPerson(_ part: String, _ value: JSON) -> JSON {
        isTelling(part) ? Self.wordless(value) : PersonalForm(self, part).blank(value)
    }

    /// Whether somebody has written what he liked into it: what a book says of an entry, why money was given back. It
    /// is not sealed, for it is not known to be anybody's.
    private func isTelling(_ part: String) -> Bool {
        self == .journal && part == JournalPart.content.shape.name
            || self == .order && part == OrderPart.refunds.shape.name
    }

    /// A value without what somebody wrote into it.
    private static func wordless(_ value: JSON) -> JSON {
        switch value {
        case .object(let members):
            .object(
                Dictionary(
                    uniqueKeysWithValues: members.map { name, member in
                        (name, ["description", "memo", "reason"].contains(name) ? "" : wordless(member))
                    }))
        case .array(let elements): .array(elements.map(wordless))
        case .null, .bool, .number, .string: value
        }
    }
}
