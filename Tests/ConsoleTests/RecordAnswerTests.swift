import Commerce
import Ledger
import Pipeline
import Reconcile
import Testing
import Wire

@testable import Console

/// What the hub knows, over HTTP.
@Suite("Console: records")
struct RecordAnswerTests {
    /// A hub with products that changed one second after the other, one of them linked, and a customer.
    private func stage() async throws -> (stage: IntegrationStage, till: String) {
        let stage = try await IntegrationStage()
        let till = try await stage.till("Main Store")
        let side = try #require(try await stage.hub.known(till)).id
        let (hub, organization) = (stage.hub, stage.hub.organization)
        var records = (1...7).map { Self.record($0, .product, ["sku": .string("TEA-\($0)")]) }
        records[6].isDeleted = true
        records.append(Self.record(8, .customer, ["email": "zoe@person.example", "phone": "+94719998877"]))
        let made = records
        try await hub.store.write { session in
            let ledger = LedgerTable(session, organization: organization)
            try ledger.save(made)
            try ledger.save([
                HubLink(id: 90, record: 1003, integration: side, kind: .product, externalID: "77")
            ])
        }
        return (stage, till)
    }

    private static func record(_ number: Int, _ kind: RecordKind, _ parts: [String: JSON]) -> HubRecord {
        let at = IntegrationStage.start.adding(seconds: Double(number))
        var record = HubRecord(id: Int64(1000 + number), kind: kind, title: "Good <\(number)>", now: at)
        record.parts = parts.mapValues {
            HubPart(value: $0, origin: nil, changed: ChangeInterval(after: at, before: at))
        }
        return record
    }

    private func ids(_ answer: HTTPResponse) -> [Int] {
        (answer.json["data"]?.array ?? []).compactMap { $0["id"]?.integer }
    }

    @Test func aListIsReadPageByPage() async throws {
        let (stage, till) = try await stage()

        let first = try await stage.ask("GET", "/api/records?kind=product&limit=4", role: .viewer)
        let next = try #require(first.json["pagination"]?["next"]?.string, "\(first.text)")
        let second = try await stage.ask("GET", "/api/records?kind=product&limit=4&next=\(next)", role: .viewer)

        #expect(first.status == 200 && ids(first) == [1001, 1002, 1003, 1004])
        #expect(ids(second) == [1005, 1006] && second.json["pagination"] == ["limit": 4, "next": .null])
        let row = try #require(first.json["data"]?.array?[2])
        #expect(row["key"] == "tea-3" && row["title"] == "Good <3>" && row["deleted"] == false)
        #expect(
            row["links"] == [["integration": "Main Store", "integrationId": .string(till), "externalId": "77"]])
        await stage.close()
    }

    @Test(arguments: [
        ("kind=product&order=latest&limit=2", [1006, 1005]), ("kind=product&deleted=true", [1007]),
        ("kind=product&key=tea-2", [1002]), ("kind=product&key=%20TEA-2", [1002]), ("kind=product&key=tea", []),
        ("kind=product&prefix=TEA-", [1001, 1002, 1003, 1004, 1005, 1006]), ("kind=product&since=2027-01-16", []),
        ("kind=product&since=2027-01-15T08:00:05Z", [1005, 1006]),
        ("kind=product&since=2027-01-15&order=latest&limit=1", [1006]),
        ("kind=product&integration=Main%20Store", [1003]), ("kind=order&integration=Main%20Store", []),
        ("kind=product&integration=Main%20Store&externalId=77", [1003]),
        ("kind=product&integration=Main%20Store&externalId=7", []), ("kind=customer", [1008]),
    ])
    func aListIsNarrowed(query: String, wanted: [Int]) async throws {
        let (stage, _) = try await stage()
        let answer = try await stage.ask("GET", "/api/records?\(query)", role: .viewer)
        #expect(answer.status == 200 && ids(answer) == wanted, "\(answer.text)")
        await stage.close()
    }

    @Test(arguments: [
        "", "kind=", "kind=tea", "kind=product&kind=order", "kind=product&limit=0", "kind=product&limit=201",
        "kind=product&limit=", "kind=product&x=1", "kind=product&since=soon", "kind=product&since=",
        "kind=product&order=price", "kind=product&order=", "kind=product&deleted=1", "kind=product&deleted=",
        "kind=product&key=", "kind=product&key=%20", "kind=product&key=%00", "kind=product&prefix=",
        "kind=product&key=a&prefix=b", "kind=product&key=a&since=2027-01-15", "kind=product&prefix=a&order=latest",
        "kind=product&integration=", "kind=product&integration=none", "kind=product&externalId=7",
        "kind=product&integration=Main%20Store&externalId=", "kind=product&integration=Main%20Store&since=2027-01-15",
        "kind=product&integration=Main%20Store&deleted=true", "kind=customer&key=zoe@person.example",
        "kind=customer&prefix=zoe", "kind=product&next=", "kind=product&next=zz", "kind=product&next=63",
        "kind=product&next=7837", "kind=product&next=6b312e746561", "kind=product&next=ff",
    ])
    func whatMeansNothingIsRefusedInWords(query: String) async throws {
        let (stage, _) = try await stage()
        let answer = try await stage.ask("GET", "/api/records?\(query)", role: .viewer)
        #expect(answer.status == 400 && answer.code == "BAD_REQUEST", "\(answer.text)")
        #expect(answer.json["error"]?.string?.isEmpty == false)
        await stage.close()
    }

    @Test func oneRecordTellsItsPartsAndWhereTheyCameFrom() async throws {
        let (stage, _) = try await stage()

        let one = try await stage.ask("GET", "/api/records/1003", role: .viewer)

        #expect(one.status == 200 && one.json["data"]?["key"] == "tea-3", "\(one.text)")
        #expect(one.json["data"]?["parts"]?.array?.first?["value"] == "TEA-3")
        for id in ["1999", "none", "-1", "99999999999999999999"] {
            #expect(try await stage.ask("GET", "/api/records/\(id)").status == 404, "\(id)")
        }
        #expect(try await stage.ask("GET", "/api/records/1003", role: .integration).status == 403)
        await stage.close()
    }

    @Test func whatIsSomebodysOwnIsWithheldFromAdminsToo() async throws {
        let (stage, _) = try await stage()

        let list = try await stage.ask("GET", "/api/records?kind=customer")
        let one = try await stage.ask("GET", "/api/records/1008")

        #expect(list.json["data"]?.array?.first?["title"] == "customer 1008")
        #expect(list.json["data"]?.array?.first?["key"] == .null)
        #expect(one.json["data"]?["withheld"] == ["email", "phone"], "\(one.text)")
        for word in ["zoe", "9998877", "Good"] { #expect(!list.text.contains(word) && !one.text.contains(word)) }
        await stage.close()
    }

    /// Whoever compares two answers compares their bytes.
    @Test(arguments: ["?kind=product&limit=3", "?kind=order", "?kind=customer", "/1003", "/1008"])
    func whatIsWrittenPieceByPieceIsAsCanonicalAsAllElse(rest: String) async throws {
        let (stage, _) = try await stage()
        let answer = try await stage.ask("GET", "/api/records" + rest)

        #expect(answer.status == 200 && answer.text == answer.json.text)
        #expect(answer.headers["Content-Type"] == "application/json; charset=utf-8")
        await stage.close()
    }
}
