import ConnectorKit
import Foundation
import GnuCashBook
import Testing

@testable import GnuCash

@Suite("GnuCash customers")
struct GnuCashCustomersTests {
    private func request(_ reference: String, _ parts: Parts, id: String? = nil) -> WriteRequest {
        WriteRequest(
            kind: .customer, reference: reference, externalID: id,
            naturalKey: parts[CustomerPart.email]?.lowercased(), changes: parts, record: parts, title: reference)
    }

    private var ada: Parts {
        var parts = Parts()
        parts[CustomerPart.name] = PersonName(first: "Ada", last: "Silva")
        parts[CustomerPart.company] = "Silva & Töchter <GmbH>"
        parts[CustomerPart.email] = "ada@buyer.example"
        parts[CustomerPart.phone] = "+94 11 555 0100"
        parts[CustomerPart.billing] = Address(
            name: "Ada Silva", line1: "12 Lake Road", line2: "Floor 2", city: "Kandy", region: "Central",
            postcode: "20000", country: "LK")
        parts[CustomerPart.notes] = "leave at the door"
        return parts
    }

    @Test(arguments: CornerShop.forms)
    func aCustomerIsWrittenWithNumberAddressAndOurReference(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }

        let written = try await shop.written(shop.connector(), .customer, request("hub/customer/9", ada))

        let customer = try #require(try shop.book.customers.first)
        #expect(customer.guid.description == written.externalID)
        #expect(customer.id == "XD-000001")
        #expect(customer.name == "Silva & Töchter <GmbH>")
        #expect(customer.address.name == "Ada Silva")
        #expect(customer.address.lines == ["12 Lake Road", "Floor 2", "Kandy, Central 20000", "LK"])
        #expect(customer.address.phone == "+94 11 555 0100")
        #expect(customer.notes == "leave at the door")
        #expect(customer.currency == .currency("EUR"))
        #expect(customer.slots.own[OwnSlot.customer]?.text == "hub/customer/9")
    }

    @Test func whatIsReadBackIsWhatWasWrittenInNormalForm() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        let target = try #require(connector.targets[.customer])

        let written = try await shop.written(connector, .customer, request("hub/customer/9", ada))
        let found = try await connector.sources[.customer]?.fetch([written.externalID])

        guard case .found(let draft)? = found?.first else { throw CornerShop.Unexpected(what: "\(found ?? [])") }
        #expect(draft == written.answer)
        for (part, value) in ada.values {
            let shown = target.normalForm(of: part, draft.parts[part] ?? .null)
            #expect(shown == target.normalForm(of: part, value), "\(part)")
        }
    }

    @Test func aRepeatAfterALostAnswerMakesNoSecondCustomer() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        let first = try await shop.written(connector, .customer, request("hub/customer/9", ada))
        var changed = ada
        changed[CustomerPart.phone] = "+94 11 555 0199"

        let second = try await shop.written(shop.connector(), .customer, request("hub/customer/9", changed))

        #expect(second.externalID == first.externalID)
        #expect(try shop.book.customers.count == 1)
        #expect(try shop.book.customers.first?.address.phone == "+94 11 555 0199")
    }

    @Test func anUpdateOfOneFieldLeavesTheOthers() async throws {
        let shop = try CornerShop(.sqlite)
        defer { shop.close() }
        let connector = try shop.connector()
        let written = try await shop.written(connector, .customer, request("hub/customer/9", ada))
        let before = try #require(try shop.book.customers.first)
        var changes = Parts()
        changes[CustomerPart.email] = "silva@buyer.example"

        _ = try await shop.written(connector, .customer, request("hub/customer/9", changes, id: written.externalID))

        var expected = before
        expected.address.email = "silva@buyer.example"
        #expect(try shop.book.customers == [expected])
    }

    @Test func anUpdateThatChangesNothingDoesNotTouchTheFile() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        let written = try await shop.written(connector, .customer, request("hub/customer/9", ada))
        let before = try Data(contentsOf: URL(filePath: shop.path))

        _ = try await shop.written(connector, .customer, request("hub/customer/9", ada, id: written.externalID))

        #expect(try Data(contentsOf: URL(filePath: shop.path)) == before)
    }

    @Test func aCustomerWithoutNameOrEmailIsCalledByItsNumber() async throws {
        let shop = try CornerShop()
        defer { shop.close() }

        let written = try await shop.written(shop.connector(), .customer, request("hub/customer/9", Parts()))

        #expect(try shop.book.customers.first?.name == "Customer XD-000001")
        #expect(written.answer?.parts[CustomerPart.name.shape.name] == .null)
    }

    @Test func oneBadEntryDoesNotStopTheOthers() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let target = try #require(try shop.connector().targets[.customer])

        let results = try await target.write([
            request("hub/customer/1", ada), request("hub/customer/2", ada, id: "00000000000000000000000000000000"),
            request("hub/customer/3", ada),
        ])

        #expect(try shop.book.customers.map(\.id) == ["XD-000001", "XD-000002"])
        guard case .failed(.gone) = results[1] else { throw CornerShop.Unexpected(what: "\(results[1])") }
    }

    @Test func withoutAutoCreateACustomerWaitsForAPerson() async throws {
        let shop = try CornerShop()
        defer { shop.close() }

        let result = try await shop.result(
            shop.connector(["auto_create_customers": false]), .customer, request("hub/customer/9", ada))

        guard case .held(let reason) = result else { throw CornerShop.Unexpected(what: "\(result)") }
        #expect(reason.contains("auto_create_customers"))
        #expect(try shop.book.customers.isEmpty)
    }

    @Test func aCustomerMadeInGnuCashIsFoundByItsEmail() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        let target = try #require(connector.targets[.customer])
        let ours = try await shop.written(connector, .customer, request("hub/customer/2", ada))
        let file = try BookFile.open(shop.path)
        var person = try #require(file.book.customers.first { $0.guid.description == ours.externalID })
        var guids = SeededGUIDs("a bookkeeper")
        person.guid = guids.nextGUID()
        person.id = "77"
        person.slots = [:]
        var edit = BookEdit()
        edit.newCustomers = [person]
        _ = try file.apply(edit, now: BookTime(secondsSince1970: 4_000_000_100), using: &guids)

        // The one a hub made for another record is that record's, whatever its e-mail.
        #expect(
            try await target.find(request("hub/customer/3", ada)).map(\.externalID) == [person.guid.description])
        #expect(try await target.find(request("hub/customer/3", Parts())).isEmpty)
        #expect(try await target.find(request("hub/customer/2", ada)).isEmpty, "the repeated write finds it itself")
    }
}
