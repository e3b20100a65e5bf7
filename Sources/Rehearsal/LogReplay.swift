import Commerce
import Store

/// Folds the change log from nothing, and compares what it comes to with the records: what the log does not tell has
/// happened unseen, and can be neither explained nor undone.
enum LogReplay {
    /// What the log does not tell, a sentence each.
    ///
    /// - Throws: `StoreFailure`.
    static func differences(_ disk: any InlineStore) throws -> [String] {
        try disk.look { session in
            var found: [String] = []
            let erased = try session.rows("SELECT id FROM record WHERE erased_at IS NOT NULL", []).map { $0.integer(0) }
            let told = try fold(session, Set(erased), &found)
            for row in try session.rows("SELECT id, kind, natural_key, parts FROM record ORDER BY id", []) {
                let name = "\(row.text(1)) \(row.optionalText(2) ?? String(row.integer(0)))"
                guard let folded = told[row.integer(0)] else {
                    found.append("the change log has no line of \(name)")
                    continue
                }
                let kept = (row.json(3).object ?? [:]).compactMapValues { $0["v"] }
                let isErased = erased.contains(row.integer(0))
                found += differences(
                    name, JSON.object(told: folded).left(isErased), JSON.object(told: kept).left(isErased))
            }
            return try found + unmoved(session)
        }
    }

    /// The values each record has by the log alone. Every line must begin where the one before it ended.
    private static func fold(
        _ session: any StoreSession, _ erased: Set<Int64>, _ found: inout [String]
    ) throws -> [Int64: [String: JSON]] {
        var told: [Int64: [String: JSON]] = [:]
        let rows = try session.rows("SELECT record_id, part, old, new FROM change ORDER BY number", [])
        for row in rows {
            let (record, part) = (row.integer(0), row.text(1))
            if part == "link" { continue }
            if part == "record" {
                told[record] = row.json(3)["values"]?.object ?? [:]
                continue
            }
            let old = row.optionalText(2) == nil ? JSON.null : row.json(2)
            let before = told[record]?[part] ?? .null
            let isErased = erased.contains(record)
            if before.left(isErased).text != old.left(isErased).text {
                found.append("\(part) of record \(record) went from \(before.text) to \(old.text) without a line")
            }
            told[record, default: [:]][part] = row.optionalText(3) == nil ? nil : row.json(3)
        }
        return told
    }

    private static func differences(_ name: String, _ told: JSON, _ kept: JSON) -> [String] {
        guard told.bytes != kept.bytes else { return [] }
        let parts = Set((told.object ?? [:]).keys).union((kept.object ?? [:]).keys).sorted()
        return parts.filter { told[$0] != kept[$0] }.map { part in
            "\(part) of \(name) is \(kept[part]?.text ?? "nothing"), and by the change log "
                + "\(told[part]?.text ?? "nothing")"
        }
    }

    /// Goods whose stock is not the sum of its movements.
    private static func unmoved(_ session: any StoreSession) throws -> [String] {
        var moved: [Int64: Int64] = [:]
        let sums = "SELECT record_id, CAST(sum(quantity) AS BIGINT) FROM movement GROUP BY record_id"
        for row in try session.rows(sums, []) {
            moved[row.integer(0)] = row.integer(1)
        }
        return try session.rows("SELECT id, natural_key, parts FROM record WHERE kind = 'product' ORDER BY id", [])
            .compactMap { row in
                let stock = row.json(2)["stock"]?["v"]?["quantity"]?.scalarText.flatMap { Int64($0) } ?? 0
                let sum = moved[row.integer(0)] ?? 0
                return stock * 1_000_000 == sum
                    ? nil : "stock of \(row.text(1)) is \(stock), and its movements come to \(sum) millionths"
            }
    }
}

extension JSON {
    /// Values as they are compared: one that is said to be empty is none.
    fileprivate static func object(told values: [String: JSON]) -> JSON { .object(values.filter { !$0.value.isNull }) }

    /// What is left of a value once its person was erased: the log keeps what nobody can open any more, the record
    /// does not. The key it was sealed with is looked for apart from this.
    fileprivate func left(_ isErased: Bool) -> JSON {
        guard isErased else { return self }
        if let members = object {
            let left = members.filter { $0.key != "~" }.mapValues { $0.left(true) }.filter { !$0.value.isNothing }
            return left.isEmpty ? .null : .object(left)
        }
        return self
    }

    private var isNothing: Bool { isNull || string == "" }
}
