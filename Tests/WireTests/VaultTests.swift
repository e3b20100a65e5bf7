import Testing
import Wire

@Suite("The vault")
struct VaultTests {
    static let key = Array(UInt8(0)..<32)
    let vault = Vault(bytes: Self.key)
    let secret = Array("cs_invented".utf8)

    @Test func whatIsSealedOpensWithTheSameKeyAndContext() throws {
        for bytes: [UInt8] in [[], [0], secret, Array(repeating: 7, count: 10_000)] {
            #expect(try vault.open(vault.seal(bytes, context: "shop"), context: "shop") == bytes)
        }
    }

    @Test func itIsNotReadableAndNeverTheSameTwice() throws {
        let one = try vault.seal(secret, context: "shop")
        let other = try vault.seal(secret, context: "shop")

        #expect(one != other)
        #expect(!String(decoding: one, as: UTF8.self).contains("invented"))
    }

    @Test func aSealedValueCannotBeMovedToAnotherPlace() throws {
        let sealed = try vault.seal(secret, context: "shop")

        #expect(throws: Vault.Failure.damaged) { try vault.open(sealed, context: "other") }
    }

    @Test func aByteChangedOrMissingAnywhereIsNoticed() throws {
        let sealed = try vault.seal(secret, context: "shop")
        for place in sealed.indices {
            var changed = sealed
            changed[place] ^= 1
            #expect(throws: Vault.Failure.self, "byte \(place)") { try vault.open(changed, context: "shop") }
            #expect(throws: Vault.Failure.self, "cut at \(place)") {
                try vault.open(Array(sealed.prefix(place)), context: "shop")
            }
        }
    }

    @Test func anotherKeyIsNamedNotTried() throws {
        let other = Vault(bytes: Array(repeating: 9, count: 32))
        let sealed = try vault.seal(secret, context: "shop")

        #expect(throws: Vault.Failure.unknownKey(String(decoding: sealed[1..<9], as: UTF8.self))) {
            try other.open(sealed, context: "shop")
        }
    }

    @Test func aKeyMayBeGivenAsBytesHexOrBase64() throws {
        let sealed = try vault.seal(secret, context: "shop")
        for text in [Signature.hex(Self.key), Signature.hex(Self.key).uppercased(), Signature.base64(Self.key) + "\n"] {
            #expect(try Vault(key: text).open(sealed, context: "shop") == secret)
        }
        #expect(throws: Never.self) { try Vault(key: "thirty-two bytes, no hex, so raw") }
    }

    @Test(arguments: ["", "short", "zz", String(repeating: "a", count: 31), String(repeating: "ab", count: 33)])
    func anotherLengthIsRefused(text: String) {
        #expect(throws: Vault.Failure.badKey) { try Vault(key: text) }
    }
}
