import Reconcile

extension Absorb {
    /// A stock report is a count: what differs from what the far side last showed moves the hub's stock; the number
    /// itself is never taken over. The first report of all is the hub's first level.
    mutating func count(expected: JSON?, theirs: JSON, _ part: String, _ record: inout HubRecord) throws {
        guard let reported = try? StockLevel(json: theirs) else { return }
        let now = ChangeInterval(after: batch.requestedAt, before: batch.observedAt)
        guard let held = record.parts[part], let ours = try? StockLevel(json: held.value), ours.isTracked,
            reported.isTracked
        else {
            if record.parts[part] == nil || reported.isTracked {
                record.parts[part] = HubPart(value: theirs, origin: batch.integration, changed: now)
            }
            return
        }
        guard let before = expected.flatMap({ try? StockLevel(json: $0) })?.quantity?.millionths,
            let after = reported.quantity?.millionths, let stock = ours.quantity?.millionths
        else { return }
        let (delta, isOver) = after.subtractingReportingOverflow(before)
        guard !isOver, delta != 0 else { return }
        var moved = ours
        moved.quantity = ExactDecimal(mantissa: stock + delta, scale: 6)
        record.parts[part] = HubPart(value: moved.json, origin: batch.integration, changed: now)
        let id = try ids()
        result.movements.append(
            Movement(
                id: id, key: "count/\(batch.integration)/\(record.id)/\(id)", record: record.id,
                integration: batch.integration, quantity: delta, reason: "counted there"))
    }
}

extension ExactDecimal {
    /// The number in millionths; nil when it has more digits or does not fit.
    var millionths: Int64? {
        guard scale <= 6 else { return nil }
        var value = mantissa
        for _ in scale..<6 {
            let (tenfold, isOver) = value.multipliedReportingOverflow(by: 10)
            guard !isOver else { return nil }
            value = tenfold
        }
        return value
    }
}
