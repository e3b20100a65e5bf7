import ConnectorKit

/// Where the reading of a stall's list stands: behind an id where it lies in their order, else at a place.
struct StallPosition: Sendable {
    /// What the stall's clock showed when the first page was asked for.
    var begun: String?
    /// The id of the last good that was read.
    var after: String
    /// When that was changed, as it was read.
    var changed = ""
    /// The place in a list that is in the order of its changes; nil for one in the order of ids.
    var place: Int?
    /// From when on changes are asked for, where that is later than the pull's own beginning.
    var since: String?
    /// Whether all is read, whenever it was changed.
    var isWhole = false
    /// How often it went on by time: two positions of one pull are never the same text.
    var restarts = 0

    /// Behind a page.
    init?(after rows: [JSON], of json: JSON, _ begun: String, _ before: StallPosition?) {
        guard let last = rows.last, let id = last["id"]?.scalarText else { return nil }
        self.begun = begun
        after = id
        changed = last["changed"]?.string ?? ""
        place = json["place"]?.integer.map { $0 + rows.count }
        (since, restarts) = (before?.since, before?.restarts ?? 0)
        isWhole = before?.isWhole ?? false
    }

    /// At the beginning of all there is.
    static let whole = StallPosition(begun: nil)

    private init(begun: String?) {
        (self.begun, after, isWhole) = (begun, "", true)
    }

    init?(_ text: String) {
        guard let json = try? JSON(parsing: text), let begun = json["begun"]?.string, let after = json["after"]?.string
        else { return nil }
        (self.begun, self.after) = (begun, after)
        (changed, place) = (json["changed"]?.string ?? "", json["place"]?.integer)
        isWhole = json["whole"]?.bool ?? false
        (since, restarts) = (json["since"]?.string, json["restarts"]?.integer ?? 0)
    }

    var text: String {
        var members: [String: JSON] = [
            "begun": .string(begun ?? ""), "after": .string(after), "changed": .string(changed),
        ]
        members["place"] = place.map { .integer($0) }
        members["since"] = since.map { .string($0) }
        if isWhole { members["whole"] = true }
        members["restarts"] = .integer(restarts)
        return JSON.object(members).text
    }

    /// What is asked for: the last good that was read once more, to see that it still stands there.
    var query: [(String, String)] {
        guard let place else { return after.isEmpty ? [] : [("after", after)] }
        return place > 0 ? [("place", String(place - 1)), ("anchor", after)] : [("place", "0")]
    }

    /// Whether the last good that was read does not stand where it did.
    func hasShifted(_ rows: [JSON]) -> Bool {
        guard let place, place > 0 else { return false }
        return rows.first?["id"]?.scalarText != after || rows.first?["changed"]?.string != changed
    }

    /// From the last change that was read on, by time.
    var anew: StallPosition {
        var position = self
        (position.since, position.place) = (changed, 0)
        position.restarts += 1
        return position
    }
}
