import Commerce
import Identity
import JWTKit
import Synchronization
import Wire

/// Who asks: what a valid token, key or sign-in says.
public struct Access: Hashable, Sendable {
    /// By what people know it: an account's name, a key's, a token's role.
    public let name: String
    public let isPerson: Bool
    /// What may be done.
    public let permissions: Set<Permission>
    /// Whose data it is about.
    public let organization: String
    /// From when on it is worth nothing; nil for one who needs nothing or has it for ever.
    public let expires: Moment?
    /// What tells this token or key from others, and says nothing about it; empty for one who needs none.
    public let key: String
    /// The sign-in it belongs to; nil for a token or key that stands by itself.
    public let session: String?
    /// Whether a browser sends it by itself, also where another site asks it to.
    public var isCookie = false

    /// Access with that role.
    public init(role: Role, organization: String, expires: Moment?, key: String = "") {
        self.init(
            name: role.rawValue, isPerson: role != .integration, permissions: role.permissions,
            organization: organization, expires: expires, key: key, session: nil)
    }

    /// Access with those permissions.
    public init(
        name: String, isPerson: Bool, permissions: Set<Permission>, organization: String, expires: Moment?,
        key: String, session: String?
    ) {
        self.name = name
        self.isPerson = isPerson
        self.permissions = permissions
        self.organization = organization
        self.expires = expires
        self.key = key
        self.session = session
    }

    /// Whether that may be done.
    public func may(_ permission: Permission) -> Bool { permissions.contains(permission) }
}

/// Why a token was not made or not taken.
public enum TokenFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The key is shorter than the 32 bytes HS256 needs.
    case keyTooShort(bytes: Int)
    /// Not one of ours: another key, another form, changed on the way.
    case forged
    case expired
    /// It says that it was made later than now.
    case notYet
    case daysOutOfRange(Int)

    /// What is wrong and what can be done.
    public var description: String {
        switch self {
        case .keyTooShort(let bytes):
            "the key for tokens (JWT_SECRET) has \(bytes) bytes; it needs 32 or more: `openssl rand -hex 32`"
        case .forged: "this is no token of this hub; make one with `crossdock token --role viewer`"
        case .expired: "this token has expired; make a new one with `crossdock token --role viewer`"
        case .notYet: "this token is from the future; look at the clock of the machine that made it, and at this one's"
        case .daysOutOfRange(let days): "a token is valid for 1 to \(Tokens.longestDays) days, not \(days)"
        }
    }
}

/// Makes and checks the hub's tokens: JWT, HS256.
public struct Tokens: Sendable {
    /// The longest a token may live.
    public static let longestDays = 3650
    /// How long a token lives when nothing is said.
    public static let usualDays = 90
    /// How far the clock of who makes a token may be ahead of ours, in seconds.
    static let skewSeconds: Int64 = 60
    /// The longest text that is looked at as a token.
    static let longestText = 4096
    private static let issuer = "crossdock"

    private let ring: TokenRing
    private let known = ProvenTokens<Claims>()

    private struct Claims: JWTPayload {
        var iss: String
        var sub: String
        /// What may be done; nil where the sign-in says it.
        var role: Role?
        var sid: String?
        var org: String
        var iat: Int64
        var exp: Int64

        /// Time and issuer are checked by the caller, who has the clock.
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    /// Tokens signed with that key. Those that older keys have signed are taken, too.
    ///
    /// - Parameters:
    ///   - key: The one that signs.
    ///   - older: Those that signed before.
    ///   - anew: Gives the keys as they are now, the one that signs first; asked where a token is of none that is
    ///     known, for another process may have changed them.
    /// - Throws: `TokenFailure.keyTooShort` below 32 bytes.
    public init(
        key: [UInt8], older: [[UInt8]] = [], anew: (@Sendable () throws -> [[UInt8]])? = nil
    ) async throws(TokenFailure) {
        ring = try await TokenRing([key] + older, anew: anew)
    }

    /// Makes a token.
    ///
    /// - Throws: `TokenFailure.daysOutOfRange`.
    public func make(
        role: Role, organization: String, days: Int = Tokens.usualDays, now: Moment
    ) async throws(TokenFailure) -> String {
        guard (1...Self.longestDays).contains(days) else { throw .daysOutOfRange(days) }
        return try await signed(role.rawValue, role, nil, organization, seconds: Int64(days) * 86_400, now: now)
    }

