import GRDB

/// All slots of a database book.
///
/// A frame or list is a row that names a GUID; its members hang on that GUID and are named by their whole path, so an
/// object's slots are found by following the rows, never by name alone.
struct SQLiteSlots {
    private enum Kind {
        case value(SlotValue)
        case frame(GUID)
        case list(GUID)
    }

    private var rows: [GUID: [(name: String, kind: Kind)]] = [:]
    private var days: [GUID: Int32] = [:]
    private static let deepest = 50

    /// Reads the whole table. Source of the numbers: GnuCash 4.13, kvp-value.hpp `KvpValue::Type`.
    mutating func read(from db: Database) throws {
        let cursor = try Row.fetchCursor(
            db,
            sql: """
                SELECT obj_guid, name, slot_type, int64_val, string_val, double_val, timespec_val, guid_val,
                    numeric_val_num, numeric_val_denom, gdate_val FROM slots ORDER BY id
                """)
        while let next = try cursor.next() {
            let row = SQLiteRow(row: next)
            guard let owner = row.guid(0) else { continue }
            let name = row.text(1)
            if name == "date-posted", row.integer(2) == 10 {
                if let day = row.day(10) { days[owner] = day.daysSince1970 }
            } else if let kind = Self.kind(row) {
                rows[owner, default: []].append((name, kind))
            }
        }
    }

    /// The day in the slot `date-posted`, which is kept apart for being on nearly every transaction.
    func postedDay(of guid: GUID) -> BookDay? { days[guid].map { BookDay(daysSince1970: $0) } }

    mutating func forgetDays() { days = [:] }

    /// The slots of an object without `date-posted`.
    func of(_ guid: GUID) -> Slots {
        guard rows[guid] != nil else { return [:] }
        return members(of: guid, under: "", depth: 0)
    }

    private func members(of guid: GUID, under path: String, depth: Int) -> Slots {
        var slots: Slots = [:]
        for (name, kind) in rows[guid] ?? [] where depth < Self.deepest {
            let key = name.hasPrefix(path) ? String(name.dropFirst(path.count)) : name
            slots[key] = value(kind, name: name, depth: depth)
        }
        return slots
    }

    private func value(_ kind: Kind, name: String, depth: Int) -> SlotValue {
        switch kind {
        case .value(let value): return value
        case .frame(let guid): return .frame(members(of: guid, under: name + "/", depth: depth + 1))
        case .list(let guid):
            let items = depth < Self.deepest ? rows[guid] ?? [] : []
            return .list(items.map { value($0.kind, name: $0.name, depth: depth + 1) })
        }
    }

    private static func kind(_ row: SQLiteRow) -> Kind? {
        switch row.integer(2) {
        case 1: .value(.integer(row.integer(3)))
        case 2: .value(.double(row.double(5)))
        case 3: row.fraction(8).map { .value(.numeric($0)) }
        case 4: .value(.string(row.text(4)))
        case 5: row.guid(7).map { .value(.guid($0)) }
        case 6: row.time(6).map { .value(.time($0)) }
        case 8: row.guid(7).map { .list($0) }
        case 9: row.guid(7).map { .frame($0) }
        case 10: row.day(10).map { .value(.day($0)) }
        default: nil
        }
    }
}
