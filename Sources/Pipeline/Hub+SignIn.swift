import Audit
import Commerce
import Identity
import Store
import Wire

// Who signs in, and who asks.
extension Hub {
    /// Takes a name and a password, and begins a session.
    ///
    /// `origin`: the address it comes from.
    ///
    /// - Throws: `StoreFailure`.
    public func signIn(
        _ given: String, password: String, isBrowser: Bool, from origin: String?
    ) async throws -> SignIn {
        let (organization, now, name) = (organization, now, Account.name(given) ?? "")
        let known = try await store.read { session in
            let table = IdentityTable(session, organization: organization)
            return (account: try table.account(name), hash: try table.password(of: name))
        }
        let lockout = known.account?.lockout ?? strangeNames.lockout(of: name)
        let failure = known.account == nil ? SecurityKind.strangeName : .signInRefused
        if let seconds = lockout.secondsLeft(at: now) {
            noteSecurity(failure, from: origin, at: "sign-in")
            return .locked(seconds: seconds)
        }
        let cost = passwordCost
        let hash = known.hash ?? PasswordHash.ofNone(cost: cost)
        let isLong = password.utf8.count > PasswordRule.longestBytes
        guard let isRight = try await passwords.run({ !isLong && hash.isOf(password) }) else { return .busy }
        if known.account == nil || !isRight { noteSecurity(failure, from: origin, at: "sign-in") }
        guard known.account != nil else {
            strangeNames.failed(name, at: now)
            return .wrong
        }
        guard isRight else { return try await refuse(name, from: origin) }
        let salt = surroundings.random(PasswordHash.saltBytes)
        let renewed =
            hash.isOutdated(for: cost)
            ? try await passwords.run { try PasswordHash(of: password, salt: salt, cost: cost) } : nil
        return try await welcome(name, meant: hash, renewed: renewed, isBrowser, from: origin)
    }