    /// Makes the short token of a sign-in: what it allows, and whether it still does, the sign-in says.
    ///
    /// - Throws: `TokenFailure.forged` when it cannot be signed.
    public func make(
        session: String, of name: String, organization: String, now: Moment
    ) async throws(TokenFailure) -> String {
        try await signed(name, nil, session, organization, seconds: Self.sessionSeconds, now: now)
    }

    /// How long the token of a sign-in lives, in seconds.
    public static let sessionSeconds: Int64 = 900

    private func signed(
        _ name: String, _ role: Role?, _ session: String?, _ organization: String, seconds: Int64, now: Moment
    ) async throws(TokenFailure) -> String {
        let begin = now.milliseconds / 1000
        let claims = Claims(
            iss: Self.issuer, sub: name, role: role, sid: session, org: organization, iat: begin,
            exp: begin + seconds)
        do {
            return try await ring.keys[0].sign(claims)
        } catch {
            throw .forged
        }
    }

    /// By what a token is taken back: it says nothing about the token.
    public static func id(of text: String) -> String { Signature.hex(Signature.sha256(Array(text.utf8)).prefix(8)) }

    /// What a token allows now.
    ///
    /// - Throws: `TokenFailure`: `.forged`, `.expired`, `.notYet`.
    public func check(_ text: String, now: Moment) async throws(TokenFailure) -> Access {
        guard let (claims, id) = await proven(text, now: now) else { throw .forged }
        guard claims.iss == Self.issuer else { throw .forged }
        let expires = Moment(seconds: claims.exp)
        guard now < expires else { throw .expired }
        guard claims.iat <= now.milliseconds / 1000 + Self.skewSeconds else { throw .notYet }
        if let role = claims.role {
            return Access(role: role, organization: claims.org, expires: expires, key: id)
        }
        guard let session = claims.sid else { throw .forged }
        return Access(
            name: claims.sub, isPerson: true, permissions: [], organization: claims.org, expires: expires,
            key: session, session: session)
    }

    /// Whether a token's head names the one way in which tokens are signed here, and nothing that must be understood
    /// besides (RFC 7515, 4.1.11). The library beneath goes by the key alone.
    private static func isHS256(_ text: String) -> Bool {
        let head = String(text.prefix { $0 != "." }).replacing("-", with: "+").replacing("_", with: "/")
        let padded = head + String(repeating: "=", count: (4 - head.utf8.count % 4) % 4)
        guard let bytes = Signature.bytes(base64: padded), let json = try? JSON(parsing: bytes) else { return false }
        return json["alg"] == "HS256" && json["crit"] == nil
    }

    /// What a token says whose signature is one of ours, and by what it is taken back. Programs ask with the same one
    /// again and again.
    private func proven(_ text: String, now: Moment) async -> ProvenTokens<Claims>.Proven? {
        // Texts are compared by what they look like, and tokens by their bytes: there is no other form of ASCII.
        guard text.utf8.count <= Self.longestText, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        if let proven = known[text] { return proven }
        guard Self.isCanonical(text), Self.isHS256(text) else { return nil }
        if let proven = await proven(text, by: ring.keys) { return proven }
        guard await ring.hasChanged(now: now) else { return nil }
        return await proven(text, by: ring.keys)
    }

    private func proven(_ text: String, by keys: [JWTKeyCollection]) async -> ProvenTokens<Claims>.Proven? {
        for key in keys {
            guard let claims = try? await key.verify(text, as: Claims.self) else { continue }
            let proven = (claims, Self.id(of: text))
            known[text] = proven
            return proven
        }
        return nil
    }

    /// Whether the text has the one form a token is written in: three parts of base64url, nothing beside it.
    private static func isCanonical(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 3
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                            true
                        default: false
                        }
                    }
            }
    }
}

/// Tokens whose signatures were found to be right. How long they are good is looked at each time.
private final class ProvenTokens<Claims: Sendable>: Sendable {
    private static var limit: Int { 4096 }

    /// What a token says, and by what it is taken back.
    typealias Proven = (claims: Claims, id: String)

    private let known = Mutex<[String: Proven]>([:])

    subscript(text: String) -> Proven? {
        get { known.withLock { $0[text] } }
        set {
            known.withLock { known in
                if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
                known[text] = newValue
            }
        }
    }
}
