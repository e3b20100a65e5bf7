import Testing
import Wire

@Suite("Keys of persons")
struct PersonKeyTests {
    private let key = PersonKey(bytes: [UInt8](repeating: 5, count: 32))
    private let text = Array("42 Marigold Crescent".utf8)

    @Test func oneValueHasOneSealedFormAndIsOpenedInItsContextAlone() throws {
        let sealed = try key.seal(text, context: "value 1")

        #expect(try key.seal(text, context: "value 1") == sealed)
        #expect(try key.seal(text, context: "value 2") != sealed)
        #expect(try key.open(sealed, context: "value 1") == text)
        #expect(throws: Vault.Failure.damaged) { try key.open(sealed, context: "value 2") }
        let other = PersonKey(bytes: [UInt8](repeating: 6, count: 32))
        #expect(throws: Vault.Failure.damaged) { try other.open(sealed, context: "value 1") }
    }

    @Test func aSeedGivesEachPersonAnotherKey() {
        let seed = [UInt8](repeating: 9, count: 32)

        #expect(PersonKey.bytes(from: seed, for: 1) == PersonKey.bytes(from: seed, for: 1))
        #expect(PersonKey.bytes(from: seed, for: 1) != PersonKey.bytes(from: seed, for: 2))
        #expect(PersonKey.bytes(from: seed, for: 1).count == 32)
    }

    @Test func aKeyIsWrappedTheSameWayTwice() throws {
        let vault = Vault(bytes: [UInt8](repeating: 7, count: 32))

        let sealed = try vault.wrap(text, context: "person 1 17")

        #expect(try vault.wrap(text, context: "person 1 17") == sealed)
        #expect(try vault.open(sealed, context: "person 1 17") == text)
        #expect(throws: Vault.Failure.damaged) { try vault.open(sealed, context: "person 1 18") }
    }
}
