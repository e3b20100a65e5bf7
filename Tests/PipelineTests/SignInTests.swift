import Audit
import Commerce
import Identity
import Pipeline
import Testing

@Suite("Who signs in, and who asks")
struct SignInTests {
    let password = "correct horse battery"
    let admin = AuditActor(.person, "test")

    private func hub() async throws -> (World, Hub) {
        let world = try World()
        let hub = try world.hub()
        try await hub.addAccount("Mara", password: password, role: .operator, by: admin)
        return (world, hub)
    }

    private func signedIn(_ hub: Hub, isBrowser: Bool = true) async throws -> (IssuedSecret, Caller) {
        let outcome = try await hub.signIn("mara", password: password, isBrowser: isBrowser, from: "198.51.100.7")
        guard case .welcome(let secret, let caller) = outcome else { throw HubError("\(outcome)") }
        return (secret, caller)
    }

    @Test func whoHasTheRightPasswordIsKnownUntilTheSignInEnds() async throws {
        let (world, hub) = try await hub()
        let (secret, caller) = try await signedIn(hub)

        #expect(caller.name == "mara" && caller.isPerson && caller.permissions == Role.operator.permissions)
        #expect(try await hub.caller(bearing: secret)?.name == "mara")
        // Being used makes it last, up to its longest.
        for _ in 0..<5 {
            world.pass(seconds: 7000)
            #expect(try await hub.caller(bearing: secret) != nil)
        }
        world.pass(seconds: Session.browserSeconds)
        #expect(try await hub.caller(bearing: secret) == nil)
        #expect(try await hub.audit().map(\.action).contains("sign-in.accepted"))
    }

    @Test func aWrongNameAndAWrongPasswordAreAnsweredAlikeAndShutAlike() async throws {
        let (world, hub) = try await hub()
        for name in ["mara", "nobody", ""] {
            for _ in 0..<4 {
                #expect(try await hub.signIn(name, password: "wrong", isBrowser: true, from: nil) == .wrong, "\(name)")
            }
            _ = try await hub.signIn(name, password: "wrong", isBrowser: true, from: nil)
            let shut = try await hub.signIn(name, password: password, isBrowser: true, from: nil)
            #expect(shut == .locked(seconds: 60), "\(name)")
        }
        world.pass(seconds: 60)
        _ = try await signedIn(hub)
        // The right one counts anew.
        #expect(try await hub.signIn("mara", password: "wrong", isBrowser: true, from: nil) == .wrong)
        #expect(try await hub.audit(limit: 100).count { $0.action == "sign-in.refused" } == 6)
    }

    @Test func aBlockedAccountANewPasswordAndFewerRightsEndWhatWasSignedIn() async throws {
        let changes: [@Sendable (Hub, AuditActor) async throws -> Void] = [
            { try await $0.changeAccount("mara", by: $1) { $0.isBlocked = true } },
            { try await $0.changeAccount("mara", by: $1) { $0.role = .viewer } },
            { try await $0.setPassword(of: "mara", to: "another good password", by: $1) },
            { try await $0.removeAccount("mara", by: $1) },
        ]
        for (number, change) in changes.enumerated() {
            let (_, hub) = try await hub()
            let (secret, _) = try await signedIn(hub)
            try await change(hub, admin)
            #expect(try await hub.caller(bearing: secret) == nil, "change \(number)")
        }
        let (_, hub) = try await hub()
        let (secret, _) = try await signedIn(hub)
        try await hub.changeAccount("mara", by: admin) { $0.role = .admin }
        #expect(try await hub.caller(bearing: secret)?.permissions == Set(Permission.allCases))
        try await hub.changeAccount("mara", by: admin) { $0.isBlocked = true }
        #expect(try await hub.signIn("mara", password: password, isBrowser: true, from: nil) == .wrong)
    }

    @Test func whatRenewsASignInIsGoodOnceAndTheSecondUseEndsIt() async throws {
        let (_, hub) = try await hub()
        let (first, _) = try await signedIn(hub, isBrowser: false)
        // It opens nothing by itself.
        #expect(try await hub.caller(bearing: first) == nil)
        let second = try #require(try await hub.renew(first, from: nil)).0
        let third = try #require(try await hub.renew(second, from: nil)).0

        #expect(try await hub.renew(second, from: "203.0.113.9") == nil)
        #expect(try await hub.renew(third, from: nil) == nil)
        #expect(try await hub.caller(ofSession: first.id) == nil)
        #expect(try await hub.audit().first?.action == "session.ended")
        // Who only guesses ends nothing.
        let (other, _) = try await signedIn(hub, isBrowser: false)
        let guessed = IssuedSecret(.refresh, id: other.id) { Array(repeating: 9, count: $0) }
        #expect(try await hub.renew(guessed, from: nil) == nil)
        #expect(try await hub.renew(other, from: nil) != nil)
    }

