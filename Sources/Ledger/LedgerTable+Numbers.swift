import Reconcile
import Store

/// A number that a record had at a far side and has no more.
public struct FreedKey: Hashable, Sendable {
    public var kind: RecordKind
    /// In the form in which keys are compared.
    public var key: String
}

extension HubLink {
    /// The number its counterpart showed last, in the form in which keys are compared; nil where it has none.
    public var key: String? { kind.keyPart.flatMap { parts[$0]?.seen }.flatMap(Self.key) }

    /// A number in the form in which keys are compared; nil for none.
    public static func key(_ value: JSON) -> String? {
        value.string.map(NaturalKey.folded).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether it was refused the number it is to have.
    var isRefusedItsKey: Bool { kind.keyPart.flatMap { parts[$0] }.map { !$0.isAccepted } ?? false }

    /// The link once the number it was refused is free: it is to be written.
    public var reopened: HubLink? {
        guard let part = kind.keyPart, isRefusedItsKey, var linked = parts[part] else { return nil }
        var link = self
        (linked.sent, linked.isAccepted) = (linked.seen, true)
        link.parts[part] = linked
        return link
    }

    /// The numbers that counterparts had before and have no more.
    public static func freed(_ before: [HubLink], _ after: [HubLink]) -> [FreedKey] {
        let now = Dictionary(after.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return before.compactMap { old in
            guard old.role == mainRole, let key = old.key, let new = now[old.id], new.key != key || !new.isActive
            else { return nil }
            return FreedKey(kind: old.kind, key: key)
        }
    }
}

extension LedgerTable {
    /// Remembers the numbers that records bore until these changes.
    func keepFormer(_ changes: [Change]) throws {
        let former = changes.filter { !$0.kind.isPersonal && $0.part == $0.kind.keyPart }.compactMap { change in
            change.old.flatMap(HubLink.key).map { (change.kind, $0, change.record) }
        }
        for (kind, key, record) in former {
            try session.run(
                """
                INSERT INTO former_key (organization_id, kind, natural_key, record_id) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT DO NOTHING
                """, [.integer(organization), .text(kind.rawValue), .text(key), .integer(record)])
        }
    }

    /// The records that bore one of these numbers once, with it.
    func formerly(_ kind: RecordKind, _ keys: [String]) throws -> [(key: String, record: Int64)] {
        guard !keys.isEmpty else { return [] }
        return try session.rows(
            """
            SELECT natural_key, record_id FROM former_key WHERE organization_id = ?1 AND kind = ?2
                AND natural_key IN {3} ORDER BY natural_key, record_id
            """, [.integer(organization), .text(kind.rawValue), .keys(keys)]
        ).map { ($0.text(0), $0.integer(1)) }
    }

    /// How many records a circle of numbers is followed through.
    static let longestCircle = 12

    /// Records that are to have a number an integration did not let them have, or where they are not yet; those that
    /// are in step there are none of them.
    ///
    /// - Throws: `StoreFailure`.
    public func waiting(for freed: FreedKey, at integration: Int64) throws -> [(record: Int64, link: HubLink?)] {
        let wanting = try matches(freed.kind, [freed.key]).map(\.1).sorted()
        let links = try links(ofRecords: wanting).filter {
            $0.integration == integration && $0.role == HubLink.mainRole
        }
        return wanting.compactMap { record in
            guard let link = links.first(where: { $0.record == record }) else { return (record, nil) }
            return link.isActive && link.isRefusedItsKey ? (record, link) : nil
        }
    }

    /// Whether numbers go round at a far side: what a counterpart is to have is held by one that waits, over others or
    /// at once, for what this one holds.
    ///
    /// - Throws: `StoreFailure`.
    public func isCircle(_ link: HubLink, part: String, wanted: JSON) throws -> Bool {
        guard part == link.kind.keyPart, let wanted = HubLink.key(wanted), var held = link.key, held != wanted else {
            return false
        }
        for _ in 0..<Self.longestCircle {
            let wanting = try matches(link.kind, [held]).map(\.1)
            let next = try links(ofRecords: wanting).first {
                $0.integration == link.integration && $0.role == HubLink.mainRole && $0.isActive
                    && $0.record != link.record && $0.key != held
            }
            guard let key = next?.key else { return false }
            if key == wanted { return true }
            held = key
        }
        return false
    }
}
