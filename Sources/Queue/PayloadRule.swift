@_exported import Commerce

/// Why a payload cannot be a job's, in a sentence for the person or the program that gave it.
public enum PayloadRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case tooLarge(bytes: Int)
    case notJSON(String)
    /// Neither null nor an object.
    case notAnObject
    case unknownVersion(String, known: Int)
    case unknownMember(String, known: [String])
    case wrongMember(String, expected: String)
    /// The job's queue or kind is not known here, so nobody can say what its payload may be.
    case unknownWork(String)

    /// The sentence.
    public var description: String {
        switch self {
        case .tooLarge(let bytes):
            "the payload has \(bytes) bytes; a job carries at most \(PayloadRule.byteLimit)"
        case .notJSON(let detail): "the payload is \(detail)"
        case .notAnObject: "the payload must be null or a JSON object"
        case .unknownVersion(let version, let known):
            "the payload is of version \(version); this Crossdock knows versions up to \(known)"
        case .unknownMember(let name, let known):
            "the payload has a member \"\(name)\" that means nothing here; "
                + (known.isEmpty ? "this work takes none" : "there are: \(known.joined(separator: ", "))")
        case .unknownWork(let words):
            "this Crossdock knows no work \"\(words)\", so it cannot say what its payload may be; "
                + "drop it, or retry it with the Crossdock that made it"
        case .wrongMember(let name, let expected): "\"\(name)\" in the payload must be \(expected)"
        }
    }

    /// The word under which dead letters are grouped.
    public var errorClass: String { "payload" }
}

/// What the payload of a queue's jobs may be.
public struct PayloadRule: Hashable, Sendable {
    let queue: JobQueue

    /// The largest payload, in bytes.
    public static let byteLimit = 65_536
    /// The latest version of payloads; one without `v` is of the first.
    public static let version = 1

    /// The rule of a queue.
    public init(_ queue: JobQueue) { self.queue = queue }

    /// A member's form.
    private enum Form: String {
        case flag = "true or false"
        case count = "a whole number"
        case text = "a text"
    }

    /// Members by name; nil where a task's own code decides.
    private var members: [String: Form]? {
        switch queue {
        case .receive, .deliver, .notify: [:]
        case .fetch: ["final": .flag]
        case .pull: ["count": .count, "dueAt": .count, "full": .flag]
        case .task: nil
        }
    }

    /// Checks the size and the version, for a payload that a program gives.
    ///
    /// - Throws: `PayloadRefusal`.
    public func check(_ payload: JSON, bytes: Int) throws(PayloadRefusal) {
        guard bytes <= Self.byteLimit else { throw .tooLarge(bytes: bytes) }
        guard payload.isNull || payload.object != nil else { throw .notAnObject }
        guard let version = payload["v"] else { return }
        guard let number = version.integer, (1...Self.version).contains(number) else {
            throw .unknownVersion(version.text, known: Self.version)
        }
    }

    /// Reads a payload that a person wrote: everything in it must mean something.
    ///
    /// - Throws: `PayloadRefusal`.
    public func read(_ bytes: [UInt8]) throws(PayloadRefusal) -> JSON {
        let payload = try parse(bytes)
        guard let members else { return payload }
        for (name, value) in (payload.object ?? [:]).sorted(by: { $0.key < $1.key }) where name != "v" {
            guard let form = members[name] else { throw .unknownMember(name, known: members.keys.sorted()) }
            let fits =
                switch form {
                case .flag: value.bool != nil
                case .count: value.integer != nil
                case .text: value.string != nil
                }
            guard fits else { throw .wrongMember(name, expected: form.rawValue) }
        }
        return payload
    }

    /// Why a stored payload cannot be worked with; nil when it can. `read`: what was made of the text; null when
    /// nothing was.
    func refusal(of text: String, read: JSON) -> PayloadRefusal? {
        do throws(PayloadRefusal) {
            if read.isNull, text != "null" { _ = try parse(Array(text.utf8)) }
            try check(read, bytes: text.utf8.count)
            return nil
        } catch {
            return error
        }
    }

    private func parse(_ bytes: [UInt8]) throws(PayloadRefusal) -> JSON {
        guard bytes.count <= Self.byteLimit else { throw .tooLarge(bytes: bytes.count) }
        let payload: JSON
        do throws(JSONError) {
            payload = try JSON(parsing: bytes)
        } catch {
            throw .notJSON(error.description)
        }
        try check(payload, bytes: bytes.count)
        return payload
    }
}
