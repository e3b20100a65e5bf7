import Commerce

/// The checks a single request meets before it is looked at, as the shop words them. Parameters nobody declared are
/// ignored without a word.
enum Schema {
    /// What a parameter must be.
    enum Kind {
        case text
        case integer
        /// An integer, or null.
        case integerOrNull
        case number
        case flag
        case list
        case object
        case date
        case email
        case range(Int, Int?)
        case oneOf([String])
        /// Several of these, as a list or separated by commas.
        case someOf([String])
    }

    /// Checks the query of a list, or the body of a write.
    static func check(_ call: Call, at place: Place) throws(ShopError) {
        var found: [(name: String, code: String, message: String)] = []
        if call.method == "GET" {
            for (name, kind) in Schemas.query(of: place) {
                guard let text = call.query.last(where: { $0.name == name })?.value else { continue }
                if let problem = problem(name, .string(text), kind) { found.append((name, problem.0, problem.1)) }
            }
        } else if call.method != "DELETE" {
            for (name, kind) in Schemas.body(of: place) {
                guard let value = call.body[name] else { continue }
                if let problem = problem(name, value, kind) { found.append((name, problem.0, problem.1)) }
            }
        }
        guard !found.isEmpty else { return }
        throw error(found)
    }

    private static func error(_ found: [(name: String, code: String, message: String)]) -> ShopError {
        let details = found.map { item -> Node.Member in
            let data: Node = item.code == "rest_invalid_type" ? ["param": .text(item.name)] : .null
            return .init(item.name, ["code": .text(item.code), "message": .text(item.message), "data": data])
        }
        return ShopError(
            400, "rest_invalid_param", "Invalid parameter(s): \(found.map(\.name).joined(separator: ", "))",
            [
                .init("params", .object(found.map { .init($0.name, .text($0.message)) })),
                .init("details", .object(details)),
            ])
    }

    /// The code and the words of what is wrong, or nil.
    static func problem(_ name: String, _ value: JSON, _ kind: Kind) -> (String, String)? {
        switch kind {
        case .text: return value.string == nil ? wrong(name, "string") : nil
        case .integer: return isInteger(value) ? nil : wrong(name, "integer")
        case .integerOrNull:
            return value.isNull || value.string == "" || isInteger(value) ? nil : wrong(name, "integer,null")
        case .number: return value.scalarText.flatMap(Double.init) == nil ? wrong(name, "number") : nil
        case .flag: return isFlag(value) ? nil : wrong(name, "boolean")
        case .list: return value.array == nil && value.string == nil ? wrong(name, "array") : nil
        case .object: return value.object == nil && value.string != "" ? wrong(name, "object") : nil
        case .date:
            if value.isNull { return nil }
            return value.string.flatMap(Moment.init(iso:)) == nil ? ("rest_invalid_date", "Invalid date.") : nil
        case .email:
            return isEmail(value.string ?? "") ? nil : ("rest_invalid_email", "Invalid email address.")
        case .range(let low, let high): return outOfRange(name, value, low, high)
        case .oneOf(let words): return words.contains(value.string ?? "") ? nil : notOneOf(name, words)
        case .someOf(let words):
            let given = (value.string ?? "").split(separator: ",").map(String.init)
            return given.allSatisfy(words.contains) ? nil : notOneOf("\(name)[0]", words)
        }
    }

    private static func wrong(_ name: String, _ type: String) -> (String, String) {
        ("rest_invalid_type", "\(name) is not of type \(type).")
    }

    private static func isInteger(_ value: JSON) -> Bool {
        guard let text = value.scalarText, let number = Double(text) else { return false }
        return number == number.rounded()
    }

    static func isEmail(_ text: String) -> Bool {
        let halves = text.split(separator: "@", omittingEmptySubsequences: false)
        return halves.count == 2 && !halves[0].isEmpty && halves[1].contains(".") && !text.contains(" ")
    }

    private static func isFlag(_ value: JSON) -> Bool {
        value.bool != nil || ["true", "false", "1", "0"].contains(value.scalarText?.lowercased() ?? "")
    }

    private static func outOfRange(_ name: String, _ value: JSON, _ low: Int, _ high: Int?) -> (String, String)? {
        guard isInteger(value), let number = value.scalarText.flatMap(Double.init) else {
            return wrong(name, "integer")
        }
        if number >= Double(low), number <= Double(high ?? Int.max) { return nil }
        let bound =
            high.map { "between \(low) (inclusive) and \($0) (inclusive)" } ?? "greater than or equal to \(low)"
        return ("rest_out_of_bounds", "\(name) must be \(bound)")
    }

    private static func notOneOf(_ name: String, _ words: [String]) -> (String, String) {
        let last = words.last ?? ""
        let list =
            words.count > 2
            ? words.dropLast().joined(separator: ", ") + ", and " + last : words.joined(separator: " and ")
        return ("rest_not_in_enum", "\(name) is not one of \(list).")
    }
}
