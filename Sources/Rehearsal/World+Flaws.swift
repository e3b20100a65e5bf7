import Commerce
import Wire

/// The rarer flaws of vendors' answers: one record of many refused, and a member that is not what it was.
extension World {
    /// A record that a vendor did not take, with its place among the others.
    struct Withheld: Sendable {
        var list: String
        var place: Int
        var entry: JSON
        /// Whether the vendor failed over it; else it will not have it.
        var isFailure: Bool

        /// The answer with a word about the record that was refused.
        func refused(in response: HTTPResponse) -> HTTPResponse {
            guard response.status < 300, var members = (try? JSON(parsing: response.body))?.object else {
                return response
            }
            var rows = members[list]?.array ?? []
            let error: JSON = [
                "code": .string(isFailure ? "internal_server_error" : "woocommerce_rest_cannot_edit"),
                "message": .string(isFailure ? "There was a critical error." : "This one may not be changed now."),
                "data": ["status": .integer(isFailure ? 500 : 400)],
            ]
            rows.insert(["id": entry["id"] ?? .integer(0), "error": error], at: min(place, rows.count))
            members[list] = .array(rows)
            var response = response
            response.body = JSON.object(members).bytes
            return response
        }
    }

    /// Takes one record out of a write of several. Nil where it carries none or a single one.
    mutating func withholdOne(of request: inout HTTPRequest) -> Withheld? {
        guard request.method != "GET", request.address.path.hasSuffix("/batch"),
            var members = (try? JSON(parsing: request.body))?.object
        else { return nil }
        let lists = ["create", "update"].filter { !(members[$0]?.array ?? []).isEmpty }
        guard let list = chance.pick(lists), var rows = members[list]?.array else { return nil }
        let place = chance.below(rows.count)
        let entry = rows.remove(at: place)
        members[list] = .array(rows)
        request.body = JSON.object(members).bytes
        let withheld = Withheld(list: list, place: place, entry: entry, isFailure: chance.happens(0.5))
        if lists.count > 1 || !rows.isEmpty { coverage.reached("one of several records was refused") }
        story.note(now, "its \(list) no. \(place + 1) is refused")
        return withheld
    }

    /// How a member of an answer is not what it was.
    private enum Drift: CaseIterable {
        case otherType
        case null
        case missing
    }

    /// Lets one member of all records in an answer be of another type, null, or absent. What the hub makes of that it
    /// decides itself; the oracle does not count on it having been shown anything, nor on its having learned nothing.
    mutating func drift(_ response: inout HTTPResponse, _ call: inout Call) {
        guard response.status < 300, let json = try? JSON(parsing: response.body) else { return }
        let rows = Self.rows(of: json)
        let names = rows.first?.object?.filter { Self.isScalar($0.value) }.keys.sorted() ?? []
        let manner = chance.pick([.otherType, .otherType, .null, .missing]) ?? Drift.otherType
        let fitting = manner == .otherType ? names.filter { rows.contains(where: [$0].hasOtherType) } : names
        guard let name = chance.pick(fitting) else { return }
        (call.mayShow, call.shows) = (call.shows, [])
        coverage.reached("a member of an answer was not what it was")
        story.note(now, "\(name) of its answer is \(manner)")
        response.body =
            Self.mapRows(of: json) { row in
                var members = row.object ?? [:]
                switch manner {
                case .missing: members[name] = nil
                case .null: members[name] = .null
                case .otherType: members[name] = members[name].map(Self.otherType)
                }
                return .object(members)
            }.bytes
    }

    private static let lists = ["goods", "documents", "create", "update"]

    /// The records of an answer.
    private static func rows(of json: JSON) -> [JSON] {
        if let rows = json.array { return rows }
        let nested = lists.flatMap { json[$0]?.array ?? [] }
        return nested.isEmpty && !lists.contains(where: { json[$0] != nil }) ? [json] : nested
    }

    private static func mapRows(of json: JSON, _ change: (JSON) -> JSON) -> JSON {
        if let rows = json.array { return .array(rows.map(change)) }
        guard var members = json.object, lists.contains(where: { members[$0] != nil }) else { return change(json) }
        for list in lists { members[list] = members[list]?.array.map { .array($0.map(change)) } ?? members[list] }
        return .object(members)
    }

    private static func isScalar(_ value: JSON) -> Bool { value.array == nil && value.object == nil && !value.isNull }

    /// A number as text, a text that is a number as one; anything else as it is.
    fileprivate static func otherType(_ value: JSON) -> JSON {
        if let text = value.string {
            guard !text.isEmpty, text.allSatisfy({ $0.isNumber || $0 == "." }), text.first != "0" || text == "0"
            else { return value }
            return (try? JSON(parsing: Array(text.utf8))) ?? value
        }
        guard value.bool == nil, let text = value.scalarText else { return value }
        return .string(text)
    }
}

extension [String] {
    /// Whether a record has a member of these names that could be of another type.
    fileprivate func hasOtherType(_ row: JSON) -> Bool {
        contains { name in row[name].map { World.otherType($0) != $0 } ?? false }
    }
}
