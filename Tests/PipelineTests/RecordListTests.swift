import Pipeline
import Reconcile
import Store
import TestStores
import Testing

@testable import Ledger

/// Lists of what the hub knows.
@Suite("Lists of records")
struct RecordListTests {
    private static let start = World.start

    /// A hub with products that changed one second after the other, of which each tenth was deleted.
    private func hub(_ count: Int = 30) async throws -> (World, Hub) {
        let world = try World()
        let hub = try world.hub()
        let organization = hub.organization
        let records = (1...count).map { number in
            var record = HubRecord(id: Int64(1000 + number), kind: .product, title: "Good \(number)", now: Self.start)
            record.parts["sku"] = HubPart(
                value: .string("SKU-\(number)"), origin: nil,
                changed: ChangeInterval(after: Self.start, before: Self.start))
            record.isDeleted = number.isMultiple(of: 10)
            record.updatedAt = Self.start.adding(seconds: Double(number))
            return record
        }
        try await hub.store.write { try LedgerTable($0, organization: organization).save(records) }
        return (world, hub)
    }

    /// What is written, read again.
    private static func told(_ write: (inout JSONText) -> Void) throws -> JSON {
        var text = JSONText()
        write(&text)
        return try JSON(parsing: text.bytes)
    }

    private func all(_ hub: Hub, _ filter: RecordFilter, limit: Int) async throws -> [Int64] {
        var (ids, place): ([Int64], RecordPlace?) = ([], nil)
        repeat {
            let page = try await hub.records(filter, after: place, limit: limit)
            ids += page.views.map(\.line.id)
            place = page.next
        } while place != nil
        return ids
    }

    @Test(arguments: [1, 4, 9, 27, 200])
    func pagesTogetherAreAllThatIsThereEachOnce(limit: Int) async throws {
        let (_, hub) = try await hub()
        let there = (1001...1030).filter { !$0.isMultiple(of: 10) }.map(Int64.init)

        #expect(try await all(hub, RecordFilter(.product), limit: limit) == there)
        let latest = RecordFilter(.product, .changed(isLatestFirst: true))
        #expect(try await all(hub, latest, limit: limit) == there.reversed())
        #expect(try await all(hub, RecordFilter(.product, isDeleted: true), limit: limit) == [1010, 1020, 1030])
        let since = Self.start.adding(seconds: 25)
        #expect(try await all(hub, RecordFilter(.product, .changed(since: since)), limit: limit).first == 1025)
        let lately = RecordFilter(.product, .changed(since: since, isLatestFirst: true))
        #expect(try await all(hub, lately, limit: limit) == [1029, 1028, 1027, 1026, 1025])
        #expect(try await all(hub, RecordFilter(.order), limit: limit).isEmpty)
    }

    /// Nobody who reads on misses what changes meanwhile: it comes once more, at the end.
    @Test func whatChangesWhileSomebodyReadsComesOnceMore() async throws {
        let (_, hub) = try await hub(9)
        let organization = hub.organization
        let first = try await hub.records(RecordFilter(.product), after: nil, limit: 4)
        try await hub.store.write { session in
            let ledger = LedgerTable(session, organization: organization)
            var record = try #require(try ledger.records([1002]).first)
            record.updatedAt = Self.start.adding(seconds: 60)
            try ledger.save([record])
        }
        let rest = try await hub.records(RecordFilter(.product), after: first.next, limit: 50)

        #expect(rest.views.map(\.line.id) == [1005, 1006, 1007, 1008, 1009, 1002])
    }

