import Commerce
import Identity
import Store
import TestStores
import Testing

@Suite("Accounts, groups, keys and sign-ins as they are kept")
struct IdentityTableTests {
    let now = Moment(seconds: 1_800_000_000)
    let hash = PasswordHash(text: "$scrypt$ln=14,r=8,p=5$AAAA$AAAA")

    private func onStore(_ work: (any Store) async throws -> Void) async throws {
        let place = TestStore.Place()
        let store = try place.open(IdentityTable.migrations)
        do {
            try await work(store)
        } catch {
            await store.close()
            place.remove()
            throw error
        }
        await store.close()
        place.remove()
    }

    private func with<Value: Sendable>(
        _ store: any Store, _ step: @escaping @Sendable (IdentityTable) throws -> Value
    ) async throws -> Value {
        try await store.of(1).write { try step(IdentityTable($0, organization: 1)) }
    }

    private func secret(_ purpose: IssuedSecret.Purpose, _ number: UInt8) -> IssuedSecret {
        IssuedSecret(purpose) { Array(repeating: number, count: $0) }
    }

    @Test func anAccountIsKeptChangedAndRemovedWithItsSignIns() async throws {
        try await onStore { store in
            var account = Account(name: "mara", role: .operator, groups: ["integration/hub"], createdAt: now)
            let (first, hash, now) = (account, hash, now)
            #expect(try await with(store) { try $0.add(first, password: hash) })
            #expect(try await !with(store) { try $0.add(first, password: hash) })
            #expect(try await with(store) { try $0.account("mara") } == first)
            #expect(try await with(store) { try $0.password(of: "mara") } == hash)

            account.role = nil
            account.isBlocked = true
            account.lockout = Lockout(failures: 6, until: now.adding(seconds: 120))
            account.signedInAt = now
            let changed = account
            try await with(store) { try $0.save(changed) }
            #expect(try await with(store) { try $0.accounts() } == [changed])
            #expect(try await with(store) { try $0.password(of: "mara") } == hash)

            let session = Session(secret(.browser, 1), of: "mara", now: now, origin: "198.51.100.7")
            try await with(store) { try $0.save(session) }
            #expect(try await with(store) { try $0.openSession(session.id, now: now) } == session)
            #expect(try await with(store) { try $0.remove(account: "mara") })
            #expect(try await !with(store) { try $0.remove(account: "mara") })
            #expect(try await with(store) { try $0.sessions(now: now) }.isEmpty)
        }
    }

    @Test func permissionsAreThoseOfTheRoleAndOfEveryGroup() async throws {
        try await onStore { store in
            let account = Account(
                name: "ishan", role: .viewer, groups: ["books", "integration/sync", "gone"], createdAt: now)
            try await with(store) { try $0.save(Group(name: "books", permissions: [.audit])) }
            #expect(try await with(store) { try $0.permissions(of: account) } == [.see, .audit, .operate])
            try await with(store) { try $0.save(Group(name: "books", permissions: [.configure])) }
            #expect(try await with(store) { try $0.permissions(of: account) } == [.see, .configure, .operate])
            #expect(try await with(store) { try $0.remove(group: "books") })
            #expect(try await with(store) { try $0.permissions(of: account) } == [.see, .operate])
        }
    }

    @Test func aKeyIsGoodUntilItEndsOrIsTakenBack() async throws {
        try await onStore { store in
            let now = now
            let key = APIKey(
                secret(.apiKey, 2), name: "reports", permissions: [.see, .audit], createdAt: now,
                expiresAt: now.adding(seconds: 60))
            try await with(store) { try $0.add(key) }
            let kept = try #require(try await with(store) { try $0.key(key.id) })
            #expect(kept == key && kept.isGood(at: now) && !kept.isGood(at: now.adding(seconds: 60)))
            #expect(kept.mustNoteUse(at: now))

            try await with(store) { try $0.used(key: key.id, at: now) }
            #expect(try await with(store) { try $0.revoke(key: key.id, at: now) })
            #expect(try await !with(store) { try $0.revoke(key: key.id, at: now) })
            let all = try await with(store) { try $0.keys() }
            #expect(all.count == 1 && all[0].usedAt == now && !all[0].isGood(at: now))
            #expect(!all[0].mustNoteUse(at: now.adding(seconds: 299)))
        }
    }

    @Test func aSignInEndsWithItsTimeAndEarlierWhenItIsNotUsed() async throws {
        try await onStore { store in
            let now = now
            let browser = Session(secret(.browser, 3), of: "mara", now: now, origin: nil)
            let program = Session(secret(.refresh, 4), of: "mara", now: now, origin: nil)
            try await with(store) { table in for one in [browser, program] { try table.save(one) } }
            func open(after seconds: Double) async throws -> Set<String> {
                Set(try await with(store) { try $0.sessions(of: "mara", now: now.adding(seconds: seconds)) }.map(\.id))
            }
            #expect(try await open(after: Session.idleBrowserSeconds - 1) == [browser.id, program.id])
            #expect(try await open(after: Session.idleBrowserSeconds) == [program.id])
            #expect(try await open(after: Session.idleSeconds) == [])

            // One that is used all the time ends nevertheless.
            var used = browser
            used.seenAt = now.adding(seconds: Session.browserSeconds - 1)
            #expect(used.isOpen(at: now.adding(seconds: Session.browserSeconds - 1)))
            #expect(!used.isOpen(at: now.adding(seconds: Session.browserSeconds)))

            try await with(store) { try $0.forgetEnded(now: now.adding(seconds: Session.idleBrowserSeconds)) }
            #expect(try await open(after: 0) == [program.id])
        }
    }

    @Test func aTokenThatWasTakenBackStaysSo() async throws {
        try await onStore { store in
            let now = now
            #expect(try await !with(store) { try $0.isRevoked(token: "00") })
            for _ in 0..<2 { try await with(store) { try $0.revoke(token: "00", at: now) } }
            #expect(try await with(store) { try $0.isRevoked(token: "00") })
        }
    }
}
