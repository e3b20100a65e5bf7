import Commerce
import Identity
import Synchronization
import Testing
import Wire

@testable import Console
@testable import Pipeline

@Suite("Console: tokens")
struct TokensTests {
    let now = Overview.sampleTime

    @Test(arguments: Role.allCases)
    func aTokenSaysWhatItWasMadeFor(role: Role) async throws {
        let tokens = try await Tokens(key: Asking.key)
        let text = try await tokens.make(role: role, organization: "kandy", days: 2, now: now)

        let access = try await tokens.check(text, now: now)

        #expect(access.name == role.rawValue && access.permissions == role.permissions)
        #expect(access.organization == "kandy" && access.session == nil)
        #expect(access.expires == now.adding(seconds: 2 * 86_400))
        // By this its requests are counted; it is that of this token alone, and not the token.
        #expect(access.key.count == 16 && !text.contains(access.key))
    }

    @Test func whileTheKeyIsBeingChangedTokensOfTheOldOneAreTaken() async throws {
        let (old, new) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
        let text = try await Tokens(key: old).make(role: .viewer, organization: "default", now: now)

        #expect(try await Tokens(key: new, older: [old]).check(text, now: now).name == "viewer")
        await #expect(throws: TokenFailure.forged) { try await Tokens(key: new).check(text, now: now) }
        let fresh = try await Tokens(key: new, older: [old]).make(role: .admin, organization: "default", now: now)
        #expect(try await Tokens(key: new).check(fresh, now: now).name == "admin")
        await #expect(throws: TokenFailure.forged) { try await Tokens(key: old).check(fresh, now: now) }
    }

    /// A hub that ran while the master key was changed refused what `crossdock token` made from then on.
    @Test func aKeyThatWasChangedMeanwhileIsMetAndWhatTheOldOneSignedStaysTaken() async throws {
        let (old, new) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
        let kept = Mutex([old])
        let reads = Mutex(0)
        let tokens = try await Tokens(key: old) {
            reads.withLock { $0 += 1 }
            return kept.withLock { $0 }
        }
        let before = try await tokens.make(role: .viewer, organization: "default", now: now)
        let after = try await Tokens(key: new).make(role: .admin, organization: "default", now: now)
        await #expect(throws: TokenFailure.forged) { try await tokens.check(after, now: now) }

        kept.withLock { $0 = [new] }

        // Forged tokens do not have the keys read again and again.
        await #expect(throws: TokenFailure.forged) { try await tokens.check(after, now: now.adding(seconds: 4)) }
        #expect(reads.withLock { $0 } == 1)
        #expect(try await tokens.check(after, now: now.adding(seconds: 5)).name == "admin")
        #expect(try await tokens.check(before, now: now).name == "viewer")
        let fresh = try await tokens.make(role: .operator, organization: "default", now: now)
        #expect(try await Tokens(key: new).check(fresh, now: now).name == "operator")
    }

    @Test func aTokenEndsWithItsLastSecond() async throws {
        let tokens = try await Tokens(key: Asking.key)
        let text = try await tokens.make(role: .viewer, organization: "default", days: 1, now: now)

        _ = try await tokens.check(text, now: now.adding(seconds: 86_399))
        await #expect(throws: TokenFailure.expired) { try await tokens.check(text, now: now.adding(seconds: 86_400)) }
    }

    /// The clock of another process may be a little ahead, and not more.
    @Test func aTokenFromTheFutureIsNotTaken() async throws {
        let tokens = try await Tokens(key: Asking.key)
        let text = try await tokens.make(role: .admin, organization: "default", now: now.adding(seconds: 60))
        let later = try await tokens.make(role: .admin, organization: "default", now: now.adding(seconds: 61))

        _ = try await tokens.check(text, now: now)
        await #expect(throws: TokenFailure.notYet) { try await tokens.check(later, now: now) }
    }

    @Test func aTokenOfAnotherKeyIsForged() async throws {
        let other = try await Tokens(key: Array("another key that is long enough too".utf8))
        let text = try await other.make(role: .admin, organization: "default", now: now)
        let tokens = try await Tokens(key: Asking.key)

        await #expect(throws: TokenFailure.forged) { try await tokens.check(text, now: now) }
    }

    @Test(arguments: ["", ".", "..", "a.b.c", "a.b", "a.b.c.d", " ", "\u{0}", String(repeating: "a", count: 5000)])
    func aTextThatIsNoTokenIsForged(text: String) async throws {
        let tokens = try await Tokens(key: Asking.key)

        await #expect(throws: TokenFailure.forged) { try await tokens.check(text, now: now) }
    }

    @Test func aTokenWithoutSignatureIsForged() async throws {
        // {"alg":"none","typ":"JWT"} and an admin's claims, unsigned: the oldest trick there is.
        let head = base64URL(#"{"alg":"none","typ":"JWT"}"#)
        let claims = base64URL(
            #"{"iss":"crossdock","sub":"admin","role":"admin","org":"default","iat":1,"exp":99999999999}"#)
        let tokens = try await Tokens(key: Asking.key)

        for text in ["\(head).\(claims).", "\(head).\(claims).AA"] {
            await #expect(throws: TokenFailure.forged) { try await tokens.check(text, now: now) }
        }
    }

    @Test func everyChangedCharacterMakesATokenForged() async throws {
        let tokens = try await Tokens(key: Asking.key)
        let text = Array(try await tokens.make(role: .viewer, organization: "default", now: now))

        // The last character holds bits beside the signature's last byte; two spellings of it may mean the same.
        for place in text.indices.dropLast() where text[place] != "." {
            var changed = text
            changed[place] = text[place] == "A" ? "B" : "A"
            await #expect(throws: TokenFailure.forged) { try await tokens.check(String(changed), now: now) }
        }
    }

    @Test func aKeyBelow32BytesIsRefused() async {
        await #expect(throws: TokenFailure.keyTooShort(bytes: 31)) {
            try await Tokens(key: Array(repeating: 1, count: 31))
        }
    }

    @Test(arguments: [0, -1, 3651])
    func aTokenLivesAtLeastADayAndAtMostTenYears(days: Int) async throws {
        let tokens = try await Tokens(key: Asking.key)

        await #expect(throws: TokenFailure.daysOutOfRange(days)) {
            try await tokens.make(role: .viewer, organization: "default", days: days, now: now)
        }
    }

    private func base64URL(_ text: String) -> String {
        Signature.base64(Array(text.utf8)).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// Two texts may look the same and be other bytes; one that is known lets no other in.
    @Test func whatOnlyLooksLikeATokenThatIsKnownIsNone() async throws {
        let tokens = try await Tokens(key: Asking.key)
        let now = Overview.sampleTime
        var text = ""
        for days in 1...50 where !text.contains("K") {
            text = try await tokens.make(role: .viewer, organization: "default", days: days, now: now)
        }
        let other = text.replacing("K", with: "\u{212A}")
        try #require(other == text && Array(other.utf8) != Array(text.utf8))

        _ = try await tokens.check(text, now: now)

        await #expect(throws: TokenFailure.forged) { try await tokens.check(other, now: now) }
    }
}
