import ConnectorKit
import Queue

extension BatchProgress {
    /// The words for how a batch may stand.
    public static let stateWords = ["being filled", "under way", "ended"]

    /// How it stands, in words.
    public var stateWord: String { Self.stateWords[endedAt != nil ? 2 : isSealed ? 1 : 0] }

    /// As commands and the API show it.
    public var json: JSON {
        [
            "id": .integer(id), "name": .string(name), "state": .string(stateWord), "total": .integer(total),
            "done": .integer(done), "failed": .integer(failed), "left": .integer(left),
            "endedAt": .text(endedAt?.description),
            "jobs": .object(Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, .integer($0.value)) })),
        ]
    }
}
