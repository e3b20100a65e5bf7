import Audit
import Commerce
import Identity
import Store
import Wire

// Accounts, groups and keys, as those who may admit others manage them.
extension Hub {
    /// All accounts, by name.
    ///
    /// - Throws: `StoreFailure`.
    public func accounts() async throws -> [Account] {
        let organization = organization
        return try await store.read { try IdentityTable($0, organization: organization).accounts() }
    }

    /// Makes an account. `rights`: what who makes it may do himself; nil: everything.
    ///
    /// - Throws: `HubError` where name, password or groups will not do, `RightsRefusal`, `StoreFailure`.
    public func addAccount(
        _ given: String, password: String, role: Role?, groups: [String] = [], by actor: AuditActor,
        within rights: Set<Permission>? = nil
    ) async throws {
        let (organization, now) = (organization, now)
        let name = try Self.accountName(given)
        let hash = try await hashed(password, of: name)
        try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            try Self.check(groups, table)
            let account = Account(name: name, role: role, groups: groups, createdAt: now)
            try RightsRefusal.check(table.permissions(of: account), within: rights)
            guard try table.add(account, password: hash) else {
                throw HubError("there is an account named \(name); change it with `crossdock accounts change`")
            }
            try note(AuditNote(.accountAdded, "account", name, after: told(account)), by: actor, at: now, in: session)
        }
    }

    /// Changes what an account may do, or whether it may sign in. One that is blocked, or may less, is signed out.
    /// `rights`: what who changes it may do himself; nil: everything.
    ///
    /// - Throws: `HubError` where there is no such account or group, `RightsRefusal`, `StoreFailure`.
    public func changeAccount(
        _ given: String, by actor: AuditActor, within rights: Set<Permission>? = nil,
        _ change: @escaping @Sendable (inout Account) -> Void
    ) async throws {
        let (organization, now) = (organization, now)
        let name = try Self.accountName(given)
        try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            guard let before = try table.account(name) else { throw Self.noAccount(name) }
            try RightsRefusal.check(table.permissions(of: before), within: rights)
            var account = before
            change(&account)
            guard account != before else { return }
            try Self.check(account.groups, table)
            try RightsRefusal.check(table.permissions(of: account), within: rights)
            try table.save(account)
            let isLess = try !table.permissions(of: before).isSubset(of: table.permissions(of: account))
            if account.isBlocked || isLess { try table.endSessions(of: name) }
            let note = AuditNote(.accountChanged, "account", name, before: told(before), after: told(account))
            try self.note(note, by: actor, at: now, in: session)
        }
    }

    /// Sets an account's password, opens it where wrong ones have shut it, and signs it out everywhere. `rights`: what
    /// who sets it may do himself; nil: everything.
    ///
    /// - Throws: `HubError` where there is no such account or the password will not do, `RightsRefusal`,
    ///   `StoreFailure`.
    public func setPassword(
        of given: String, to password: String, by actor: AuditActor, within rights: Set<Permission>? = nil
    ) async throws {
        let (organization, now) = (organization, now)
        let name = try Self.accountName(given)
        let hash = try await hashed(password, of: name)
        try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            guard var account = try table.account(name) else { throw Self.noAccount(name) }
            try RightsRefusal.check(table.permissions(of: account), within: rights)
            account.lockout = Lockout()
            account.passwordAt = now
            try table.save(account, password: hash)
            try table.endSessions(of: name)
            try note(AuditNote(.passwordSet, "account", name), by: actor, at: now, in: session)
        }
    }

    /// Removes an account, and signs it out everywhere. `rights`: what who removes it may do himself; nil: everything.
    ///
    /// - Throws: `HubError` where there is no such account, `RightsRefusal`, `StoreFailure`.
    public func removeAccount(
        _ given: String, by actor: AuditActor, within rights: Set<Permission>? = nil
    ) async throws {
        let (organization, now) = (organization, now)
        let name = try Self.accountName(given)
        try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            guard let account = try table.account(name) else { throw Self.noAccount(name) }
            try RightsRefusal.check(table.permissions(of: account), within: rights)
            _ = try table.remove(account: name)
            let note = AuditNote(.accountRemoved, "account", name, before: told(account))
            try self.note(note, by: actor, at: now, in: session)
        }
    }

    private static func accountName(_ given: String) throws -> String {
        guard let name = Account.name(given) else {
            throw HubError("\"\(given)\" cannot be the name of an account: 1 to 128 bytes without blanks")
        }
        return name
    }

    private static func noAccount(_ name: String) -> HubError { HubError("there is no account named \(name)") }

    private static func check(_ groups: [String], _ table: IdentityTable) throws {
        let known = try Group.wellKnown + table.groups()
        for group in groups where !known.contains(where: { $0.name == group }) {
            let names = known.map(\.name).joined(separator: ", ")
            throw HubError("there is no group named \(group); there are: \(names)")
        }
    }

    private func hashed(_ password: String, of name: String) async throws -> PasswordHash {
        if let problem = PasswordRule.problem(password, name: name) { throw HubError(problem) }
        let (salt, cost) = (surroundings.random(PasswordHash.saltBytes), passwordCost)
        guard let hash = try await passwords.run({ try PasswordHash(of: password, salt: salt, cost: cost) }) else {
            throw HubError("too many passwords are being looked at; try again soon")
        }
        return hash
    }

    private func told(_ account: Account) -> JSON {
        [
            "role": account.role.map { .string($0.rawValue) } ?? .null,
            "groups": .array(account.groups.map(JSON.string)), "blocked": .bool(account.isBlocked),
        ]
    }
}

