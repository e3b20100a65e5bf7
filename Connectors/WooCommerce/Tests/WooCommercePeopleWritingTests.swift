import ConnectorKit
import TestKit
import Testing

@testable import WooCommerce

@Suite("WooCommerce writing of customers, categories and orders")
struct WooCommercePeopleWritingTests {
    private func request(_ kind: RecordKind, id: String? = nil, key: String? = nil, _ changes: Parts) -> WriteRequest {
        WriteRequest(
            kind: kind, reference: "o1/r5", externalID: id, naturalKey: key, changes: changes, record: changes,
            title: "Buyer")
    }

    private func parts(_ change: (inout Parts) -> Void) -> Parts {
        var parts = Parts()
        change(&parts)
        return parts
    }

    private func entry(_ shop: TinyShop, _ list: String) async -> JSON? {
        let posts = await shop.asked.filter { $0.method == "POST" }
        return posts.last.flatMap { try? JSON(parsing: $0.body) }?[list]?[0]
    }

    @Test func aPhoneIsWrittenWithoutTouchingTheAddress() async throws {
        let shop = TinyShop(["customers": [Sample.customer(2)]])
        _ = try await Bench.target(.customer, shop).write([
            request(.customer, id: "2", parts { $0[CustomerPart.phone] = "+94 7" })
        ])

        #expect(await entry(shop, "update") == ["id": 2, "billing": ["phone": "+94 7"]])
        #expect(await shop.record("customers", 2)?["billing"]?["address_1"] == "1 Lake Road")
    }

    @Test func anAddressIsWrittenWithoutTouchingThePhone() async throws {
        let shop = TinyShop(["customers": [Sample.customer(2)]])
        let address = Address(name: "Nimali de Silva", line1: "2 Hill Street", city: "Galle")
        _ = try await Bench.target(.customer, shop).write([
            request(.customer, id: "2", parts { $0[CustomerPart.billing] = address })
        ])
        let billing = await entry(shop, "update")?["billing"]

        #expect(billing?["address_1"] == "2 Hill Street" && billing?["phone"] == nil && billing?["company"] == nil)
        #expect(billing?["first_name"] == "Nimali de" && billing?["last_name"] == "Silva")
    }

    @Test func aNewCustomerGetsAPasswordNobodyKnowsAndOurReference() async throws {
        let shop = TinyShop([:])
        let changes = parts {
            $0[CustomerPart.email] = "new@mail.test"
            $0[CustomerPart.name] = PersonName(first: "New", last: "Buyer")
        }
        let results = try await Bench.target(.customer, shop).write([request(.customer, changes)])
        let body = await entry(shop, "create")

        #expect(body?["password"]?.string?.count == 2 * CustomerTarget.passwordBytes)
        #expect(body?["meta_data"]?[0]?["value"] == "o1/r5")
        guard case .written(let written)? = results.first else { throw Recording.Unusable(description: "\(results)") }
        #expect(written.answer?.reference == "o1/r5" && !written.isAdopted)
    }

    @Test func aCustomerWithoutEMailWaitsForAPerson() async throws {
        let shop = TinyShop([:])
        let name = parts { $0[CustomerPart.name] = PersonName(first: "No", last: "Mail") }
        let results = try await Bench.target(.customer, shop).write([request(.customer, name)])

        guard case .held(let reason)? = results.first else { throw Recording.Unusable(description: "\(results)") }
        #expect(reason.contains("e-mail"))
        #expect(await shop.asked.isEmpty)
    }

    @Test func aTakenEMailIsAdoptedWhenItNamesOne() async throws {
        let shop = TinyShop(["customers": [Sample.customer(2)]])
        let mail = parts { $0[CustomerPart.email] = "buyer2@mail.test" }
        let results = try await Bench.target(.customer, shop).write([request(.customer, key: "buyer2@mail.test", mail)])

        guard case .written(let written)? = results.first else { throw Recording.Unusable(description: "\(results)") }
        #expect(written.externalID == "2" && written.isAdopted)
    }

