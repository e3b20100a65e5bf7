import ConnectorKit
import Foundation
import Testing

@testable import Newcomer

/// What is to be written next. Each test fails until its step is done; delete this file when all are.
@Suite("Newcomer: the next steps")
struct NewcomerNextStepTests {
    static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    static let folder = tests.deletingLastPathComponent()

    private func text(_ path: String) -> String {
        (try? String(contentsOf: Self.folder.appending(path: path), encoding: .utf8)) ?? ""
    }

    private func recordings() -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: Self.tests.appending(path: "Recordings").path)
        return (names ?? []).filter { $0.hasSuffix(".json") }
    }

    @Test func step1TheReadmeSaysWhatTheVendorOffers() {
        #expect(
            !text("README.md").contains("..."),
            "Next: read the vendor's pages and fill every gap (three dots) in Connectors/Newcomer/README.md.")
    }

    @Test func step2APageIsRecorded() {
        #expect(
            recordings().contains { $0.hasPrefix("products-") },
            "Next: put a first page into Tests/Recordings/products-page-1-of-2.json, with invented names in it."
        )
    }

    @Test func step3EveryFailureIsRecorded() {
        for name in ["401", "429", "503"] {
            #expect(
                recordings().contains("products-\(name).json"),
                "Next: record or write products-\(name).json, and what ConnectorFailure it must become.")
        }
    }

    @Test func step4TheFourCasesOfProductsAreTested() {
        let file = "Tests/NewcomerProductsTests.swift"
        #expect(
            text(file).contains("aPageIsTranslatedAndTheCursorPointsAtTheNext")
                && text(file).contains("aVendorErrorBecomesAFailureTheHubUnderstands"),
            "Next: write \(file) with the four cases of CONTRIBUTING.md: asked, understood, rejected, failed.")
    }

    @Test func step5AMissingSettingIsSaid() {
        #expect(
            text("Tests/NewcomerSettingsTests.swift").contains("@Test"),
            "Next: write Tests/NewcomerSettingsTests.swift: good settings, a wrong type, a missing secret.")
    }

    @Test func step6TheSharedSuiteIsRun() {
        #expect(
            text("Tests/NewcomerConformanceTests.swift").contains("ConnectorConformance"),
            "Next: write Tests/NewcomerConformanceTests.swift, which asks TestKit's ConnectorConformance everything.")
    }

    @Test func step7TheMerchantIsTold() {
        let page = "../../docs/connectors/newcomer.md"
        #expect(
            !text(page).isEmpty,
            "Next: write docs/connectors/newcomer.md: the keys, the rights, the address to give the vendor."
        )
    }
}
