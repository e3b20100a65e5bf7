import Commerce
import JWTKit
import Wire

/// What a person or a program may do.
public enum Role: String, Hashable, Sendable, Codable, CaseIterable {
    /// Everything, tokens and settings included.
    case admin
    /// Daily work: syncs, conflicts, dead letters.
    case `operator`
    /// Looks, changes nothing.
    case viewer
    /// A program that hands records in; sees no page.
    case integration
}

/// Who asks: what a valid token says.
public struct Access: Hashable, Sendable {
    /// What may be done.
    public let role: Role
    /// Whose data it is about.
    public let organization: String
    /// From when on the token is worth nothing; nil for one who needs none.
    public let expires: Moment?
    /// What tells this token or key from others, and says nothing about it; empty for one who needs none.
    public let key: String

    /// Access with that role.
    public init(role: Role, organization: String, expires: Moment?, key: String = "") {
        self.key = key
        self.role = role
        self.organization = organization
        self.expires = expires
    }
}

/// Why a token was not made or not taken.
public enum TokenFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The key is shorter than the 32 bytes HS256 needs.
    case keyTooShort(bytes: Int)
    /// Not one of ours: another key, another form, changed on the way.
    case forged
    case expired
    case daysOutOfRange(Int)

    /// What is wrong and what can be done.
    public var description: String {
        switch self {
        case .keyTooShort(let bytes):
            "the key for tokens (JWT_SECRET) has \(bytes) bytes; it needs 32 or more: `openssl rand -hex 32`"
        case .forged: "this is no token of this hub; make one with `crossdock token --role viewer`"
        case .expired: "this token has expired; make a new one with `crossdock token --role viewer`"
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
    /// The longest text that is looked at as a token.
    static let longestText = 4096
    private static let issuer = "crossdock"

    /// The one that signs, and those that signed before.
    private let keys: [JWTKeyCollection]

    private struct Claims: JWTPayload {
        var iss: String
        var sub: String
        var role: Role
        var org: String
        var iat: Int64
        var exp: Int64

        /// Time and issuer are checked by the caller, who has the clock.
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    /// Tokens signed with that key. Those that older keys have signed are taken, too.
    ///
    /// - Throws: `TokenFailure.keyTooShort` below 32 bytes.
    public init(key: [UInt8], older: [[UInt8]] = []) async throws(TokenFailure) {
        var keys: [JWTKeyCollection] = []
        for key in [key] + older {
            guard key.count >= 32 else { throw .keyTooShort(bytes: key.count) }
            keys.append(await JWTKeyCollection().add(hmac: HMACKey(from: key), digestAlgorithm: .sha256))
        }
        self.keys = keys
    }

    /// Makes a token.
    ///
    /// - Throws: `TokenFailure.daysOutOfRange`.
    public func make(
        role: Role, organization: String, days: Int = Tokens.usualDays, now: Moment
    ) async throws(TokenFailure) -> String {
        guard (1...Self.longestDays).contains(days) else { throw .daysOutOfRange(days) }
        let begin = now.milliseconds / 1000
        let claims = Claims(
            iss: Self.issuer, sub: role.rawValue, role: role, org: organization, iat: begin,
            exp: begin + Int64(days) * 86_400)
        do {
            return try await keys[0].sign(claims)
        } catch {
            throw .forged
        }
    }

    /// What a token allows now.
    ///
    /// - Throws: `TokenFailure`: `.forged`, `.expired`.
    public func check(_ text: String, now: Moment) async throws(TokenFailure) -> Access {
        guard text.utf8.count <= Self.longestText, Self.isCanonical(text) else { throw .forged }
        var proven: Claims?
        for key in keys where proven == nil { proven = try? await key.verify(text, as: Claims.self) }
        guard let claims = proven else { throw .forged }
        guard claims.iss == Self.issuer else { throw .forged }
        let expires = Moment(seconds: claims.exp)
        guard now < expires else { throw .expired }
        return Access(
            role: claims.role, organization: claims.org, expires: expires,
            key: Signature.hex(Signature.sha256(Array(text.utf8)).prefix(8)))
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
