import ConnectorKit
import TestKit
import Testing

@testable import Custom

@Suite("Custom settings")
struct CustomSettingsTests {
    private let world = AnsweringTransport(status: 500, body: "")

    private func kinds(_ more: JSON) throws -> [RecordKind: KindCard] {
        let connector = try Bench.connector(world, more)
        return Dictionary(uniqueKeysWithValues: (connector.kinds ?? []).map { ($0.kind, $0) })
    }

    @Test func withoutAnAddressNothingIsWritten() throws {
        let connector = try Bench.connector(world)

        #expect(connector.targets.isEmpty && connector.sources.isEmpty)
        #expect(try kinds([:]).values.allSatisfy { !$0.projection.directions.values.contains(where: \.gives) })
    }

    @Test func recordsAreMadeThereOnlyWhereItIsSaid() throws {
        let url: JSON = ["url": "https://shop.example/hub"]

        #expect(try kinds(url)[.product]?.creation == nil)
        #expect(try kinds(url)[.product]?.projection.direction(of: "price") == .both)
        #expect(try kinds(["url": "https://shop.example/hub", "creates": "once"])[.product]?.creation == .blind)
        #expect(try kinds(["url": "https://shop.example/hub", "creates": "byReference"])[.product]?.creation == .keyed)
    }

    @Test func stockIsCountedByOneThingAlone() throws {
        #expect(try kinds([:])[.order]?.orderStock == nil)
        #expect(try kinds([:])[.product]?.projection.direction(of: "stock") == .take)
        let byOrders = try kinds(["stockFrom": "orders"])
        #expect(byOrders[.order]?.orderStock != nil)
        #expect(byOrders[.product]?.projection.direction(of: "stock") == Direction.none)
    }

    @Test(
        arguments: [
            (["eventSecret": .null], "eventSecret"), (["currency": "XX"], "currency"),
            (["creates": "once"], "creates"), (["url": "ftp://shop"], "url"), (["creates": "often"], "creates"),
            (["eventSecret": .null, "acceptAPIKey": true, "url": "https://shop.example/"], "callSecret"),
        ] as [(JSON, String)])
    func whatCannotWorkIsRefusedWithItsName(more: JSON, field: String) throws {
        let error = #expect(throws: SettingsError.self) { try Bench.connector(world, more) }

        #expect(error?.byField.map(\.field) == [field])
    }

    @Test func aKeyMayStandInForTheSecret() throws {
        #expect(throws: Never.self) { try Bench.connector(world, ["eventSecret": .null, "acceptAPIKey": true]) }
    }

    @Test func theOlderFormTakesSignaturesOverTheBody() throws {
        #expect(Custom.card.completed(["secret": "x"])["signatureForm"] == "body")
        #expect(Custom.card.completed(["signature_form": "timestamped"])["signatureForm"] == nil)
    }
}
