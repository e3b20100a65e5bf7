import ConnectorKit
import Mail
import Notices

/// What somebody wants a webhook of the hub's to be, in the words of the seeds. What is not said stays as it is, or is
/// as usual.
public struct ListenerWish: Hashable, Sendable {
    var name: String?
    var url: String?
    var method: String?
    var events: [String]?
    var headers: [String: String]?
    var secret: String?
    /// The form in which the secret that is made signs.
    var signing: NoticeSigning?
    var retries: Int?
    var timeoutSeconds: Int?
    var keepsOrder: Bool?

    /// The most headers of its own, and the longest of each, in bytes.
    static let (headerLimit, headerBytes) = (20, 1024)
    /// The longest address, in bytes.
    static let urlBytes = 2048
    private static let fields = [
        "name", "url", "method", "events", "headers", "secret", "signing", "retry_attempts", "timeout", "ordered",
    ]

    /// Reads a wish; every problem is named by its field.
    ///
    /// - Throws: `IntegrationRefusal.fields`.
    public init(_ json: JSON) throws(IntegrationRefusal) {
        var problems: [SettingProblem] = []
        let members = json.object ?? [:]
        for field in members.keys.sorted() where !Self.fields.contains(field) {
            let known = Self.fields.joined(separator: ", ")
            problems.append(
                SettingProblem(field, "\"\(field.prefix(60))\" means nothing here; there are: \(known)"))
        }
        func text(_ field: String, _ range: ClosedRange<Int>) -> String? {
            guard let value = members[field] else { return nil }
            guard let text = value.string, range.contains(text.utf8.count),
                text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
            else {
                let sentence = "\"\(field)\" must be a text of \(range.lowerBound) to \(range.upperBound) bytes"
                problems.append(SettingProblem(field, sentence))
                return nil
            }
            return text
        }
        func number(_ field: String, _ range: ClosedRange<Int>) -> Int? {
            guard let value = members[field] else { return nil }
            guard let number = value.integer, range.contains(number) else {
                let sentence = "\"\(field)\" must be a whole number from \(range.lowerBound) to \(range.upperBound)"
                problems.append(SettingProblem(field, sentence))
                return nil
            }
            return number
        }
        name = text("name", 1...80)
        url = text("url", 1...Self.urlBytes)
        method = text("method", 1...10)?.uppercased()
        if let method, !["POST", "PUT", "PATCH"].contains(method) {
            problems.append(SettingProblem("method", "\"method\" must be POST, PUT or PATCH"))
        }
        secret = text("secret", 1...200)
        if let secret, let problem = NoticeSignature.problem(of: secret) {
            problems.append(SettingProblem("secret", "\"secret\": \(problem)"))
        }
        signing = Self.signing(members["signing"], secret: secret, &problems)
        retries = number("retry_attempts", 0...NoticeSchedule.waits.count)
        timeoutSeconds = number("timeout", ListenerOptions.timeouts)
        if let value = members["ordered"] {
            keepsOrder = value.bool
            if keepsOrder == nil { problems.append(SettingProblem("ordered", "\"ordered\" must be true or false")) }
        }
        events = Self.events(members["events"], &problems)
        headers = Self.headers(members["headers"], &problems)
        guard problems.isEmpty else { throw .fields(problems) }
    }

    private static func signing(
        _ value: JSON?, secret: String?, _ problems: inout [SettingProblem]
    ) -> NoticeSigning? {
        guard let value else { return nil }
        guard let signing = value.string.flatMap(NoticeSigning.init) else {
            problems.append(SettingProblem("signing", "\"signing\" must be v1 (a shared secret) or v1a (Ed25519)"))
            return nil
        }
        if let secret, NoticeSigning(secret: secret) != signing {
            let form = signing == .pair ? "begins with whsk_" : "does not begin with whsk_"
            problems.append(SettingProblem("signing", "\"signing\": the secret of \(signing.rawValue) \(form)"))
        }
        return signing
    }

    private static func events(_ value: JSON?, _ problems: inout [SettingProblem]) -> [String]? {
        guard let value else { return nil }
        let names = value.array?.compactMap(\.string) ?? []
        guard let all = value.array, !all.isEmpty, names.count == all.count, Set(names).count == names.count else {
            problems.append(SettingProblem("events", "\"events\" must be a list of different names, one at least"))
            return nil
        }
        if let unknown = names.first(where: { !EventCatalogue.isKnown($0) }) {
            let sentence = "there is no event \"\(unknown.prefix(60))\"; GET /api/event-types lists them"
            problems.append(SettingProblem("events", sentence))
        }
        return names
    }

    private static func headers(_ value: JSON?, _ problems: inout [SettingProblem]) -> [String: String]? {
        guard let value else { return nil }
        guard let given = value.object, given.count <= headerLimit else {
            problems.append(
                SettingProblem("headers", "\"headers\" must be an object of at most \(headerLimit) texts"))
            return nil
        }
        var headers: [String: String] = [:]
        for (name, value) in given.sorted(by: { $0.key < $1.key }) {
            if let problem = problem(ofHeader: name, value) {
                problems.append(SettingProblem("headers.\(name.prefix(60))", problem))
            }
            headers[name] = value.string
        }
        if Set(headers.keys.map { $0.lowercased() }).count < headers.count {
            problems.append(SettingProblem("headers", "a header stands twice"))
        }
        return headers
    }

    private static func problem(ofHeader name: String, _ value: JSON) -> String? {
        let isToken =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        guard isToken, name.utf8.count <= 100 else { return "this is no name of a header" }
        guard !NoticeSignature.isReserved(name) else { return "\(name) is set by the hub" }
        guard let text = value.string, text.utf8.count <= headerBytes,
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value < 0x7F })
        else { return "the value must be a text of printable ASCII, at most \(headerBytes) bytes" }
        return nil
    }

    /// The secret that is named; nil where none is.
    public var namedSecret: String? { secret }
    /// The form that is named; nil where none is.
    public var namedSigning: NoticeSigning? { signing }

    /// What is wrong with the address, as far as it tells by itself, for who hears of these events.
    static func problem(of url: String, on way: NoticeWay, events: [String]) -> String? {
        do throws(MailRefusal) {
            if try MailAddress.list(ofURL: url) != nil {
                guard way.mailer != nil else { return "\"url\": this hub sends no mail (CROSSDOCK_SMTP_HOST)" }
                guard EventCatalogue.areOwn(events) else {
                    return "\"url\": mail tells of the hub itself only (alert.*, webhook.disabled), not of records"
                }
                return nil
            }
        } catch {
            return "\"url\": \(error)"
        }
        guard let address = HTTPAddress(url) else {
            return "\"url\" must be an https address without a name and password in it"
        }
        return way.problem(address).map { "\"url\": \($0)" }
    }
}
