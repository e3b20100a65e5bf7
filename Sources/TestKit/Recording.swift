import ConnectorKit
import Foundation

/// Exchanges with a vendor, kept as files: what was asked and what was answered.
///
/// A file holds one `{"request": {...}, "response": {...}}` or, for a conversation, `{"exchanges": [...]}` of them.
public struct Recording: Sendable {
    /// The file's name without `.json`.
    public let name: String
    /// What stands in it beside the exchanges (`note`, `secret`, ...).
    public let json: JSON
    /// The exchanges, in their order.
    public let exchanges: [Exchange]

    /// A question with its answer.
    public struct Exchange: Hashable, Sendable {
        public var method: String
        public var path: String
        /// Sorted, without what changes from attempt to attempt (signatures).
        public var query: [String]
        /// Nil where the recording does not say what was sent.
        public var body: JSON?
        public var status: Int
        public var headers: [String: String]
        public var answer: [UInt8]

        /// The question in one line.
        public var line: String { "\(method) \(path)" + (query.isEmpty ? "" : "?" + query.joined(separator: "&")) }
    }

    /// Why a recording cannot be used.
    public struct Unusable: Error, CustomStringConvertible {
        public let description: String

        /// An error with its sentence.
        public init(description: String) { self.description = description }
    }

    /// Reads `<name>.json` from a folder.
    ///
    /// - Throws: `Unusable` naming the file and what is wrong with it.
    public init(_ name: String, in folder: URL) throws {
        let file = folder.appending(path: name + ".json")
        guard let bytes = try? Foundation.Data(contentsOf: file) else {
            throw Unusable(description: "no recording \(file.path)")
        }
        do {
            try self.init(name: name, json: JSON(parsing: bytes))
        } catch {
            throw Unusable(description: "\(name): \(error)")
        }
    }

    /// Reads a recording from its JSON.
    public init(name: String, json: JSON) {
        self.name = name
        self.json = json
        let members = json["exchanges"]?.array ?? (json["response"] == nil ? [] : [json])
        exchanges = members.map(Exchange.init)
    }

    /// All recordings below a folder, by their path in it.
    ///
    /// - Throws: `Unusable` for a file that is no recording.
    public static func all(in folder: URL) throws -> [Recording] {
        let keys = FileManager.default.enumerator(atPath: folder.path)
        let names = (keys?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".json") }.sorted()
        return try names.map { try Recording(String($0.dropLast(5)), in: folder) }
    }
}

extension Recording.Exchange {
    /// Query names that differ at every attempt.
    private static let passing = [
        "oauth_consumer_key", "oauth_nonce", "oauth_signature", "oauth_signature_method",
        "oauth_timestamp",
    ]

    init(_ json: JSON) {
        let request = json["request"] ?? .null
        let response = json["response"] ?? .null
        method = request["method"]?.string ?? "GET"
        path = request["path"]?.string ?? "/"
        let pairs = (request["query"]?.array ?? []).map { ($0[0]?.scalarText ?? "", $0[1]?.scalarText ?? "") }
        query = Self.line(pairs)
        body = request["body"]
        status = response["status"]?.integer ?? 200
        headers = (response["headers"]?.object ?? [:]).compactMapValues(\.scalarText)
        if let text = response["bodyText"]?.string {
            answer = Array(text.utf8)
        } else {
            answer = response["body"]?.bytes ?? []
        }
    }

    static func line(_ pairs: [(String, String)]) -> [String] {
        pairs.filter { !passing.contains($0.0) }.map { $0.0 + "=" + $0.1 }.sorted()
    }

    /// The answer as a transport gives it.
    public var response: HTTPResponse {
        var fields = HTTPHeaders()
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { fields.add(name, value) }
        return HTTPResponse(status: status, headers: fields, body: answer)
    }

    /// Whether it is the answer to this request: the same question in every word that matters.
    func answers(_ request: HTTPRequest) -> Bool {
        let pairs = request.address.query.map { ($0.name, $0.value) }
        guard method == request.method, path == request.address.path, query == Self.line(pairs) else { return false }
        guard let body else { return true }
        return (try? JSON(parsing: request.body)) == body
    }
}
