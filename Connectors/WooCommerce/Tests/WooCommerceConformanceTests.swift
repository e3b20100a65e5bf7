import ConnectorKit
import TestKit
import Testing

@testable import WooCommerce

@Suite("WooCommerce keeps what every connector keeps")
struct WooCommerceConformanceTests {
    private let suite = ConnectorConformance { try Bench.connector($0) }
    private static let kinds: [RecordKind] = [.category, .product, .variant, .customer, .order]

    private func shop() -> TinyShop {
        let stamps = (1...23).map { Moment(seconds: 1_794_000_000).adding(seconds: Double($0 / 4)).naive }
        let variable = Sample.product(40, ["type": "variable", "variations": [41, 42]])
        return TinyShop([
            "products": stamps.enumerated().map { Sample.product($0 + 1, modified: $1) } + [variable],
            "products/categories": (1...23).map { Sample.category($0) },
            "products/40/variations": [Sample.variation(41, of: 40), Sample.variation(42, of: 40)],
            "customers": (1...23).map { Sample.customer($0) },
            "orders": stamps.enumerated().map { Sample.order($0 + 1, modified: $1) },
        ])
    }

    private func ids(_ kind: RecordKind) -> Set<String> {
        switch kind {
        case .variant: ["40/41", "40/42"]
        case .product: Set((1...23).map(String.init) + ["40"])
        default: Set((1...23).map(String.init))
        }
    }

    @Test(arguments: kinds) func pagingEndsAndNeverRepeats(kind: RecordKind) async {
        #expect(await suite.pagingEndsAndNeverRepeats(kind, limit: 5, expected: ids(kind), in: shop()) == [])
    }

    @Test(arguments: [RecordKind.category, .product, .customer, .order])
    func aSavedPositionResumes(kind: RecordKind) async {
        #expect(await suite.aSavedPositionResumes(kind, limit: 5, in: shop()) == [])
    }

    @Test(arguments: [RecordKind.product, .order]) func aSavedCursorGivesLittle(kind: RecordKind) async {
        #expect(await suite.aSavedCursorGivesLittle(kind, limit: 5, atMost: 12, in: shop()) == [])
    }

    @Test(arguments: kinds) func theSamePayloadGivesTheSameRecord(kind: RecordKind) async {
        #expect(await suite.theSamePayloadGivesTheSameRecord(kind, in: shop()) == [])
    }

    @Test(arguments: kinds) func aFetchAgreesWithThePage(kind: RecordKind) async {
        #expect(await suite.aFetchAgreesWithThePage(kind, in: shop()) == [])
    }

    @Test(arguments: kinds) func troubleWhileReadingBecomesTheRightFailure(kind: RecordKind) async {
        #expect(await suite.troubleWhileReadingBecomesTheRightFailure(kind) == [])
    }

    @Test(arguments: kinds) func noSecretIsInAFailure(kind: RecordKind) async {
        #expect(await suite.noSecretIsInAFailure(["ck_invented", "cs_invented", Bench.webhookSecret], kind) == [])
    }

    private func change(_ kind: RecordKind) -> WriteRequest {
        var changes = Parts()
        switch kind {
        case .category: changes[CategoryPart.name] = "Renamed"
        case .product, .variant: changes[ProductPart.price] = Price(regular: Bench.lkr("99"), currency: .lkr)
        case .customer: changes[CustomerPart.email] = "changed@mail.test"
        default: changes[OrderPart.state] = .onHold
        }
        return WriteRequest(
            kind: kind, reference: "o1/r1", externalID: kind == .variant ? "40/41" : "7", changes: changes, title: "x")
    }

    @Test(arguments: kinds) func troubleWhileWritingBecomesTheRightFailure(kind: RecordKind) async {
        #expect(await suite.troubleWhileWritingBecomesTheRightFailure(change(kind)) == [])
    }

    @Test(arguments: kinds) func aWriteOfOnePartLeavesTheOthers(kind: RecordKind) async {
        #expect(await suite.aWriteOfOnePartLeavesTheOthers(change(kind), in: shop()) == [])
    }

