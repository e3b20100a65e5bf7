import Commerce

/// What values are like, as JSON Schema says it (draft 2020-12, which OpenAPI 3.1 uses).
struct Shape: Sendable {
    /// The schema; a shape that has a name is a reference here.
    let json: JSON
    /// The schemas that are referred to, by name.
    let parts: [String: JSON]

    init(_ json: JSON, parts: [String: JSON] = [:]) {
        self.json = json
        self.parts = parts
    }

    static let any = Shape([:])
    static let text = Shape(["type": "string"])
    static let time = Shape(["type": "string", "format": "date-time"])
    static let flag = Shape(["type": "boolean"])
    static let number = Shape(["type": "number"])
    static let integer = Shape(["type": "integer"])
    /// How many there are.
    static let count = Shape(["type": "integer", "minimum": 0])

    /// A text of so many characters.
    static func text(_ length: ClosedRange<Int>) -> Shape {
        Shape(["type": "string", "minLength": .integer(length.lowerBound), "maxLength": .integer(length.upperBound)])
    }

    /// A text of that form, which is told by an example, too: the form alone tells nobody much.
    static func text(like pattern: String, as example: String) -> Shape {
        Shape(["type": "string", "pattern": .string(pattern), "examples": [.string(example)]])
    }

    static func integer(_ range: ClosedRange<Int>) -> Shape {
        Shape(["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)])
    }

    /// One of these words.
    static func word(_ words: [String]) -> Shape {
        Shape(["type": "string", "enum": .array(words.map(JSON.string))])
    }

    /// One of the words of a list of cases.
    static func word<Word: CaseIterable & RawRepresentable<String>>(of type: Word.Type) -> Shape {
        word(type.allCases.map(\.rawValue))
    }

    static func list(_ element: Shape, _ length: ClosedRange<Int>? = nil) -> Shape {
        var members: [String: JSON] = ["type": "array", "items": element.json]
        members["minItems"] = length.map { .integer($0.lowerBound) }
        members["maxItems"] = length.map { .integer($0.upperBound) }
        return Shape(.object(members), parts: element.parts)
    }

    /// An object whose members have names that nobody knows beforehand.
    static func map(_ value: Shape) -> Shape {
        Shape(["type": "object", "additionalProperties": value.json], parts: value.parts)
    }

    /// An object with these members. `isClosed`: a member that is not named is refused.
    static func object(
        _ members: [String: Shape], optional: [String: Shape] = [:], isClosed: Bool = false
    ) -> Shape {
        let all = members.merging(optional) { first, _ in first }
        var schema: [String: JSON] = ["type": "object", "properties": .object(all.mapValues(\.json))]
        if !members.isEmpty { schema["required"] = .array(members.keys.sorted().map(JSON.string)) }
        if isClosed { schema["additionalProperties"] = false }
        return Shape(.object(schema), parts: together(all.values))
    }

    /// One of several.
    static func either(_ shapes: Shape...) -> Shape {
        Shape(["anyOf": .array(shapes.map(\.json))], parts: together(shapes))
    }

    /// This, or null.
    var orNull: Shape {
        guard let members = json.object, let type = members["type"], members["enum"] == nil else {
            return Shape(["anyOf": [json, ["type": "null"]]], parts: parts)
        }
        return Shape(.object(members.merging(["type": [type, "null"]]) { $1 }), parts: parts)
    }

    /// An object with members besides.
    func with(_ more: [String: Shape]) -> Shape {
        let known = json.object ?? [:]
        let members = (known["properties"]?.object ?? [:]).merging(more.mapValues(\.json)) { $1 }
        let required = (known["required"]?.array ?? []) + more.keys.sorted().map(JSON.string)
        let schema = known.merging(["properties": .object(members), "required": .array(required)]) { $1 }
        return Shape(.object(schema), parts: Self.together([self] + more.values))
    }

    /// This, with an example that would be taken.
    func like(_ example: JSON) -> Shape {
        Shape(.object((json.object ?? [:]).merging(["examples": [example]]) { $1 }), parts: parts)
    }

    /// The shape under a name of its own.
    func named(_ name: String) -> Shape {
        Shape(
            ["$ref": .string("#/components/schemas/\(name)")], parts: parts.merging([name: json]) { first, _ in first })
    }

    private static func together(_ shapes: some Sequence<Shape>) -> [String: JSON] {
        shapes.reduce(into: [:]) { all, shape in all.merge(shape.parts) { first, _ in first } }
    }
}
