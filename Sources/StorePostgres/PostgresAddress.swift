import CPostgres
import Foundation
import Store

/// Where a PostgreSQL server is and who asks: an address as libpq reads it (`postgres://user@host,host/database?...`),
/// with everything that can be said there: `sslmode`, `sslrootcert`, `target_session_attrs`, `options`.
public struct PostgresAddress: Sendable {
    private let settings: [String: String]
    private let passwordFile: String?
    /// How long one statement may take, in milliseconds.
    var statementMilliseconds = 60_000

    /// An address that is none.
    public struct Unreadable: Error, CustomStringConvertible {
        /// One sentence for an operator.
        public let description: String
    }

    /// How long one try to connect may take, in seconds, for each host.
    static let connectSeconds = 5
    /// How long sent bytes may stay unconfirmed until a connection counts as lost, in milliseconds.
    static let silenceMilliseconds = 15_000
    /// After how many seconds without a word the other side is asked for a sign, and how often, and how many times.
    static let (idleSeconds, askSeconds, askTimes) = (10, 5, 3)
    /// The same for the server's side: a hub that is cut off shall not hold its connections there for hours.
    static let serversPatience = """
        SET tcp_keepalives_idle = \(idleSeconds); SET tcp_keepalives_interval = \(askSeconds);
        SET tcp_keepalives_count = \(askTimes); SET tcp_user_timeout = \(silenceMilliseconds);
        """

    /// Whether a text is an address of this kind.
    public static func isOne(_ url: String) -> Bool { url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") }

    /// Reads an address. `passwordFile`: where the password stands alone in a file; it is read for every connection,
    /// so that it can be changed while the hub runs.
    ///
    /// - Throws: `PostgresAddress.Unreadable` with a sentence that names no password.
    public init(_ url: String, passwordFile: String? = nil) throws {
        guard let parsed = PQconninfoParse(url, nil) else {
            throw Unreadable(
                description:
                    "the address of the PostgreSQL store cannot be read; write it like "
                    + "postgres://user@host:5432/database, with %40 for an @ within a name or a password")
        }
        defer { PQconninfoFree(parsed) }
        var settings: [String: String] = [:]
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { settings[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        self.init(settings, passwordFile: passwordFile)
    }

    /// An address from its parts, by libpq's names: host, port, user, dbname, password.
    public init(_ parts: [String: String], passwordFile: String? = nil) {
        let usual = [
            "connect_timeout": String(Self.connectSeconds), "application_name": "crossdock", "client_encoding": "UTF8",
            "keepalives_idle": String(Self.idleSeconds), "keepalives_interval": String(Self.askSeconds),
            "keepalives_count": String(Self.askTimes),
            "tcp_user_timeout": String(Self.silenceMilliseconds),
        ]
        var settings = usual.merging(parts) { $1 }
        if settings["host"]?.contains(",") ?? false, settings["target_session_attrs"] == nil {
            settings["target_session_attrs"] = "read-write"
        }
        self.settings = settings
        self.passwordFile = passwordFile
    }

    /// Whether a password stands in the address itself.
    public var hasPassword: Bool { !(settings["password"] ?? "").isEmpty }

    /// The same place with a password.
    public func with(password: String) -> PostgresAddress {
        var other = PostgresAddress(settings.merging(["password": password]) { $1 }, passwordFile: passwordFile)
        other.statementMilliseconds = statementMilliseconds
        return other
    }

    /// What identifies the place, without any secret.
    public var words: String {
        let host = settings["host"] ?? settings["hostaddr"] ?? "this machine"
        return "database \"\(settings["dbname"] ?? settings["user"] ?? "")\" at \(host)"
    }

    /// What libpq is told.
    ///
    /// - Throws: `PostgresFailure` when the file of the password cannot be read.
    func connectionSettings() throws -> [(keyword: String, value: String)] {
        var all = settings
        if let passwordFile {
            guard let text = try? String(contentsOfFile: passwordFile, encoding: .utf8) else {
                throw PostgresFailure(
                    state: "", message: "the password's file \(passwordFile) cannot be read; see that it is there")
            }
            all["password"] = text.trimmingCharacters(in: .newlines)
        }
        return all.map { ($0.key, $0.value) }
    }

    /// What libpq said when no connection came about, as one sentence.
    func sentence(for message: String) -> String {
        let user = settings["user"].map { "\"\($0)\"" } ?? "this system user"
        let last = message.split(whereSeparator: \.isNewline).last.map(String.init) ?? "no answer"
        let words = words
        func has(_ text: String) -> Bool { message.contains(text) }
        if has("password authentication failed") || has("no password supplied") {
            return "PostgreSQL refuses the password of \(user) for \(words); correct it in the address or in its file"
        }
        if has("database \"") && has("does not exist") {
            return "there is no \(words); make it (createdb) or correct the address"
        }
        if has("role \"") && has("does not exist") {
            return "PostgreSQL knows no user \(user) for \(words); make it (createuser) or correct the address"
        }
        if has("could not translate host name") {
            return "no machine is known by that name: \(words); correct the host in the address"
        }
        if has("Connection refused") || has("No such file or directory") || has("timeout expired") {
            return "no PostgreSQL answers for \(words); start it, or correct host and port in the address"
        }
        return "no connection to \(words): \(last.trimmingCharacters(in: .whitespaces))"
    }
}