    @Test func aKeyOpensWhatItWasMadeForUntilItIsTakenBack() async throws {
        let (world, hub) = try await hub()
        let made = try await hub.makeAPIKey(
            "reports", permissions: [.see], expires: world.now.adding(seconds: 600), by: admin)
        let secret = try #require(IssuedSecret(made.secret))

        let caller = try #require(try await hub.caller(bearing: secret))
        #expect(caller.name == "reports" && !caller.isPerson && caller.permissions == [.see])
        #expect(try await hub.apiKeys().first?.usedAt == world.now)
        let guessed = IssuedSecret(.apiKey, id: secret.id) { Array(repeating: 9, count: $0) }
        #expect(try await hub.caller(bearing: guessed) == nil)
        world.pass(seconds: 600)
        #expect(try await hub.caller(bearing: secret) == nil)

        let other = try await hub.makeAPIKey("more", permissions: [.operate], by: admin)
        try await hub.revokeAPIKey(other.key.id, by: admin)
        #expect(try await hub.caller(bearing: #require(IssuedSecret(other.secret))) == nil)
        await #expect(throws: HubError.self) { try await hub.revokeAPIKey(other.key.id, by: admin) }
        // No secret stands in the store or the audit.
        let lines = try await hub.audit(limit: 100).map { "\($0)" }.joined()
        #expect(!lines.contains(other.secret) && !lines.contains(other.secret.suffix(43)))
    }

    @Test func whatWillNotDoIsRefusedInASentenceAndChangesNothing() async throws {
        let (world, hub) = try await hub()
        let before = try await hub.audit(limit: 100).count
        let tries: [(String, @Sendable (Hub, AuditActor) async throws -> Void)] = [
            (
                "there is an account named mara",
                { try await $0.addAccount("MARA", password: "a good password", role: nil, by: $1) }
            ),
            ("12 characters", { try await $0.addAccount("ishan", password: "short", role: nil, by: $1) }),
            (
                "name of an account",
                { try await $0.addAccount("two words", password: "a good password", role: nil, by: $1) }
            ),
            ("no group named", { try await $0.changeAccount("mara", by: $1) { $0.groups = ["none such"] } }),
            ("no account named ishan", { try await $0.setPassword(of: "ishan", to: "a good password", by: $1) }),
            ("no account named ishan", { try await $0.removeAccount("ishan", by: $1) }),
            ("always there", { try await $0.setGroup(Group(name: "integration/hub", permissions: []), by: $1) }),
            ("1 to 64 letters", { try await $0.setGroup(Group(name: "a b", permissions: []), by: $1) }),
            ("no group named x", { try await $0.removeGroup("x", by: $1) }),
            ("one permission or more", { _ = try await $0.makeAPIKey("k", permissions: [], by: $1) }),
            ("expired already", { _ = try await $0.makeAPIKey("k", permissions: [.see], expires: $0.now, by: $1) }),
            ("16 hexadecimal", { try await $0.revokeToken("xyz", by: $1) }),
        ]
        for (words, attempt) in tries {
            let error = await #expect(throws: HubError.self, "\(words)") { try await attempt(hub, admin) }
            #expect(error?.description.contains(words) ?? false, "\(words): \(error?.description ?? "")")
        }
        #expect(try await hub.audit(limit: 100).count == before)
        #expect(try await hub.accounts().map(\.name) == ["mara"] && world.now == hub.now)
    }

    @Test func aGroupCanOnlyGoWhenNobodyIsInIt() async throws {
        let (_, hub) = try await hub()
        try await hub.setGroup(Group(name: "books", permissions: [.see, .audit]), by: admin)
        try await hub.changeAccount("mara", by: admin) {
            $0.role = nil
            $0.groups = ["books"]
        }
        #expect(try await signedIn(hub).1.permissions == [.see, .audit])
        await #expect(throws: HubError.self) { try await hub.removeGroup("books", by: admin) }
        try await hub.changeAccount("mara", by: admin) { $0.groups = [] }
        try await hub.removeGroup("books", by: admin)
        #expect(try await hub.groups() == Group.wellKnown)
    }
}
