import Commerce
import Testing
import Wire

@testable import Console

/// Holds answers against the OpenAPI document. Whatever a test asks the console goes through here, so that the document
/// cannot say anything else than the hub does.
struct DocumentCheck {
    static let shared = DocumentCheck(OpenAPI(version: "1.2.3").json)

    let document: JSON

    init(_ document: JSON) { self.document = document }

    /// Records an issue where an answer is not as the document says.
    static func note(_ request: HTTPRequest, _ response: HTTPResponse) {
        for problem in shared.problems(request, response) {
            Issue.record("\(request.method) \(request.address.path) \(response.status): \(problem)")
        }
    }

    /// What of an answer the document does not say.
    func problems(_ request: HTTPRequest, _ response: HTTPResponse) -> [String] {
        let path = request.address.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { Percent.decoded(String($0)) }
        let all = Console.routes.compactMap { route in route.names(in: path).map { (route, $0.count) } }
        let fitting = all.filter { [fewest = all.map(\.1).min()] in $0.1 == fewest }.map(\.0)
        guard let route = fitting.first(where: { $0.method == request.method }),
            let operation = document["paths"]?[route.pattern]?[route.method.lowercased()]
        else { return [] }
        guard let told = operation["responses"]?[String(response.status)].map(resolved) else {
            return ["the document does not know this status"]
        }
        var problems: [String] = []
        for (name, header) in told["headers"]?.object ?? [:] where header["required"] == true {
            if response.headers[name] == nil { problems.append("no \(name)") }
        }
        guard let kinds = told["content"]?.object, !kinds.isEmpty, response.stream == nil else { return problems }
        let kind = response.headers["Content-Type"]?.prefix { $0 != ";" }
        guard let schema = kind.flatMap({ kinds[String($0)]?["schema"] }) else {
            return problems + ["the document does not know \(kind ?? "no Content-Type")"]
        }
        guard kind == "application/json" else { return problems }
        guard let json = try? JSON(parsing: response.body) else { return problems + ["no JSON"] }
        return problems + misfits(json, schema, "$")
    }

    // MARK: JSON Schema, as far as the document uses it

    /// Where a value is not as a schema says. Stricter than the standard: a member that is not named is a misfit, so
    /// that none is forgotten.
    func misfits(_ value: JSON, _ given: JSON, _ place: String) -> [String] {
        let schema = resolved(given)
        if let several = schema["anyOf"]?.array {
            let all = several.map { misfits(value, $0, place) }
            return all.contains { $0.isEmpty } ? [] : all.min { $0.count < $1.count } ?? []
        }
        if let only = schema["const"] { return value == only ? [] : ["\(place) is not \(only.text)"] }
        if let words = schema["enum"]?.array, !words.contains(value) {
            return ["\(place) is \(value.text), and not one of \(words.map(\.text))"]
        }
        if let type = schema["type"] {
            let types = type.array?.compactMap(\.string) ?? [type.string].compactMap(\.self)
            guard types.contains(where: { Self.is(value, $0) }) else {
                return ["\(place) is no \(types): \(value.text)"]
            }
        }
        switch value {
        case .object(let members): return misfits(members, schema, place)
        case .array(let elements):
            guard let item = schema["items"] else { return [] }
            return elements.enumerated().flatMap { misfits($1, item, "\(place)[\($0)]") }
        case .string(let text): return Self.misfits(text, schema, place)
        case .number(let text):
            guard let number = Double(text), let least = schema["minimum"]?.integer, number < Double(least) else {
                return []
            }
            return ["\(place) is \(text), below \(least)"]
        case .null, .bool: return []
        }
    }

    private func misfits(_ members: [String: JSON], _ schema: JSON, _ place: String) -> [String] {
        let known = schema["properties"]?.object
        let needed = (schema["required"]?.array ?? []).compactMap(\.string)
        let missing = needed.filter { members[$0] == nil }.map { "\(place).\($0) is missing" }
        return missing
            + members.sorted { $0.key < $1.key }.flatMap { name, value -> [String] in
                if let shape = known?[name] { return misfits(value, shape, "\(place).\(name)") }
                guard let rest = schema["additionalProperties"] else {
                    return known == nil ? [] : ["\(place).\(name) is not in the document"]
                }
                return rest == true ? [] : misfits(value, rest, "\(place).\(name)")
            }
    }

    private static func misfits(_ text: String, _ schema: JSON, _ place: String) -> [String] {
        if schema["format"] == "date-time", Moment(iso: text) == nil { return ["\(place) is no time: \(text)"] }
        if let pattern = schema["pattern"]?.string, (try? Regex(pattern).firstMatch(in: text)) == nil {
            return ["\(place) is \"\(text)\", and not like \(pattern)"]
        }
        return []
    }

    private static func `is`(_ value: JSON, _ type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.bool, "boolean"), (.string, "string"), (.array, "array"), (.object, "object"): true
        case (.number, "number"): true
        case (.number(let text), "integer"): Int(text) != nil
        default: false
        }
    }

    private func resolved(_ schema: JSON) -> JSON {
        guard let reference = schema["$ref"]?.string else { return schema }
        let found = reference.split(separator: "/").dropFirst().reduce(JSON?.some(document)) { $0?[String($1)] }
        return found ?? ["enum": []]
    }
}
