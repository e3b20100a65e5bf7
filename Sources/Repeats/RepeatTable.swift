import Commerce
import Store
import Wire

/// A request that its sender may send again under one key, and that is to be done once.
public struct KeyedRequest: Hashable, Sendable {
    /// The sender's key.
    public var key: String
    /// All that was asked, in one form. It may hold secrets, so that nothing of it is stored but a code that only who
    /// has the hub's key can make.
    public var asked: [UInt8]

    /// A request under a key.
    public init(key: String, asked: [UInt8]) {
        self.key = key
        self.asked = asked
    }
}

/// An answer as it was given: whoever asks again gets the same one.
public struct KeptAnswer: Hashable, Sendable {
    public var status: Int
    /// Where what was made is found, if the answer says so.
    public var location: String?
    public var body: [UInt8]

    /// An answer.
    public init(status: Int, location: String? = nil, body: [UInt8]) {
        self.status = status
        self.location = location
        self.body = body
    }
}

/// The right to do a keyed request, which one at a time holds.
public struct RequestClaim: Hashable, Sendable {
    let key: String
    let token: String
}

/// How a keyed request stands when it arrives.
public enum RequestStanding: Hashable, Sendable {
    /// Nobody has done it yet: who asks now does it.
    case begun(RequestClaim)
    /// It was done, and this was the answer.
    case answered(KeptAnswer)
    /// It arrived before and is being done; try again in so many seconds.
    case underWay(retryInSeconds: Int)
    /// The key was used for something else.
    case otherRequest
}

/// The keyed requests of one organization, seen from inside a step.
public struct RepeatTable {
    private let session: any StoreSession
    private let organization: Int64
    private let vault: Vault

    /// How long a key is remembered, in seconds.
    public static let keptSeconds = 86_400.0
    /// How long a request may be under way, in seconds, until it counts as one whose process has died: longer than the
    /// longest call to a vendor.
    public static let underWaySeconds = 120.0
    /// How many keys one step forgets.
    static let pruneLimit = 2000

    /// The table they are kept in.
    public static let migrations = [
        Migration(
            "0600-repeats",
            """
            -- Requests with a key of their sender's: whoever sends one again gets the answer that is kept here. No
            -- status: it is being done by who holds the claim.
            CREATE TABLE keyed_request (
                organization_id INTEGER NOT NULL, key TEXT NOT NULL, code BLOB NOT NULL, coded_with TEXT NOT NULL,
                claim TEXT NOT NULL, asked_at INTEGER NOT NULL, status INTEGER, body BLOB,
                PRIMARY KEY (organization_id, key),
                CHECK ((status IS NULL) = (body IS NULL))
            ) STRICT;
            CREATE INDEX keyed_request_age ON keyed_request (organization_id, asked_at);
            """, servesOlder: true),
        Migration("0601-repeats-location", "ALTER TABLE keyed_request ADD COLUMN location TEXT;", servesOlder: true),
    ]

    /// The keyed requests of that organization.
    public init(_ session: any StoreSession, organization: Int64, vault: Vault) {
        self.session = session
        self.organization = organization
        self.vault = vault
    }

    /// Begins a request, or says why it is not to be done. `token`: what tells this try from every other.
    ///
    /// - Throws: `StoreFailure`; `Vault.Failure` when it was begun by a hub with a key that this one does not know.
    public func begin(_ request: KeyedRequest, token: String, now: Moment) throws -> RequestStanding {
        let row = try session.rows(
            """
            SELECT code, asked_at, status, body, coded_with, location FROM keyed_request
            WHERE organization_id = ?1 AND key = ?2
            """,
            [.integer(organization), .text(request.key)]
        ).first
        if let row {
            let age = now.seconds(since: row.moment(1) ?? now)
            // What an earlier day has asked is forgotten, whether or not it was taken away yet.
            if age < Self.keptSeconds {
                guard try row.blob(0) == code(of: request, key: row.text(4)).code else { return .otherRequest }
                if let status = row.optionalInteger(2) {
                    return .answered(
                        KeptAnswer(status: Int(status), location: row.optionalText(5), body: row.blob(3)))
                }
                // A clock that was set back must not keep it for ever.
                let left = Self.underWaySeconds - max(0, age)
                if left > 0 { return .underWay(retryInSeconds: max(1, Int(left.rounded(.up)))) }
            }
        }
        let made = try code(of: request)
        try session.save(
            [
                [
                    .integer(organization), .text(request.key), .blob(made.code), .text(made.key), .text(token),
                    SQLValue(now), .null, .null, .null,
                ]
            ], as: Self.upsert)
        return .begun(RequestClaim(key: request.key, token: token))
    }

    private func code(of request: KeyedRequest, key: String? = nil) throws -> (key: String, code: [UInt8]) {
        try vault.code(for: request.asked, context: "keyed request \(organization)", key: key)
    }

    private static let upsert = Upsert(
        "keyed_request", key: ["organization_id", "key"],
        updating: ["code", "coded_with", "claim", "asked_at", "status", "body", "location"])

    /// Keeps the answer to a request, in the step that does it. False when another has begun it since, because this one
    /// took too long: then the step must not be done.
    ///
    /// - Throws: `StoreFailure`.
    public func keep(_ answer: KeptAnswer, of claim: RequestClaim) throws -> Bool {
        try session.run(
            """
            UPDATE keyed_request SET status = ?4, body = ?5, location = ?6
            WHERE organization_id = ?1 AND key = ?2 AND claim = ?3 AND status IS NULL
            """,
            [
                .integer(organization), .text(claim.key), .text(claim.token), .integer(Int64(answer.status)),
                .blob(answer.body), SQLValue(answer.location),
            ]) == 1
    }

    /// Frees the key of a request that changed nothing: it may be sent again, mended or not.
    ///
    /// - Throws: `StoreFailure`.
    public func giveUp(_ claim: RequestClaim) throws {
        try session.run(
            "DELETE FROM keyed_request WHERE organization_id = ?1 AND key = ?2 AND claim = ?3 AND status IS NULL",
            [.integer(organization), .text(claim.key), .text(claim.token)])
    }

    /// Forgets some of the keys that are old enough, and answers how many.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(before limit: Moment) throws -> Int {
        try session.run(
            """
            DELETE FROM keyed_request WHERE organization_id = ?1 AND key IN (
                SELECT key FROM keyed_request WHERE organization_id = ?1 AND asked_at < ?2 ORDER BY asked_at LIMIT ?3)
            """, [.integer(organization), SQLValue(limit), .integer(Int64(Self.pruneLimit))])
    }
}
