import Commerce
import Wire

/// A request to the REST interface, taken apart.
struct Call {
    var method: String
    /// From the site's root, decoded.
    var path: String
    /// What follows `/wp-json/wc/v3/`.
    var segments: [String]
    var query: [HTTPAddress.QueryItem]
    /// The body as an object; empty when there is none.
    var body: JSON
    /// The site's address in the scheme of the request: links in answers are made from it.
    var base: String

    static let root = "/wp-json/wc/v3"

    /// A parameter of the query, or of the body where it is a plain value.
    func text(_ name: String) -> String? {
        body[name]?.scalarText ?? query.last { $0.name == name }?.value
    }

    /// Whether a parameter says yes.
    func flag(_ name: String) -> Bool {
        if let flag = body[name]?.bool { return flag }
        return ["true", "1"].contains(text(name) ?? "")
    }

    func number(_ name: String) -> Int? { text(name).flatMap { Int($0) } }

    /// A list: `a,b`, `a[]=`, or `a[0]=`. Nil when it is not there.
    func list(_ name: String) -> [String]? {
        let items = query.filter { $0.name == name || ($0.name.hasPrefix(name + "[") && $0.name.hasSuffix("]")) }
        guard !items.isEmpty else { return nil }
        return items.flatMap { $0.value.split(separator: ",").map(String.init) }
    }

    func ids(_ name: String) -> [Int]? { list(name).map { $0.compactMap { Int($0) } } }

    /// The members asked for, or nil for all.
    var fields: Set<String>? {
        list("_fields").map { Set($0.map { String($0.prefix { $0 != "." }) }) }
    }

    /// How an object is shown in the answer of this call.
    var view: View {
        View(base: base, context: text("context") == "edit" ? .edit : .view, isAnswerToWrite: method != "GET")
    }
}

/// How an object is shown.
struct View {
    enum Context {
        case view
        case edit
    }

    var base: String
    var context: Context
    /// Answers to writes show what is stored, and two members more.
    var isAnswerToWrite: Bool

    var isRaw: Bool { isAnswerToWrite || context == .edit }

    func url(_ path: String) -> Node { .text(base + Call.root + path) }

    /// The links of an object: to itself, with what may be done there, and to its list.
    func links(_ own: String, of list: String, allow: [Node]? = Self.all, more: [Node.Member] = []) -> Node {
        var here: [Node.Member] = [.init("href", url(own))]
        if let allow { here.append(.init("targetHints", ["allow": .list(allow)])) }
        let members: [Node.Member] = [
            .init("self", [.object(here)]), .init("collection", [["href": url(list)]]),
        ]
        return .object(members + more)
    }

    static let all: [Node] = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    func up(_ path: String) -> Node.Member { .init("up", [["href": url(path)]]) }
}

/// What a handler gives.
struct Reply {
    var status = 200
    var node: Node
    var headers: [(String, String)] = []

    static func created(_ node: Node, at location: String) -> Reply {
        Reply(status: 201, node: node, headers: [("Location", location)])
    }
}

extension JSON {
    /// A yes or no as the shop reads it; nil for anything else.
    var truth: Bool? {
        switch self {
        case .bool(let flag): flag
        case .string(let text), .number(let text): ["true": true, "1": true, "false": false, "0": false][text]
        default: nil
        }
    }

    /// A whole number, from a number or a text.
    var count: Int? { scalarText.flatMap { Int($0) } }
}
