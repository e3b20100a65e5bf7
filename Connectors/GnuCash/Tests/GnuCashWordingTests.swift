import ConnectorKit
import GnuCashBook
import Testing

@testable import GnuCash

@Suite("GnuCash customer wording")
struct GnuCashWordingTests {
    private func customer(_ name: String, contact: String = "", lines: [String] = [], email: String = "")
        -> BookCustomer
    {
        BookCustomer(
            guid: GUID(high: 1, low: 2), id: "000007", name: name, currency: .currency("EUR"),
            address: BookAddress(name: contact, lines: lines, email: email))
    }

    @Test(arguments: [
        ("80331 München", "München", "", "80331"),
        ("Springfield, IL 62701", "Springfield", "IL", "62701"),
        ("London, SW1A 1AA", "London", "", "SW1A 1AA"),
        ("Toronto, ON M5V 2T6", "Toronto", "ON", "M5V 2T6"),
        ("Colombo 03", "Colombo 03", "", ""),
        ("Kandy, Central", "Kandy", "Central", ""),
        ("", "", "", ""),
    ])
    func aPlaceIsRead(text: String, city: String, region: String, postcode: String) {
        let address = CustomerWording.parse(["1 Street", "", text, "XX"])

        #expect([address.city, address.region, address.postcode] == [city, region, postcode])
    }

    @Test(arguments: [
        Address(line1: "12 Lake Road", city: "Kandy", region: "Central", postcode: "20000", country: "LK"),
        Address(line1: "a\nb", line2: " c  d ", city: "New York, NY", postcode: "10001", country: "US"),
        Address(city: "12 Oaks", region: "Province 7", country: "LK"),
        Address(region: "Western", country: "Sri Lanka"), Address(postcode: "00300"), Address(city: "X, Y"), Address(),
    ])
    func theNormalFormOfAnAddressIsItsOwnNormalForm(address: Address) {
        for part in ["billing", "shipping"] {
            let once = CustomerWording.normalForm(of: part, address.json)
            #expect(CustomerWording.normalForm(of: part, once) == once)
        }
    }

    @Test func aPlaceThatSaysTheSameKeepsItsWords() {
        let address = Address(line1: "Tor 4", city: "München", postcode: "80331", country: "DE")

        #expect(
            CustomerWording.lines(of: address, over: ["Tor 3", "", "80331 München", "DE"])
                == ["Tor 4", "", "80331 München", "DE"])
    }

    @Test func aContactBesideTheNameMakesTheNameACompany() {
        let draft = CustomerWording.draft(of: customer("O'Brien & Sons", contact: "Pat van der O'Brien"))

        #expect(draft.parts[CustomerPart.company] == "O'Brien & Sons")
        #expect(draft.parts[CustomerPart.name] == PersonName(first: "Pat van der", last: "O'Brien"))
    }

    @Test func aNameAloneIsAPerson() {
        let draft = CustomerWording.draft(of: customer("Cher"))

        #expect(draft.parts[CustomerPart.name] == PersonName(first: "", last: "Cher"))
        #expect(draft.parts[CustomerPart.company.shape.name] == .null)
    }

    @Test func aCompanyWithoutAPersonStaysACompanyAndCanGetAPersonLater() {
        var company = customer("")
        var parts = Parts()
        parts[CustomerPart.company] = "Acme Ltd"
        CustomerWording.lay(parts, of: parts, over: &company)

        #expect(CustomerWording.draft(of: company).parts[CustomerPart.company] == "Acme Ltd")
        #expect(CustomerWording.draft(of: company).parts[CustomerPart.name.shape.name] == .null)

        parts = Parts()
        parts[CustomerPart.name] = PersonName(first: "Bo", last: "Li")
        parts[CustomerPart.company] = nil
        CustomerWording.lay(parts, of: parts, over: &company)

        #expect(company.name == "Bo Li")
        #expect(CustomerWording.draft(of: company).parts[CustomerPart.name] == PersonName(first: "Bo", last: "Li"))
        #expect(CustomerWording.draft(of: company).parts[CustomerPart.company.shape.name] == .null)
    }

    @Test func anEmailThatStandsForANameIsNoName() {
        let draft = CustomerWording.draft(of: customer("Who@Buyer.example", email: "Who@Buyer.example"))

        #expect(draft.parts[CustomerPart.name.shape.name] == .null)
        #expect(draft.naturalKey == "who@buyer.example")
    }

    @Test func controlCharactersNeverReachTheBook() {
        var parts = Parts()
        parts[CustomerPart.company] = "A\u{1}B\tC"
        parts[CustomerPart.notes] = "one\r\ntwo\u{2}"
        var found = customer("")
        CustomerWording.lay(parts, of: parts, over: &found)

        #expect(found.name == "A B C")
        #expect(found.notes == "one\ntwo")
    }
}