    @Test(arguments: [RecordKind.product, .customer])
    func aSecondCreateMakesNoSecondThing(kind: RecordKind) async {
        var changes = Parts()
        if kind == .product {
            changes[ProductPart.name] = "Cardamom"
            changes[ProductPart.sku] = "CARD-1"
        } else {
            changes[CustomerPart.email] = "second@mail.test"
        }
        let request = WriteRequest(
            kind: kind, reference: "o1/r9", naturalKey: kind == .product ? "card-1" : "second@mail.test",
            changes: changes, record: changes, title: "x")

        #expect(await suite.aSecondCreateMakesNoSecondThing(request, in: shop()) == [])
    }

    /// Every part of a product that can be given survives the way out and back.
    @Test func aRecordComesBackAsItWasSent() async throws {
        let shop = TinyShop([:])
        var changes = try Bench.translator().product(Sample.product(7), .lkr).parts
        for part in ["tags", "images", "categories", "barcode"] { changes[part] = Optional<JSON>.none }
        changes[ProductPart.options] = [ProductOption(name: "Grind", values: ["fine"], isForVariants: false)]
        changes[ProductPart.dimensions] = Dimensions(length: ExactDecimal(1), width: nil, height: nil, unit: "cm")
        let request = WriteRequest(
            kind: .product, reference: "o1/r9", naturalKey: "cin-7", changes: changes, record: changes, title: "x")
        let results = try await Bench.target(.product, shop).write([request])
        guard case .written(let written)? = results.first, let answer = written.answer else {
            throw Recording.Unusable(description: "\(results)")
        }

        for (part, value) in changes.values { #expect(answer.parts[part] == value, "\(part)") }
    }
}

/// The suite is worth something only if it finds what is wrong: a source that repeats itself, forgets its place, loses
/// a record, and answers every trouble alike.
@Suite("The conformance suite finds what is wrong")
struct ConformanceFindingTests {
    private struct Faulty: RecordSource {
        var isEndless = false

        func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
            let one = Draft(kind: .product, externalID: "1")
            return Page(drafts: [one], next: request.position == nil || isEndless ? "again" : nil)
        }

        func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] { ids.map { .gone($0) } }

        func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? { nil }
    }

    private struct Silent: ConnectionCheck {
        func check() async throws(ConnectorFailure) -> String { "" }
    }

    private func suite(_ source: Faulty = Faulty()) -> ConnectorConformance {
        ConnectorConformance { _ in Connector(sources: [.product: source], check: Silent()) }
    }

    private let world = AnsweringTransport(status: 200, body: "[]")

    @Test func aRepeatedAndAMissingRecordAreFound() async {
        let found = await suite().pagingEndsAndNeverRepeats(.product, limit: 1, expected: ["1", "2"], in: world)

        #expect(found.map(\.description) == ["given more than once: 1", "never given: 2"])
    }

    @Test func pagingWithoutEndIsFound() async {
        let suite = suite(Faulty(isEndless: true))
        let found = await suite.pagingEndsAndNeverRepeats(.product, limit: 1, expected: [], in: world)

        #expect(found.first?.description == "paging product does not end")
    }

    @Test func aMissingCursorADeafFetchAndUnnoticedTroubleAreFound() async {
        #expect(await suite().aSavedCursorGivesLittle(.product, limit: 1, atMost: 0, in: world).count == 1)
        #expect(await suite().aFetchAgreesWithThePage(.product, in: world).count == 2)
        #expect(await suite().troubleWhileReadingBecomesTheRightFailure(.product).count == 9)
        #expect(await suite().troubleWhileReadingBecomesTheRightFailure(.order) == [])
    }

    @Test func aWorldThatIsAskedOtherwiseThanRecordedSaysSo() async throws {
        let shop = try RecordedTransport("products-adopted", in: Bench.recordings)
        _ = try? await shop.send(HTTPRequest("GET", HTTPAddress(scheme: "https", host: "shop.test", path: "/other")))

        #expect(await shop.leftovers == ["asked: GET /other? ", "unused: GET /wp-json/wc/v3/products/11?context=edit"])
    }
}
