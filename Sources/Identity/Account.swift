import Commerce

/// A person who signs in with a name and a password.
public struct Account: Hashable, Sendable {
    /// What they sign in with; small letters, unlike any other of the organization.
    public var name: String
    /// What they may do by their role; nil: only what their groups may.
    public var role: Role?
    /// The names of the groups they are in.
    public var groups: [String]
    /// Whether they may sign in at all.
    public var isBlocked: Bool
    public var lockout: Lockout
    public var createdAt: Moment
    /// When the password was set.
    public var passwordAt: Moment
    /// When they last signed in; nil: never.
    public var signedInAt: Moment?

    /// An account that nobody has signed in with yet.
    public init(name: String, role: Role?, groups: [String] = [], createdAt: Moment) {
        self.name = name
        self.role = role
        self.groups = groups
        isBlocked = false
        lockout = Lockout()
        self.createdAt = createdAt
        passwordAt = createdAt
    }

    /// Whether it can be signed in with now, in words.
    public func standing(at now: Moment) -> String {
        if isBlocked { return "blocked" }
        guard let seconds = lockout.secondsLeft(at: now) else { return "open" }
        return "shut for \(seconds) s after \(lockout.failures) wrong passwords"
    }

    /// What may be told of it, to programs.
    public func json(at now: Moment) -> JSON {
        [
            "name": .string(name), "role": role.map { .string($0.rawValue) } ?? .null,
            "groups": .array(groups.map(JSON.string)), "blocked": .bool(isBlocked),
            "state": .string(standing(at: now)), "createdAt": .string(createdAt.description),
            "passwordAt": .string(passwordAt.description),
            "signedInAt": signedInAt.map { .string($0.description) } ?? .null,
        ]
    }

    /// A name as it is kept: without blanks around it, in small letters; nil where it cannot be one. An e-mail address
    /// may be.
    public static func name(_ text: String) -> String? {
        let name = text.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
        guard (1...128).contains(name.utf8.count), !name.contains(" "),
            name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { return nil }
        return name
    }
}

/// A key with which a program asks, as it is kept: not the key itself.
public struct APIKey: Hashable, Sendable {
    /// Which one; no secret.
    public var id: String
    /// What it is for, in the words of who made it.
    public var name: String
    public var permissions: Set<Permission>
    public var createdAt: Moment
    /// From when on it is worth nothing; nil: it lasts.
    public var expiresAt: Moment?
    /// When it was last used, give or take five minutes; nil: never.
    public var usedAt: Moment?
    /// When it was taken back; nil: it was not.
    public var revokedAt: Moment?
    /// The digest of what was handed out.
    public var digest: [UInt8]

    /// How often its use is written down, in seconds.
    public static let usedSeconds = 300.0

    /// A key that was made now.
    public init(
        _ secret: IssuedSecret, name: String, permissions: Set<Permission>, createdAt: Moment, expiresAt: Moment?
    ) {
        self.init(
            id: secret.id, name: name, permissions: permissions, createdAt: createdAt, expiresAt: expiresAt,
            digest: secret.digest)
    }

    init(
        id: String, name: String, permissions: Set<Permission>, createdAt: Moment, expiresAt: Moment?, digest: [UInt8]
    ) {
        self.id = id
        self.name = name
        self.permissions = permissions
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.digest = digest
    }

    /// Whether it opens anything now.
    public func isGood(at now: Moment) -> Bool { revokedAt == nil && expiresAt.map { now < $0 } ?? true }

    /// What may be told of it, to programs; not the key.
    public func json(at now: Moment) -> JSON {
        let time = { (moment: Moment?) in moment.map { JSON.string($0.description) } ?? .null }
        return [
            "id": .string(id), "name": .string(name),
            "permissions": .array(permissions.map(\.rawValue).sorted().map(JSON.string)),
            "createdAt": time(createdAt), "expiresAt": time(expiresAt), "usedAt": time(usedAt),
            "revokedAt": time(revokedAt), "isGood": .bool(isGood(at: now)),
        ]
    }

    /// Whether its use is to be written down.
    public func mustNoteUse(at now: Moment) -> Bool { usedAt.map { now.seconds(since: $0) > Self.usedSeconds } ?? true }
}

/// A sign-in that lasts: a browser's, or a program's that renews its tokens.
public struct Session: Hashable, Sendable {
    public var id: String
    public var account: String
    /// Whether it is a browser's.
    public var isBrowser: Bool
    public var createdAt: Moment
    public var seenAt: Moment
    /// From when on it has to be begun anew, whatever happens.
    public var endsAt: Moment
    /// From where it was begun.
    public var origin: String?
    /// The digest of the secret that is good now, and of the one before.
    public var digest: [UInt8]
    public var earlier: [UInt8]?

    /// How long a session lasts at most, and without being used, in seconds.
    public static let longestSeconds = 30 * 86_400.0
    public static let browserSeconds = 12 * 3600.0
    public static let idleSeconds = 7 * 86_400.0
    public static let idleBrowserSeconds = 2 * 3600.0
    /// How often it is written down that it was seen, in seconds.
    public static let seenSeconds = 60.0

    /// A session that begins now.
    public init(_ secret: IssuedSecret, of account: String, now: Moment, origin: String?) {
        id = secret.id
        self.account = account
        isBrowser = secret.purpose == .browser
        createdAt = now
        seenAt = now
        endsAt = now.adding(seconds: isBrowser ? Self.browserSeconds : Self.longestSeconds)
        self.origin = origin
        digest = secret.digest
    }

    init(
        id: String, account: String, isBrowser: Bool, createdAt: Moment, seenAt: Moment, endsAt: Moment,
        origin: String?, digest: [UInt8], earlier: [UInt8]?
    ) {
        self.id = id
        self.account = account
        self.isBrowser = isBrowser
        self.createdAt = createdAt
        self.seenAt = seenAt
        self.endsAt = endsAt
        self.origin = origin
        self.digest = digest
        self.earlier = earlier
    }

    /// When it ends if it is not used again.
    public var expiresAt: Moment {
        min(endsAt, seenAt.adding(seconds: isBrowser ? Self.idleBrowserSeconds : Self.idleSeconds))
    }

    /// Whether it lasts still.
    public func isOpen(at now: Moment) -> Bool { now < expiresAt }
}
