import Commerce
import Pipeline
import Testing

@testable import crossdock

@Suite("What could not be used, on a terminal and in JSON")
struct StatusTests {
    private static let report = RejectionReport(
        integration: "shop", kind: .product, externalID: "17", reason: "its price is no amount",
        at: Moment(seconds: 1_700_000_000))

    @Test func eachIsNamedWithItsReason() {
        #expect(Self.report.words == "product 17 of shop: its price is no amount")
        #expect(Self.report.json["reason"] == "its price is no amount")
        #expect(Self.report.json["id"] == "17" && Self.report.json["at"] == "2023-11-14T22:13:20Z")
    }

    @Test func oneWithoutANumberIsNamedWithoutOne() {
        var report = Self.report
        report.externalID = ""
        #expect(report.words == "product of shop: its price is no amount")
    }
}
