import ConnectorKit

/// What is wrong with a member, in words its sender can act on.
struct CustomProblem: Error, Hashable {
    let reason: String
}

/// Members of a shop's event, read strictly: absent is not said, null is empty, and what is neither is refused with its
/// name. Nothing is guessed.
struct CustomPayload {
    let json: JSON
    /// Where it stands: `data`, `data.lines[0]`.
    let place: String
    let currency: Currency?

    /// The first of these members that is there.
    private func member(_ names: [String]) -> (name: String, value: JSON)? {
        names.lazy.compactMap { name in json[name].map { (name, $0) } }.first
    }

    func says(_ names: String...) -> Bool { member(names) != nil }

    func problem(_ name: String, _ words: String, _ value: JSON) -> CustomProblem {
        CustomProblem(reason: "\"\(place).\(name)\" must be \(words), found \(value.text.prefix(60))")
    }

    /// A text; nil where it is not said, empty where it is null.
    func text(_ names: String...) throws(CustomProblem) -> String? {
        guard let (name, value) = member(names) else { return nil }
        if value.isNull { return "" }
        guard let text = value.string else { throw problem(name, "a text", value) }
        return text
    }

    /// An id, as a text or a number; nil where it is not said or null.
    func id(_ names: String...) throws(CustomProblem) -> String? {
        guard let (name, value) = member(names), !value.isNull else { return nil }
        guard let text = value.scalarText, OwnEvent.isID(text) else { throw problem(name, "an id", value) }
        return text
    }

    /// A number; the inner nil is null.
    func decimal(_ names: String...) throws(CustomProblem) -> ExactDecimal?? {
        guard let (name, value) = member(names) else { return nil }
        if value.isNull { return .some(nil) }
        guard let text = value.scalarText, let number = try? ExactDecimal(parsing: text) else {
            throw problem(name, "a number", value)
        }
        return .some(number)
    }

    /// An amount in the currency; the inner nil is null.
    func money(_ names: String...) throws(CustomProblem) -> Money?? {
        guard let (name, value) = member(names) else { return nil }
        if value.isNull { return .some(nil) }
        guard let currency else {
            throw CustomProblem(
                reason:
                    "\"\(place).\(name)\" is in no currency: say \"currency\" beside it, or set it for the integration")
        }
        guard let text = value.scalarText else { throw problem(name, "an amount", value) }
        do throws(AmountError) {
            return .some(try Money(parsing: text, currency: currency))
        } catch {
            throw CustomProblem(reason: "\"\(place).\(name)\": \(error.description)")
        }
    }

    /// An amount, nothing where it is not said.
    func amount(_ name: String) throws(CustomProblem) -> Money? { try money(name).flatMap(\.self) }

    /// A moment; nil where it is not said or null.
    func moment(_ names: String...) throws(CustomProblem) -> Moment? {
        guard let (name, value) = member(names), !value.isNull else { return nil }
        guard let text = value.scalarText, let moment = OwnScheme.moment(text) else {
            throw problem(name, "a time in ISO 8601 or in seconds since 1970", value)
        }
        return moment
    }

    /// A list of objects; nil where it is not said.
    func list(_ names: String...) throws(CustomProblem) -> [CustomPayload]? {
        guard let (name, value) = member(names) else { return nil }
        guard let elements = value.array else { throw problem(name, "a list", value) }
        var all: [CustomPayload] = []
        for (index, element) in elements.enumerated() {
            guard element.object != nil else { throw problem("\(name)[\(index)]", "an object", element) }
            all.append(CustomPayload(json: element, place: "\(place).\(name)[\(index)]", currency: currency))
        }
        return all
    }

    /// An object; nil where it is not said or null.
    func object(_ names: String...) throws(CustomProblem) -> CustomPayload? {
        guard let (name, value) = member(names), !value.isNull else { return nil }
        guard value.object != nil else { throw problem(name, "an object", value) }
        return CustomPayload(json: value, place: "\(place).\(name)", currency: currency)
    }

    /// A value of a table of words; nil where it is not said.
    func word<Value>(_ names: String..., of table: [String: Value]) throws(CustomProblem) -> Value? {
        guard let (name, value) = member(names) else { return nil }
        guard let found = value.string.flatMap({ table[$0.lowercased()] }) else {
            throw problem(name, "one of \(table.keys.sorted().joined(separator: ", "))", value)
        }
        return found
    }

    /// In another currency, where one is named.
    static func reading(_ json: JSON, _ place: String, else standard: Currency?) throws(CustomProblem) -> CustomPayload
    {
        guard let given = json["currency"], !given.isNull else {
            return CustomPayload(json: json, place: place, currency: standard)
        }
        guard let currency = given.string.flatMap({ try? Currency($0) }) else {
            throw CustomProblem(
                reason: "\"\(place).currency\" must be an ISO 4217 code, found \(given.text.prefix(60))")
        }
        return CustomPayload(json: json, place: place, currency: currency)
    }
}
