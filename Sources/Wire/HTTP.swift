/// A header's name and value; names compare without regard to case.
public struct HTTPHeaders: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// The headers in their order; a name may stand more than once.
    public private(set) var list: [Field] = []

    /// One header.
    public struct Field: Hashable, Sendable {
        public let name: String
        public let value: String
    }

    /// No headers.
    public init() {}

    /// Headers in that order.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// The first value of that name, or nil. Setting replaces all of that name.
    public subscript(name: String) -> String? {
        get { list.first { Self.isSame($0.name, name) }?.value }
        set {
            list.removeAll { Self.isSame($0.name, name) }
            if let newValue { add(name, newValue) }
        }
    }

    /// Adds those whose names do not stand there yet.
    public mutating func fill(_ headers: HTTPHeaders) {
        let own = list
        for field in headers.list where !own.contains(where: { Self.isSame($0.name, field.name) }) {
            list.append(field)
        }
    }

    /// Makes room for so many more.
    public mutating func reserve(_ count: Int) { list.reserveCapacity(list.count + count) }

    /// Whether two names are the same. They are ASCII (RFC 9110, section 5.1): byte by byte, without regard to the case
    /// of letters.
    public static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && left.utf8.elementsEqual(right.utf8) { $0 == $1 || (isLetter($0) && $0 ^ 0x20 == $1) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

    /// Appends a header; a line break in it would let it make headers of its own, so it is cut there.
    public mutating func add(_ name: String, _ value: String) {
        list.append(Field(name: Self.cut(name), value: Self.cut(value)))
    }

    /// What stands before the first control character; a tab is none.
    private static func cut(_ text: String) -> String {
        // Nearly always there is none, and the bytes tell it at once.
        guard text.utf8.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) else { return text }
        let safe = text.unicodeScalars.prefix { ($0.value >= 0x20 && $0.value != 0x7F) || $0 == "\t" }
        return String(String.UnicodeScalarView(safe))
    }
}

/// The address of a request, in parts so that it can be signed.
public struct HTTPAddress: Hashable, Sendable {
    /// `http` or `https`.
    public var scheme: String
    public var host: String
    /// Nil is the scheme's own.
    public var port: Int?
    /// Percent-encoded, with its leading slash.
    public var path: String
    /// Decoded names and values, in order.
    public var query: [QueryItem]

    /// One pair of a query.
    public struct QueryItem: Hashable, Sendable {
        public let name: String
        public let value: String

        /// A pair, not encoded.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// An address from its parts.
    public init(scheme: String, host: String, port: Int? = nil, path: String, query: [QueryItem] = []) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.query = query
    }

    /// Reads an absolute http or https address. Nil for anything else: another scheme, credentials in it, no host,
    /// white space or a control character anywhere.
    public init?(_ text: String) {
        // Byte by byte: every call of the outside passes here, and all that parts an address is ASCII.
        let bytes = text.utf8
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let colon = bytes.firstIndex(of: Self.colon) else {
            return nil
        }
        let scheme = text[..<colon].lowercased()
        let afterScheme = bytes[colon...].dropFirst()
        guard scheme == "http" || scheme == "https", afterScheme.starts(with: "//".utf8) else { return nil }
        let rest = afterScheme.dropFirst(2).prefix { $0 != UInt8(ascii: "#") }
        let authority = rest.prefix { $0 != Self.slash && $0 != Self.question }
        guard let (host, port) = Self.hostAndPort(String(Substring(authority))) else { return nil }
        let target = rest[authority.endIndex...]
        let path = target.prefix { $0 != Self.question }
        self.init(
            scheme: scheme, host: host, port: port, path: path.isEmpty ? "/" : String(Substring(path)),
            query: Self.query(String(Substring(target[path.endIndex...].dropFirst()))))
    }

    private static let colon = UInt8(ascii: ":")
    private static let slash = UInt8(ascii: "/")
    private static let question = UInt8(ascii: "?")
    private static let bracket = UInt8(ascii: "]")

    private static func hostAndPort(_ authority: String) -> (String, Int?)? {
        let bytes = authority.utf8
        let isBracketed = authority.hasPrefix("[")
        var end = bytes.firstIndex(of: isBracketed ? bracket : colon) ?? bytes.endIndex
        if isBracketed, end != bytes.endIndex { bytes.formIndex(after: &end) }
        let host = authority[..<end].lowercased()
        guard isHost(host) else { return nil }
        let rest = bytes[end...]
        guard !rest.isEmpty else { return (host, nil) }
        let digits = rest.dropFirst()
        guard rest.first == colon, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(Substring(digits)), (1...65_535).contains(port)
        else { return nil }
        return (host, port)
    }

    /// Whether a text is a name or address of a host: an IPv6 address in brackets, or no reserved character at all.
    private static func isHost(_ text: String) -> Bool {
        if text.hasPrefix("[") {
            let inside = text.dropFirst().dropLast()
            return text.hasSuffix("]") && inside.contains(":")
                && inside.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        guard !text.isEmpty, !text.utf8.contains(where: reserved.contains) else { return false }
        return text.utf8.allSatisfy { $0 < 0x80 } || !text.contains { $0.isWhitespace }
    }

    private static let reserved = Array("@:[]<>\"\\^`{|}%".utf8)

    /// The pairs of an encoded query.
    public static func query(_ text: String) -> [QueryItem] {
        text.split(separator: "&").map { pair in
            let name = pair.prefix { $0 != "=" }
            return QueryItem(Percent.decoded(String(name)), Percent.decoded(String(pair[name.endIndex...].dropFirst())))
        }
    }

    /// The encoded query, without its question mark.
    public var encodedQuery: String {
        query.map { Percent.encoded($0.name) + "=" + Percent.encoded($0.value) }.joined(separator: "&")
    }

    /// Scheme, host and port: `https://shop.example:8443`.
    public var origin: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }

    /// The whole address.
    public var text: String { origin + path + (query.isEmpty ? "" : "?" + encodedQuery) }
}

/// A request as a value: what a connector asks of the outside world, and what the outside asks of the hub.
public struct HTTPRequest: Hashable, Sendable {
    /// In capitals.
    public var method: String
    public var address: HTTPAddress
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// How long the whole call may take, in seconds.
    public var timeoutSeconds: Int
    /// The largest answer taken, in bytes.
    public var answerLimit: Int
    /// For a request that reached the hub: the address it came from. Nil for our own.
    public var peer: String?

    /// A request.
    public init(
        _ method: String, _ address: HTTPAddress, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [],
        timeoutSeconds: Int = 30, answerLimit: Int = 16 << 20, peer: String? = nil
    ) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
        self.timeoutSeconds = timeoutSeconds
        self.answerLimit = answerLimit
        self.peer = peer
    }
}

/// An answer as a value.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// A body that goes on: chunks are sent as they come, after `body`. Nil for an answer that ends.
    public var stream: AsyncStream<[UInt8]>?

    /// An answer.
    public init(
        status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [], stream: AsyncStream<[UInt8]>? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.stream = stream
    }

    /// An answer of one JSON value.
    public static func json(_ value: JSONBody, status: Int = 200) -> HTTPResponse {
        json(bytes: value.bytes, status: status)
    }

    static func json(bytes: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "application/json; charset=utf-8"], body: bytes)
    }
}

/// Anything that can be sent as JSON bytes.
public protocol JSONBody {
    /// The bytes.
    var bytes: [UInt8] { get }
}
