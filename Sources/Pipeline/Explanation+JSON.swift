import Ledger

extension Explanation {
    /// As commands and the API show it.
    public var json: JSON {
        [
            "record": .integer(record), "kind": .string(kind.rawValue), "title": .string(title), "hold": .text(hold),
            "parts": .array(parts.map(\.json)),
            "receipts": .array(
                receipts.map {
                    [
                        "at": .string($0.at.description), "integration": .string($0.integration),
                        "outcome": .string($0.outcome), "parts": $0.parts,
                        "remarks": .array($0.remarks.map(JSON.string)),
                    ]
                }),
        ]
    }
}

extension PartExplanation {
    /// As commands and the API show it.
    public var json: JSON {
        [
            "part": .string(part), "value": value, "origin": .text(origin),
            "changedAfter": .string(changed.after.description), "changedBefore": .string(changed.before.description),
            "sides": .array(
                sides.map {
                    [
                        "integration": .string($0.integration), "externalId": .string($0.externalID),
                        "seen": $0.seen ?? .null, "sent": $0.sent ?? .null, "accepted": .bool($0.isAccepted),
                        "inConflict": .bool($0.isPinned), "heldByGuard": .bool($0.isHeld),
                    ]
                }), "history": .array(history.map(\.json)),
        ]
    }
}

extension ChangeReport {
    /// As commands and the API show it.
    public var json: JSON {
        var members: [String: JSON] = [
            "number": .integer(number), "at": .string(at.description), "record": .integer(record),
            "kind": .string(kind.rawValue), "title": .string(title), "part": .string(part), "old": old ?? .null,
            "new": new ?? .null, "loser": loser ?? .null, "origin": .text(origin), "rule": .string(rule),
        ]
        members["trace"] = trace.map(JSON.string)
        return .object(members)
    }
}
