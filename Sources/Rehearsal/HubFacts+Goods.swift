import Commerce
import Store

/// Which good each record of the hub is.
extension HubFacts {
    /// What records are known as. Where numbers change, a record is the good that its counterparts are; one that has
    /// none any more is known by its number.
    mutating func numbers(_ session: any StoreSession, _ goods: [String: String]) throws -> [Int64: String] {
        var numbers: [Int64: String] = [:]
        for row in try session.rows("SELECT id, natural_key FROM record WHERE kind = 'product' ORDER BY id", []) {
            numbers[row.integer(0)] = row.text(1)
        }
        guard !goods.isEmpty else { return numbers }
        var known: [Int64: String] = [:]
        let links = try session.rows(
            """
            SELECT link.record_id, integration.name || '/' || link.external_id FROM link
            JOIN integration ON integration.id = link.integration_id WHERE link.kind = 'product' ORDER BY link.id
            """, [])
        for row in links {
            guard let good = goods[row.text(1)] else { continue }
            if let other = known[row.integer(0)], other != good {
                joined.append("record \(row.integer(0)) stands for \(other) and for \(good), at \(row.text(1))")
            }
            known[row.integer(0)] = good
        }
        return numbers.merging(known) { $1 }
    }

    mutating func readGoods(_ session: any StoreSession, _ numbers: [Int64: String], areKnown: Bool) throws {
        let rows = try session.rows(
            "SELECT id, natural_key, parts, is_deleted FROM record WHERE kind = 'product' ORDER BY id", [])
        for row in rows {
            let number = numbers[row.integer(0)] ?? ""
            records[number, default: 0] += 1
            keys[number] = row.text(1)
            let quantity = row.json(2)["stock"]?["v"]?["quantity"]
            stock[number] = quantity?.scalarText.flatMap { Int($0) }
            if row.integer(3) == 1 { deleted.insert(number) }
            guard areKnown, let label = row.json(2)[ShownGood.labelPart]?["v"]?.string, label != row.text(1) else {
                continue
            }
            misnamed.append("the hub finds \(number) by \"\(row.text(1))\", though its number is \"\(label)\"")
        }
    }

    /// Offers that were planned, and of which the hub never heard whether they came.
    mutating func readUntold(_ session: any StoreSession, _ numbers: [Int64: String]) throws {
        let rows = try session.rows(
            """
            SELECT record_id, integration.name, was - quantity FROM stock_offer
            JOIN integration ON integration.id = stock_offer.integration_id
            WHERE outcome IN ('open', 'unclear') AND was > quantity ORDER BY stock_offer.id
            """, [])
        for row in rows {
            guard let number = numbers[row.integer(0)] else { continue }
            untold[number, default: []].insert(
                UntoldCount(place: row.text(1), pieces: Int(row.integer(2) / 1_000_000)))
        }
    }

    /// What the hub remembers of each good at each vendor.
    mutating func readLinks(_ session: any StoreSession, _ numbers: [Int64: String]) throws {
        let rows = try session.rows(
            """
            SELECT record.id, integration.name, link.parts FROM link
            JOIN record ON record.id = link.record_id JOIN integration ON integration.id = link.integration_id
            WHERE link.kind = 'product'
            """, [])
        for row in rows {
            let (number, place) = (numbers[row.integer(0)] ?? "", row.text(1))
            let parts = row.json(2)
            if let name = parts["name"]?["n"] ?? parts["name"]?["b"] {
                heard[place, default: [:]][number] = ShownGood.canonical(Self.told(name))
            }
            for (part, value) in parts.object ?? [:] where value["r"]?.bool == true {
                drifts.insert(Drift(number: number, part: String(part.prefix { $0 != "@" }), place: place))
            }
        }
    }
}