    /// Recorded: six creates at once made two customers of one e-mail. Which of them is meant is nobody's guess.
    @Test func aTakenEMailThatNamesTwoIsForAPerson() async throws {
        let world = AnsweringTransport { request async throws(TransportFailure) in
            guard request.method == "POST" else {
                let twins = [1, 2].map { Sample.customer($0, ["email": "twin@mail.test"]) }
                return .json(JSON.array(twins))
            }
            let error: JSON = ["code": "existing_user_login", "message": "taken"]
            return .json(JSON.object(["create": [["id": 0, "error": error]]]))
        }
        let mail = parts { $0[CustomerPart.email] = "twin@mail.test" }
        let target = try Bench.target(.customer, world)
        let results = try await target.write([request(.customer, key: "twin@mail.test", mail)])

        guard case .failed(let failure)? = results.first else { throw Recording.Unusable(description: "\(results)") }
        #expect(failure.errorClass == "refused:existing_user_login")
        #expect(try await target.find(request(.customer, key: "twin@mail.test", mail)).count == 2)
    }

    @Test func aGuestIsNotWrittenNorGivenAnAccount() async throws {
        let shop = TinyShop(["customers": [Sample.customer(2)]])
        let phone = parts { $0[CustomerPart.phone] = "1" }
        let elsewhere = parts {
            $0[CustomerPart.isGuest] = true
            $0[CustomerPart.email] = "guest@mail.test"
        }
        let results = try await Bench.target(.customer, shop).write([
            request(.customer, id: "guest/44", phone), request(.customer, id: "2", phone),
            request(.customer, elsewhere),
        ])

        guard case .skipped(let own) = results[0], case .written = results[1], case .skipped = results[2] else {
            throw Recording.Unusable(description: "\(results)")
        }
        #expect(own.contains("order 44"))
        #expect(await shop.count("customers") == 1)
    }

    @Test func aCategoryIsWrittenUnderItsParent() async throws {
        let shop = TinyShop(["products/categories": [Sample.category(4)]])
        let changes = parts {
            $0[CategoryPart.name] = "Whole spices"
            $0[CategoryPart.parent] = .external(.category, "3")
        }
        _ = try await Bench.target(.category, shop).write([request(.category, id: "4", changes)])

        #expect(await entry(shop, "update") == ["id": 4, "name": "Whole spices", "parent": 3])
    }

    @Test func aCategoryThatExistsIsAdopted() async throws {
        let world = AnsweringTransport { request async throws(TransportFailure) in
            guard request.method == "POST" else { return .json(Sample.category(30)) }
            let error: JSON = ["code": "term_exists", "message": "exists", "data": ["resource_id": 30]]
            return .json(JSON.object(["create": [["id": 0, "error": error]]]))
        }
        let results = try await Bench.target(.category, world).write([
            request(.category, parts { $0[CategoryPart.name] = "Spices 30" })
        ])

        guard case .written(let written)? = results.first else { throw Recording.Unusable(description: "\(results)") }
        #expect(written.externalID == "30" && written.isAdopted)
    }

    @Test func anOrdersStatusIsWrittenAndNothingElse() async throws {
        let shop = TinyShop(["orders": [Sample.order(43)]])
        let target = try Bench.target(.order, shop)
        let done = try await target.write([request(.order, id: "43", parts { $0[OrderPart.state] = .completed })])

        #expect(await entry(shop, "update") == ["id": 43, "status": "completed"])
        guard case .written(let written)? = done.first else { throw Recording.Unusable(description: "\(done)") }
        #expect(written.answer?.parts[OrderPart.state] == .completed)
        #expect(written.answer?.parts["refunds"] == nil)
    }

    @Test func whatWasOrderedIsNeverWritten() async throws {
        let shop = TinyShop(["orders": [Sample.order(43)]])
        let target = try Bench.target(.order, shop)
        let content = try Bench.translator().order(Sample.order(43), refunds: []).parts
        let results = try await target.write([
            request(.order, id: "43", content), request(.order, content),
            request(.order, id: "43", parts { $0[OrderPart.state] = .draft }),
        ])

        for result in results { if case .written = result { Issue.record("\(result)") } }
        #expect(await shop.asked.isEmpty)
    }
}
