import Mail

/// The server that takes mail, and how it is spoken to.
public struct SMTPSettings: Sendable {
    /// How the line is guarded.
    public enum Guarding: String, Hashable, Sendable, CaseIterable {
        /// The server is asked for TLS before anything else is said; without it nothing is sent.
        case starttls
        /// TLS from the first byte on (port 465).
        case implicit
        /// Not at all: for a server on this machine, or a line that is guarded otherwise.
        case off
    }

    public var host: String
    public var port: Int
    public var guarding: Guarding
    public var user: String?
    /// Never told.
    public var password: String?
    public var from: MailAddress
    /// A file with the certificates of those who are believed; nil: those of the system.
    public var certificates: String?
    /// How long it may take to reach the server, and all of it, in seconds.
    public var connectSeconds = 10
    public var timeoutSeconds = 60

    /// Settings. `port` and `guarding`: nil for what is usual: 465 is TLS from the first byte on, a server on this
    /// machine is trusted, and every other is asked for TLS on port 587.
    ///
    /// - Throws: `Problem` where they make no sense together; a password never goes over an open line.
    public init(
        host: String, port: Int? = nil, guarding: Guarding? = nil, user: String? = nil, password: String? = nil,
        from: MailAddress
    ) throws(Problem) {
        guard Self.isHost(host) else { throw Problem("the mail server \"\(host.prefix(80))\" is no name of a host") }
        let isHere = ["localhost", "127.0.0.1", "::1"].contains(host)
        let kind = guarding ?? (port == 465 ? .implicit : (isHere ? .off : .starttls))
        let place = port ?? [.implicit: 465, .starttls: 587][kind] ?? 25
        guard (1...65_535).contains(place) else { throw Problem("the port of the mail server must be from 1 to 65535") }
        guard (user == nil) == (password == nil) else {
            throw Problem("user and password of the mail server go together: give both or none")
        }
        for text in [user, password].compactMap(\.self) where !text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) {
            throw Problem("user and password of the mail server may hold no line breaks or other control characters")
        }
        guard password == nil || kind != .off || isHere else {
            throw Problem("a password does not go over an open line: let the mail server speak TLS, or name no user")
        }
        (self.host, self.port, self.guarding, self.from) = (host, place, kind, from)
        (self.user, self.password) = (user, password)
    }

    /// What is wrong with settings, in a sentence.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String

        init(_ description: String) { self.description = description }
    }

    private static func isHost(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count) && !text.hasPrefix("-") && !text.hasPrefix(".")
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) && byte < 0x80
                    || ".-:".utf8.contains(byte)
            }
    }

    /// The address as curl takes it.
    var url: String {
        let place = host.contains(":") ? "[\(host)]" : host
        return "\(guarding == .implicit ? "smtps" : "smtp")://\(place):\(port)"
    }
}