    @Test func aKeyIsFoundWholeAndByItsBeginning() async throws {
        let (_, hub) = try await hub()

        #expect(try await all(hub, RecordFilter(.product, .key("sku-7")), limit: 10) == [1007])
        let begun = RecordFilter(.product, .keyPrefix("sku-2"))
        for limit in [1, 3, 50] {
            #expect(
                try await all(hub, begun, limit: limit) == [1002, 1021, 1022, 1023, 1024, 1025, 1026, 1027, 1028, 1029])
        }
        #expect(try await all(hub, RecordFilter(.product, .keyPrefix("sku-20")), limit: 10).isEmpty)
        #expect(try await all(hub, RecordFilter(.product, .key("SKU-20"), isDeleted: true), limit: 10).isEmpty)
        #expect(try await all(hub, RecordFilter(.product, .key("sku-20"), isDeleted: true), limit: 10) == [1020])
    }

    @Test func whatAnIntegrationHasIsListedByItsIdsThere() async throws {
        let world = try World()
        world.openShop("north", products: 12, customers: 3, orders: 3)
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        _ = try await hub.pull(shop)
        try await world.settle(hub)

        let everything = try await hub.records(RecordFilter(.product), after: nil, limit: 200).views
        let there = try await all(hub, RecordFilter(.product, .linked(to: shop.name)), limit: 5)
        #expect(there.count == everything.count && Set(there) == Set(everything.map(\.line.id)))
        let one = try #require(everything.first)
        let link = try #require(one.links.first)
        #expect(link.integration == "north" && link.integrationID == shop.publicID && one.links.count == 1)
        let exact = RecordFilter(.product, .linked(to: shop.name, externalID: link.externalID))
        #expect(try await all(hub, exact, limit: 5) == [one.line.id])
        let strange = RecordFilter(.product, .linked(to: shop.publicID, externalID: "no such"))
        #expect(try await all(hub, strange, limit: 5).isEmpty)
        await #expect(throws: UnknownIntegration(word: "south")) {
            _ = try await all(hub, RecordFilter(.product, .linked(to: "south")), limit: 5)
        }

        let story = try Self.told(try #require(try await hub.record(one.line.id)).write)
        #expect(story["parts"]?.array?.contains { $0["part"] == "name" && $0["origin"] == "north" } == true)
        #expect(story["withheld"] == [] && story["title"] == .string(one.line.title))
        #expect(try await hub.record(1) == nil)
    }

    /// Who may see the pages may list everything; what is somebody's own is told by the export alone, which is audited.
    @Test(arguments: [true, false])
    func nothingThatIsSomebodysOwnIsListedOrShown(isSealed: Bool) async throws {
        let scene = try await PersonScene(isSealed: isSealed)
        var (told, withheld): (String, Set<String>) = ("", [])
        for kind in RecordKind.allCases {
            let page = try await scene.hub.records(RecordFilter(kind), after: nil, limit: 200)
            for view in page.views { told += try Self.told(view.write).text }
            for view in page.views {
                let story = try Self.told(try #require(try await scene.hub.record(view.line.id)).write)
                told += story.text
                withheld.formUnion((story["withheld"]?.array ?? []).compactMap(\.string))
            }
        }

        #expect(told.contains("\"order\"") && told.contains("\"customer\""))
        #expect(withheld.isSuperset(of: ["email", "name", "content"]))
        for word in PersonScene.own + PersonScene.guests {
            #expect(!told.lowercased().contains(word.lowercased()), "\(word)")
        }
    }

    // MARK: How the store goes about it

    private static let ways: [(RecordFilter.Way, RecordPlace?, String)] = [
        (.changed(), nil, "record_changed"),
        (.changed(), .changed(at: start.adding(seconds: 9000), id: 20_000), "record_changed"),
        (.changed(since: start), nil, "record_changed"), (.changed(isLatestFirst: true), nil, "record_changed"),
        (
            .changed(since: start, isLatestFirst: true), .changed(at: start.adding(seconds: 9000), id: 20_000),
            "record_changed"
        ),
        (.key("sku-7"), nil, "record_natural_key"), (.keyPrefix("sku-7"), nil, "record_natural_key"),
        (.keyPrefix("sku-7"), .key("sku-700", id: 1), "record_natural_key"),
        (.linked(to: "7"), nil, "link"), (.linked(to: "7"), .externalID("5"), "link"),
        (.linked(to: "7", externalID: "5"), nil, "link"),
    ]

    /// Of twenty thousand no list sorts or walks them all; equal keys alone are put in order.
    @Test func everyListGoesByAnIndex() async throws {
        let world = try World()
        let hub = try world.hub()
        let organization = hub.organization
        let isServer = world.place.isPostgres
        try await fill(world.place, organization)
        for (way, place, index) in Self.ways {
            let plan = try await plan(world.place, organization, way, place)
            let words = plan.joined(separator: "\n")
            #expect(words.contains(index), "\(way): \(words)")
            #expect(!words.contains(isServer ? "Seq Scan" : "SCAN"), "\(way): \(words)")
            guard index != "record_natural_key" else { continue }
            #expect(!words.contains(isServer ? "Sort" : "TEMP B-TREE"), "\(way): \(words)")
        }
    }

    /// Who merges a page looks for keys of what is there; without statistics an index of the lists was taken once.
    @Test func theSearchForKeysGoesByKeysStill() async throws {
        let world = try World()
        let hub = try world.hub()
        guard hub.store.dialect == .sqlite else { return }
        let plan = try await hub.store.read {
            try $0.rows(
                """
                EXPLAIN QUERY PLAN SELECT natural_key, id FROM record WHERE organization_id = ?1 AND kind = ?2
                    AND natural_key IN {3} AND is_deleted = 0
                """, [.integer(1), .text("product"), .keys(["sku-1"])]
            ).map { $0.text(3) }
        }
        #expect(plan.contains { $0.contains("record_natural_key") }, "\(plan)")
    }

    private func fill(_ place: TestStore.Place, _ organization: Int64) async throws {
        let store = try place.open(Hub.migrations)
        let numbers = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)"
        try await store.write { session in
            for kind in ["product", "order"] {
                let base = kind == "product" ? 0 : 20_000
                try session.run(
                    """
                    INSERT INTO record (organization_id, id, kind, natural_key, title, parts, created_at, updated_at)
                    \(numbers) SELECT \(organization), n + \(base), '\(kind)', 'sku-' || n, 'Good', '{}', 0,
                        \(Self.start.milliseconds) + 1000 * n FROM n
                    """, [])
                try session.run(
                    """
                    INSERT INTO link (organization_id, id, record_id, integration_id, kind, role, external_id, parts)
                    \(numbers) SELECT \(organization), n + \(base), n + \(base), 7, '\(kind)', 'record',
                        CAST(n AS text), '{}' FROM n
                    """, [])
            }
            if place.isPostgres { for table in ["record", "link"] { try session.run("ANALYZE \(table)", []) } }
        }
        await store.close()
    }

    private func plan(
        _ place: TestStore.Place, _ organization: Int64, _ way: RecordFilter.Way, _ from: RecordPlace?
    ) async throws -> [String] {
        let store = try place.open(Hub.migrations)
        let lines = try await store.read { session -> [String] in
            var (sql, values) = LedgerTable.statement(
                RecordFilter(.product, way), organization, after: from, limit: 51)
            if case .linked(let side, let id) = way {
                (sql, values) = LedgerTable.linkStatement(
                    .product, try #require(Int64(side)), id, organization, after: from, limit: 51)
            }
            guard place.isPostgres else {
                return try session.rows("EXPLAIN QUERY PLAN " + sql, values).map { $0.text(3) }
            }
            return try session.rows("EXPLAIN " + Self.plain(sql, values), []).map { $0.text(0) }
        }
        await store.close()
        return lines
    }

    private static func plain(_ sql: String, _ values: [SQLValue]) -> String {
        values.enumerated().reversed().reduce(sql) { sql, value in
            let word =
                switch value.element {
                case .integer(let number): number == .min ? "-9223372036854775807" : "\(number)"
                case .text(let text): "'\(text)'"
                default: "NULL"
                }
            return sql.replacing("?\(value.offset + 1)", with: word)
        }
    }
}
