import Commerce
import Identity
import SeededRandom
import Testing

@Suite("What proves who asks")
struct SecretTests {
    private func bytes(_ numbers: inout SeededNumbers, _ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &numbers) }
    }

    @Test func whatIsHandedOutIsReadAgainAndNothingElseIs() throws {
        var numbers = SeededNumbers()
        for round in 0..<300 {
            let purpose = [IssuedSecret.Purpose.apiKey, .refresh, .browser][round % 3]
            let made = IssuedSecret(purpose) { bytes(&numbers, $0) }
            let read = try #require(IssuedSecret(made.text), "seed \(numbers.seed): \(made.text)")
            #expect(read == made && read.purpose == purpose && read.id == made.id)
            #expect(!made.text.contains { $0.isWhitespace || $0 == ";" || $0 == "," || $0 == "=" })
            // One letter less, more or other: nothing, or another secret.
            #expect(IssuedSecret(String(made.text.dropLast())) == nil && IssuedSecret(made.text + "A") == nil)
            let place = Int.random(in: 0..<made.text.count, using: &numbers)
            var letters = Array(made.text)
            letters[place] = letters[place] == "b" ? "c" : "b"
            #expect(IssuedSecret(String(letters)) != made, "seed \(numbers.seed): place \(place)")
        }
        for text in [
            "", "cdk_", "cdk__", "eyJhbGciOiJub25lIn0.e30.",
            "cdx_0011223344556677_" + String(repeating: "A", count: 43),
        ] {
            #expect(IssuedSecret(text) == nil, "\(text)")
        }
    }

    @Test func aPasswordIsKnownByItsHashAndNoOtherIs() throws {
        let hash = try PasswordHash(of: "correct horse battery", salt: Array(0..<16))

        #expect(hash.isOf("correct horse battery") && !hash.isOf("correct horse batterz") && !hash.isOf(""))
        #expect(hash.text.hasPrefix("$scrypt$ln=14,r=8,p=5$") && !hash.isOutdated())
        #expect(hash.isOutdated(for: PasswordCost(exponent: 15, block: 8, lanes: 5)))
        #expect(try PasswordHash(of: "correct horse battery", salt: Array(1..<17)) != hash)
        // However an accent was typed.
        let accent = try PasswordHash(of: "caf\u{E9} au lait, please", salt: Array(0..<16))
        #expect(accent.isOf("cafe\u{301} au lait, please"))
    }

    @Test func aHashThatIsNoneOrWouldUseUpTheMemoryIsOfNoPassword() {
        let tail = "$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        for text in [
            "", "plain", "$scrypt$$$", "$scrypt$ln=30,r=8,p=1" + tail, "$scrypt$ln=14,r=800,p=1" + tail,
            "$scrypt$ln=14,r=8,p=0" + tail, "$argon2id$ln=14,r=8,p=5" + tail,
        ] {
            #expect(!PasswordHash(text: text).isOf("") && PasswordHash(text: text).isOutdated(), "\(text)")
        }
    }

    @Test(arguments: [
        ("short", false), ("elevenchars", false), ("twelve chars", true), ("aaaaaaaaaaaaaaa", false),
        ("mara and twelve more", false), (String(repeating: "abcd", count: 64), true),
        (String(repeating: "abcd", count: 65), false), ("ඔබේ මුරපදය දිගයි මිතුර", true),
    ])
    func aPasswordIsLongAndNotItsName(password: String, isGood: Bool) {
        #expect((PasswordRule.problem(password, name: "mara") == nil) == isGood, "\(password)")
    }

    @Test func wrongPasswordsShutAnAccountForEverLongerUpToAnHour() {
        let now = Moment(seconds: 1_000_000)
        var lockout = Lockout()
        var waits: [Int?] = []
        for _ in 0..<14 {
            lockout = lockout.afterFailure(at: now)
            waits.append(lockout.secondsLeft(at: now))
        }
        #expect(waits == [nil, nil, nil, nil, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600])
        #expect(lockout.secondsLeft(at: now.adding(seconds: 3600)) == nil)
        // A clock that was set back shuts nobody out for longer.
        #expect(lockout.secondsLeft(at: now.adding(seconds: -86_400)) == 3600)
        #expect(Lockout(failures: .max - 1).afterFailure(at: now).secondsLeft(at: now) == 3600)
    }

    @Test(arguments: [
        ("Mara", "mara"), ("  mara@Shop.example ", "mara@shop.example"), ("", nil), (" ", nil), ("two words", nil),
        ("a\u{0}b", nil), (String(repeating: "a", count: 129), nil),
    ])
    func anAccountsNameIsOneWordInSmallLetters(given: String, name: String?) {
        #expect(Account.name(given) == name)
    }
}
