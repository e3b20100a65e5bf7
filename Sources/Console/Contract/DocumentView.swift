import Commerce
import Identity

/// The document as people read it: groups of addresses, each with what may be asked and what is answered.
struct DocumentView {
    private let version: String
    private let routes: [Route]
    private let shapes: [String: JSON]

    init(_ document: OpenAPI) {
        version = document.version
        routes = document.routes
        shapes = document.components["schemas"]?.object ?? [:]
    }

    var view: View {
        let groups = Dictionary(grouping: routes, by: \.tag).sorted { $0.key < $1.key }
        return [
            "version": .text(version),
            "groups": .list(
                groups.map { tag, routes in
                    ["tag": .text(tag), "title": .text(Self.title(tag)), "addresses": .list(routes.map(address))]
                }),
            "shapes": .list(
                shapes.sorted { $0.key < $1.key }.map { name, schema in
                    ["name": .text(name), "form": .text(ShapeWords.text(schema))]
                }),
        ]
    }

    private static func title(_ tag: String) -> String {
        tag.prefix(1).uppercased() + tag.dropFirst().replacing("-", with: " ")
    }

    private func address(_ route: Route) -> View {
        let words = route.contract.query.map { word -> View in
            [
                "name": .text(word.name + (word.isNeeded ? " (needed)" : "")),
                "form": .text(ShapeWords.text(word.shape.json)),
                "purpose": .text(word.purpose),
            ]
        }
        let answers = route.contract.answers.map { answer -> View in
            let isJSON = answer.type == Contract.json
            let members = isJSON ? answer.shape.json["properties"] : nil
            // The envelope is the same everywhere; what stands in it is told.
            let inner = members?["success"] == nil ? nil : members?["data"]
            return [
                "status": .text(String(answer.status)), "type": .text(isJSON ? "" : answer.type),
                "isBare": .flag(isJSON && inner == nil),
                "form": isJSON ? .text(ShapeWords.text(inner ?? answer.shape.json, opening: shapes)) : "",
                "pages": members?["pagination"].map { .text(ShapeWords.text($0, opening: shapes)) } ?? "",
            ]
        }
        let body = route.contract.body
        return [
            "id": .text(route.operationID), "method": .text(route.method), "pattern": .text(route.pattern),
            "purpose": .text(route.purpose), "who": .text(Self.who(route)), "isKeyed": .flag(route.contract.isKeyed),
            "hasWords": .flag(!words.isEmpty), "words": .list(words),
            "body": .text(body.map { ShapeWords.text($0.shape.json, opening: shapes) } ?? ""),
            "bodyType": .text(body.map { $0.isNeeded ? $0.type : "\($0.type), may be left out" } ?? ""),
            "answers": .list(answers), "errors": .list(errors(route)),
        ]
    }

    private func errors(_ route: Route) -> [View] {
        Dictionary(grouping: route.errors, by: \.status).sorted { $0.key < $1.key }.map { status, codes in
            ["status": .text(String(status)), "codes": .text(codes.map(\.rawValue).sorted().joined(separator: ", "))]
        }
    }

    private static func who(_ route: Route) -> String {
        switch route.admission {
        case .everybody: "everybody"
        case .vendors: "vendors, by their signature"
        case .known: "whoever is known"
        case .those(let permission):
            Role.allCases.filter { $0.permissions.contains(permission) }.map(\.rawValue).joined(separator: ", ")
        }
    }
}

/// A schema in the fewest words: `{name: text, role?: "admin" | "viewer"}`.
enum ShapeWords {
    /// How deep each level stands, in blanks.
    private static let step = "  "

    /// `opening`: shapes that are told by their form where they stand outermost; further in they are told by name.
    static func text(_ schema: JSON, margin: String = "", opening shapes: [String: JSON] = [:]) -> String {
        if let reference = schema["$ref"]?.string {
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            return shapes[name].map { text($0, margin: margin) } ?? name
        }
        if let words = schema["enum"]?.array { return words.map(\.text).joined(separator: " | ") }
        if let only = schema["const"] { return only.text }
        if let several = schema["anyOf"]?.array {
            return several.map { text($0, margin: margin, opening: shapes) }.joined(separator: " | ")
        }
        let types = schema["type"]?.array?.compactMap(\.string) ?? schema["type"]?.string.map { [$0] } ?? []
        guard !types.isEmpty else { return "anything" }
        if types == ["array"] { return "[" + text(schema["items"] ?? [:], margin: margin, opening: shapes) + "]" }
        return types.map { word($0, schema, margin) }.joined(separator: " | ")
    }

    private static func word(_ type: String, _ schema: JSON, _ margin: String) -> String {
        switch type {
        case "array": "[" + text(schema["items"] ?? [:], margin: margin) + "]"
        case "object": object(schema, margin)
        case "boolean": "true | false"
        case "string": schema["format"] == "date-time" ? "time" : "text"
        case "integer", "number": range(schema).map { "\(type) \($0)" } ?? type
        default: type
        }
    }

    private static func range(_ schema: JSON) -> String? {
        guard let least = schema["minimum"]?.integer, let most = schema["maximum"]?.integer else { return nil }
        return most == .max ? "from \(least) on" : "\(least) to \(most)"
    }

    private static func object(_ schema: JSON, _ margin: String) -> String {
        let needed = Set((schema["required"]?.array ?? []).compactMap(\.string))
        let inner = margin + step
        var lines = (schema["properties"]?.object ?? [:]).sorted { $0.key < $1.key }.map { name, value in
            "\(inner)\(name)\(needed.contains(name) ? "" : "?"): \(text(value, margin: inner))"
        }
        if let rest = schema["additionalProperties"], rest.object != nil {
            lines.append("\(inner)…: \(text(rest, margin: inner))")
        }
        return lines.isEmpty ? "{}" : "{\n" + lines.joined(separator: "\n") + "\n\(margin)}"
    }
}