extension Hub {
    /// All groups, those that are always there first.
    ///
    /// - Throws: `StoreFailure`.
    public func groups() async throws -> [Group] {
        let organization = organization
        return try await Group.wellKnown
            + store.read { try IdentityTable($0, organization: organization).groups() }
    }

    /// Makes a group, or changes what it may do. `rights`: what who sets it may do himself; nil: everything.
    ///
    /// - Throws: `HubError` where the name will not do, `RightsRefusal`, `StoreFailure`.
    public func setGroup(
        _ group: Group, by actor: AuditActor, within rights: Set<Permission>? = nil
    ) async throws {
        let (organization, now) = (organization, now)
        guard Group.isName(group.name) else {
            throw HubError("a group's name has 1 to 64 letters, digits, and - _ . /")
        }
        guard !Group.wellKnown.contains(where: { $0.name == group.name }), Role(rawValue: group.name) == nil else {
            throw HubError("\(group.name) is always there and cannot be changed; take another name")
        }
        try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            let before = try table.groups().first { $0.name == group.name }
            try RightsRefusal.check(group.permissions.union(before?.permissions ?? []), within: rights)
            try table.save(group)
            let note = AuditNote(
                .groupSet, "group", group.name, before: before.map { Self.told($0.permissions) },
                after: Self.told(group.permissions))
            try self.note(note, by: actor, at: now, in: session)
        }
    }

    /// Removes a group. Who is in it may no more what it allowed.
    ///
    /// - Throws: `HubError` where there is none, `StoreFailure`.
    public func removeGroup(_ name: String, by actor: AuditActor) async throws {
        let (organization, now) = (organization, now)
        try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            guard let group = try table.groups().first(where: { $0.name == name }) else {
                throw HubError("there is no group named \(name) that can be removed")
            }
            let members = try table.accounts().filter { $0.groups.contains(name) }.map(\.name)
            guard members.isEmpty else {
                throw HubError(
                    "the group \(name) has members (\(members.joined(separator: ", "))); take them out first")
            }
            _ = try table.remove(group: name)
            let note = AuditNote(.groupRemoved, "group", name, before: Self.told(group.permissions))
            try self.note(note, by: actor, at: now, in: session)
        }
    }

    /// All keys, also those taken back, the newest first.
    ///
    /// - Throws: `StoreFailure`.
    public func apiKeys() async throws -> [APIKey] {
        let organization = organization
        return try await store.read { try IdentityTable($0, organization: organization).keys() }
    }

    /// Makes a key. What is answered is handed out this once.
    ///
    /// - Throws: `HubError` where it would allow nothing or ends before it begins, `StoreFailure`.
    public func makeAPIKey(
        _ name: String, permissions: Set<Permission>, expires: Moment? = nil, by actor: AuditActor
    ) async throws -> (key: APIKey, secret: String) {
        let (organization, now) = (organization, now)
        guard (1...128).contains(name.utf8.count) else { throw HubError("a key needs a name of at most 128 bytes") }
        guard !permissions.isEmpty else {
            let all = Permission.allCases.map(\.rawValue).joined(separator: ", ")
            throw HubError("a key needs one permission or more: \(all)")
        }
        guard expires.map({ $0 > now }) ?? true else { throw HubError("the key would have expired already") }
        let secret = IssuedSecret(.apiKey, random: surroundings.random)
        let key = APIKey(secret, name: name, permissions: permissions, createdAt: now, expiresAt: expires)
        try await store.write { [self] session in
            try IdentityTable(session, organization: organization).add(key)
            let after: JSON = ["name": .string(name), "permissions": Self.told(permissions)]
            try note(AuditNote(.apiKeyMade, "api-key", key.id, after: after), by: actor, at: now, in: session)
        }
        return (key, secret.text)
    }

    /// The longest an old key may go on beside the one that follows it, in seconds.
    public static let longestKeyOverlapSeconds = 30 * 86_400.0

    /// Makes a key that follows another: it may the same, and lasts as long as that one was to last. The old one goes
    /// on for so many seconds, so that whoever has it can be given the new one without a gap. `rights`: what who asks
    /// may do himself; nil: everything.
    ///
    /// - Throws: `HubError` where there is no such key that is good still, `RightsRefusal`, `StoreFailure`.
    public func rotateAPIKey(
        _ id: String, keepingOldSeconds seconds: Double, by actor: AuditActor, within rights: Set<Permission>? = nil
    ) async throws -> (key: APIKey, secret: String) {
        guard (0...Self.longestKeyOverlapSeconds).contains(seconds) else {
            throw HubError("an old key may go on for at most \(Int(Self.longestKeyOverlapSeconds / 86_400)) days")
        }
        let (organization, now) = (organization, now)
        let secret = IssuedSecret(.apiKey, random: surroundings.random)
        let key = try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            guard let old = try table.key(id), old.isGood(at: now) else {
                throw HubError("there is no key \(id) that is good still")
            }
            try RightsRefusal.check(old.permissions, within: rights)
            let lasts = old.expiresAt.map { $0.seconds(since: old.createdAt) }
            let key = APIKey(
                secret, name: old.name, permissions: old.permissions, createdAt: now,
                expiresAt: lasts.map { now.adding(seconds: $0) })
            try table.add(key)
            _ =
                seconds > 0
                ? try table.end(key: id, at: now.adding(seconds: seconds), now: now)
                : try table.revoke(key: id, at: now)
            let after: JSON = [
                "name": .string(key.name), "permissions": Self.told(key.permissions), "follows": .string(id),
            ]
            try note(AuditNote(.apiKeyMade, "api-key", key.id, after: after), by: actor, at: now, in: session)
            return key
        }
        return (key, secret.text)
    }

    /// Takes a key back: what comes with it is refused, here at once, by other processes within two seconds.
    ///
    /// - Throws: `HubError` where there is none, `StoreFailure`.
    public func revokeAPIKey(_ id: String, by actor: AuditActor) async throws {
        let (organization, now) = (organization, now)
        try await store.write { [self] session in
            guard try IdentityTable(session, organization: organization).revoke(key: id, at: now) else {
                throw HubError("there is no key \(id) that is good still")
            }
            try note(AuditNote(.apiKeyRevoked, "api-key", id), by: actor, at: now, in: session)
        }
    }

    /// Takes a token back, by the id that was told when it was made.
    ///
    /// - Throws: `HubError` where that is no id, `StoreFailure`.
    public func revokeToken(_ id: String, by actor: AuditActor) async throws {
        let (organization, now) = (organization, now)
        guard Signature.bytes(hex: id)?.count == 8 else {
            throw HubError("the id of a token has 16 hexadecimal digits")
        }
        try await store.write { [self] session in
            try IdentityTable(session, organization: organization).revoke(token: id, at: now)
            try note(AuditNote(.tokenRevoked, "token", id), by: actor, at: now, in: session)
        }
    }

    private static func told(_ permissions: Set<Permission>) -> JSON {
        .array(permissions.map(\.rawValue).sorted().map(JSON.string))
    }
}