    private func refuse(_ name: String, from origin: String?) async throws -> SignIn {
        let (organization, now) = (organization, now)
        return try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            guard var account = try table.account(name) else { return .wrong }
            account.lockout = account.lockout.afterFailure(at: now)
            try table.save(account)
            let note = AuditNote(
                .signInRefused, "account", name, after: ["failures": .integer(account.lockout.failures)])
            try self.note(note, by: AuditActor(.person, name, origin: origin), at: now, in: session)
            return account.lockout.secondsLeft(at: now).map { .locked(seconds: $0) } ?? .wrong
        }
    }

    /// The password may have been changed, or the account blocked, while it was looked at.
    private func welcome(
        _ name: String, meant hash: PasswordHash, renewed: PasswordHash?, _ isBrowser: Bool, from origin: String?
    ) async throws -> SignIn {
        let (organization, now) = (organization, now)
        let secret = IssuedSecret(isBrowser ? .browser : .refresh, random: surroundings.random)
        return try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            guard var account = try table.account(name), try table.password(of: name) == hash, !account.isBlocked else {
                return .wrong
            }
            account.lockout = Lockout()
            account.signedInAt = now
            try table.save(account, password: renewed)
            try table.forgetEnded(now: now)
            let begun = Session(secret, of: name, now: now, origin: origin)
            try table.save(begun)
            try note(
                AuditNote(.signedIn, "account", name, after: ["session": .string(begun.id)]),
                by: AuditActor(.person, name, origin: origin), at: now, in: session)
            return .welcome(secret, try Self.caller(in: begun, account, table))
        }
    }

    private static func caller(in session: Session, _ account: Account, _ table: IdentityTable) throws -> Caller {
        Caller(
            name: account.name, isPerson: true, permissions: try table.permissions(of: account), session: session.id,
            expires: session.expiresAt)
    }

    /// Who comes with a key, or with a browser's session; nil where it is none, or not good any more.
    ///
    /// - Throws: `StoreFailure`.
    public func caller(bearing secret: IssuedSecret) async throws -> Caller? {
        switch secret.purpose {
        case .apiKey: try await caller(withKey: secret)
        case .browser: try await caller(ofSession: secret.id, bearing: secret)
        case .refresh: nil
        }
    }

    private func caller(withKey secret: IssuedSecret) async throws -> Caller? {
        let (organization, now) = (organization, now)
        let found = try await store.read { try IdentityTable($0, organization: organization).key(secret.id) }
        guard let key = found, Signature.areEqual(key.digest, secret.digest), key.isGood(at: now) else { return nil }
        if key.mustNoteUse(at: now) {
            try await store.write { try IdentityTable($0, organization: organization).used(key: key.id, at: now) }
        }
        return Caller(name: key.name, isPerson: false, permissions: key.permissions, expires: key.expiresAt)
    }

    /// Who is in a session that lasts still; nil where it has ended, or its account may not sign in. `secret`: what
    /// must be that of the session.
    ///
    /// - Throws: `StoreFailure`.
    public func caller(ofSession id: String, bearing secret: IssuedSecret? = nil) async throws -> Caller? {
        let (organization, now) = (organization, now)
        let found = try await store.read { session -> (Session, Caller)? in
            let table = IdentityTable(session, organization: organization)
            guard let open = try table.openSession(id, now: now), let account = try table.account(open.account),
                !account.isBlocked, secret.map({ Signature.areEqual($0.digest, open.digest) }) ?? true
            else { return nil }
            return (open, try Self.caller(in: open, account, table))
        }
        guard let (open, caller) = found else { return nil }
        if open.isBrowser, now.seconds(since: open.seenAt) > Session.seenSeconds {
            try await store.write { session in
                let table = IdentityTable(session, organization: organization)
                guard var seen = try table.openSession(id, now: now) else { return }
                seen.seenAt = max(seen.seenAt, now)
                try table.save(seen)
            }
        }
        return caller
    }

    /// Renews a program's session: what it came with is worth nothing from now on. One that comes a second time ends
    /// the session, for then two have it.
    ///
    /// - Throws: `StoreFailure`.
    public func renew(_ secret: IssuedSecret, from origin: String?) async throws -> (IssuedSecret, Caller)? {
        guard secret.purpose == .refresh else { return nil }
        let (organization, now) = (organization, now)
        let next = IssuedSecret(.refresh, id: secret.id, random: surroundings.random)
        return try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            guard var open = try table.openSession(secret.id, now: now), !open.isBrowser,
                let account = try table.account(open.account), !account.isBlocked
            else { return nil }
            guard Signature.areEqual(open.digest, secret.digest) else {
                guard let earlier = open.earlier, Signature.areEqual(earlier, secret.digest) else { return nil }
                _ = try table.end(session: open.id)
                let note = AuditNote(
                    .sessionEnded, "account", account.name,
                    after: ["session": .string(open.id), "reason": "what renews it was used twice"])
                try self.note(note, by: AuditActor(.hub, "hub", origin: origin), at: now, in: session)
                return nil
            }
            (open.earlier, open.digest, open.seenAt) = (open.digest, next.digest, now)
            try table.save(open)
            return (next, try Self.caller(in: open, account, table))
        }
    }

    /// Ends a session; false where there is none.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func end(session id: String, by actor: AuditActor) async throws -> Bool {
        let (organization, now) = (organization, now)
        return try await store.write { [self] session in
            let table = IdentityTable(session, organization: organization)
            guard let open = try table.openSession(id, now: now) else { return false }
            _ = try table.end(session: id)
            let note = AuditNote(.sessionEnded, "account", open.account, before: ["session": .string(id)])
            try self.note(note, by: actor, at: now, in: session)
            return true
        }
    }

    /// Whether a token was taken back before its time.
    ///
    /// - Throws: `StoreFailure`.
    public func isRevoked(token id: String) async throws -> Bool {
        let organization = organization
        return try await store.read { try IdentityTable($0, organization: organization).isRevoked(token: id) }
    }
}
