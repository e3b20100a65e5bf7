import ConnectorKit
import Testing

@testable import Newcomer

@Suite("Newcomer translator")
struct NewcomerTranslatorTests {
    @Test func aProductIsTranslated() throws {
        let draft = try NewcomerTranslator.product(["id": 7, "name": "Tea", "sku": "TEA-250"]).get()

        #expect(draft.externalID == "7")
        #expect(draft.naturalKey == "TEA-250")
        #expect(draft.parts[ProductPart.name] == "Tea")
    }

    @Test func aProductWithoutANameIsRejectedWithAReason() {
        #expect(throws: NewcomerTranslator.Refusal.self) { try NewcomerTranslator.product(["id": 7]).get() }
    }
}
