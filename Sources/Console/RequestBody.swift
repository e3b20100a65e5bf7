import Commerce
import Pipeline
import Wire

/// Why a body was not taken, as it is answered.
struct BodyRefusal: Error {
    let code: ErrorCode
    let sentence: String
}

/// A body of JSON, read strictly: what two readers could understand differently is refused.
enum RequestBody {
    /// The largest that is read, in bytes.
    static let byteLimit = 65_536

    /// The object that was sent. `isNeeded`: otherwise an empty body is an empty object.
    static func read(_ request: HTTPRequest, isNeeded: Bool) throws(BodyRefusal) -> JSON {
        let body = request.body
        guard body.count <= byteLimit else {
            throw BodyRefusal(code: .payloadTooLarge, sentence: "the body is larger than \(byteLimit) bytes")
        }
        if body.isEmpty, !isNeeded { return [:] }
        try checkKind(request)
        guard String(validating: body, as: UTF8.self) != nil else {
            throw BodyRefusal(code: .badRequest, sentence: "the body is no UTF-8")
        }
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: body)
        } catch {
            throw BodyRefusal(code: .badRequest, sentence: "the body is \(error.description)")
        }
        guard json.object != nil else {
            throw BodyRefusal(code: .badRequest, sentence: "the body must be a JSON object")
        }
        if let key = RepeatedKey.first(in: body, parsed: json) {
            let sentence = "\"\(key.prefix(60))\" stands twice in one object; keep one of them"
            throw BodyRefusal(code: .badRequest, sentence: sentence)
        }
        return json
    }

    private static func checkKind(_ request: HTTPRequest) throws(BodyRefusal) {
        let words = (request.headers["Content-Type"] ?? "").lowercased().split(separator: ";")
            .map { $0.filter { $0 != " " && $0 != "\t" && $0 != "\"" } }
        let isJSON = words.first == "application/json"
        let isUTF8 = words.dropFirst().allSatisfy { !$0.hasPrefix("charset=") || $0 == "charset=utf-8" }
        guard isJSON, isUTF8 else {
            throw BodyRefusal(
                code: .unsupportedMediaType,
                sentence: "the body must be sent as Content-Type: application/json, in UTF-8")
        }
        let packing = request.headers["Content-Encoding"]?.lowercased() ?? "identity"
        guard packing == "identity" else {
            throw BodyRefusal(code: .unsupportedMediaType, sentence: "the body must not be packed (Content-Encoding)")
        }
    }
}
