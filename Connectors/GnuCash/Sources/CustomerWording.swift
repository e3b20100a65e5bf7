import ConnectorKit
import GnuCashBook

/// How a customer of the hub and a customer of a book say the same. Pure.
///
/// A book has one name, an address of a contact name and four lines, one phone and one e-mail. So:
/// the name is the company where there is one, else the person; the contact name is the person of a company;
/// the lines are street, second line, place, country; the place is written `City, Region Postcode`.
enum CustomerWording {
    /// What a book shows of a customer.
    static func draft(of customer: BookCustomer) -> Draft {
        var parts = Parts()
        let names = names(of: customer)
        let email = text(customer.address.email)
        parts[CustomerPart.name] = names.person
        parts[CustomerPart.company] = names.company
        parts[CustomerPart.email] = email
        parts[CustomerPart.phone] = text(customer.address.phone)
        parts[CustomerPart.notes] = text(customer.notes)
        parts[CustomerPart.billing] = billing(customer, names)
        parts[CustomerPart.shipping] = address(customer.shipping)
        return Draft(
            kind: .customer, externalID: customer.guid.description, naturalKey: email?.lowercased(),
            reference: customer.slots.own[OwnSlot.customer]?.text, parts: parts, title: customer.name)
    }

    /// Lays parts over a customer of the book; what they do not name stays. The whole record is needed for a name that
    /// depends on the company beside it.
    static func lay(_ changes: Parts, of record: Parts, over customer: inout BookCustomer) {
        let name = CustomerPart.name.shape.name
        let company = CustomerPart.company.shape.name
        if changes[name] != nil || changes[company] != nil { rename(&customer, changes, record) }
        if changes[CustomerPart.email.shape.name] != nil {
            customer.address.email = line(changes[CustomerPart.email])
        }
        if changes[CustomerPart.phone.shape.name] != nil {
            customer.address.phone = line(changes[CustomerPart.phone])
        }
        if changes[CustomerPart.notes.shape.name] != nil {
            customer.notes = paragraph(changes[CustomerPart.notes] ?? "")
        }
        if changes[CustomerPart.billing.shape.name] != nil {
            let address = changes[CustomerPart.billing] ?? Address()
            customer.address.lines = lines(of: address, over: customer.address.lines)
        }
        if changes[CustomerPart.shipping.shape.name] != nil {
            let address = changes[CustomerPart.shipping] ?? Address()
            customer.shipping.lines = lines(of: address, over: customer.shipping.lines)
            customer.shipping.name = shippingName(address)
            customer.shipping.phone = line(address.phone)
            customer.shipping.email = line(address.email)
        }
        nameAnyway(&customer)
    }

    /// The form in which a book gives back what it was given.
    static func normalForm(of part: String, _ value: JSON) -> JSON {
        switch part {
        case CustomerPart.name.shape.name:
            guard let name = try? PersonName(json: value) else { return value }
            return person(name.line)?.json ?? .null
        case CustomerPart.notes.shape.name:
            return value.string.map(paragraph).flatMap(text)?.json ?? .null
        case CustomerPart.billing.shape.name:
            guard let address = try? Address(json: value) else { return value }
            let shown = parse(lines(of: address, over: []))
            return shown.isEmpty ? .null : shown.json
        case CustomerPart.shipping.shape.name:
            guard let address = try? Address(json: value) else { return value }
            var shown = parse(lines(of: address, over: []))
            shown.name = shippingName(address)
            shown.phone = line(address.phone)
            shown.email = line(address.email)
            return shown.isEmpty ? .null : shown.json
        case CustomerPart.company.shape.name, CustomerPart.email.shape.name, CustomerPart.phone.shape.name:
            return value.string.map(line).flatMap(text)?.json ?? .null
        default:
            return value
        }
    }

    // MARK: - Names

    /// A person's name from one line: the last word is the last name. Nil for an empty line.
    static func person(_ text: String) -> PersonName? {
        let words = line(text).split(separator: " ")
        guard let last = words.last else { return nil }
        return PersonName(first: words.dropLast().joined(separator: " "), last: String(last))
    }

    private static func names(of customer: BookCustomer) -> (person: PersonName?, company: String?) {
        let name = line(customer.name)
        let contact = line(customer.address.name)
        if !contact.isEmpty, contact != name { return (person(contact), text(name)) }
        if customer.slots.own[OwnSlot.nameIs]?.text == "company" { return (nil, text(name)) }
        if name == placeholder(customer) || name == line(customer.address.email) { return (nil, nil) }
        return (person(name), nil)
    }

    private static func rename(_ customer: inout BookCustomer, _ changes: Parts, _ record: Parts) {
        let shown = names(of: customer)
        let person = value(of: CustomerPart.name, changes, record, else: shown.person)?.line ?? ""
        let company = line(value(of: CustomerPart.company, changes, record, else: shown.company))
        customer.name = company.isEmpty ? line(person) : company
        customer.address.name = company.isEmpty ? "" : line(person)
        let isCompanyAlone = !company.isEmpty && customer.address.name.isEmpty
        // A slot that is not named in an edit stays, so the word is replaced rather than taken away.
        guard isCompanyAlone || customer.slots.own[OwnSlot.nameIs] != nil else { return }
        let word = isCompanyAlone ? "company" : "person"
        customer.slots.set(.string(word), at: [Slots.ownFrame, OwnSlot.nameIs])
    }

    /// GnuCash wants a name: the e-mail, else the number stands for one that is not known.
    private static func nameAnyway(_ customer: inout BookCustomer) {
        guard customer.name.isEmpty else { return }
        customer.name = customer.address.email.isEmpty ? placeholder(customer) : customer.address.email
    }

    private static func placeholder(_ customer: BookCustomer) -> String { "Customer \(customer.id)" }

    private static func value<Value: PartValue>(
        of part: Part<Value>, _ changes: Parts, _ record: Parts, else shown: Value?
    ) -> Value? {
        if changes[part.shape.name] != nil { return changes[part] }
        if record[part.shape.name] != nil { return record[part] }
        return shown
    }

    // MARK: - Addresses

    private static func billing(_ customer: BookCustomer, _ names: (person: PersonName?, company: String?)) -> Address?
    {
        var shown = parse(customer.address.lines)
        guard !shown.isEmpty else { return nil }
        shown.name = names.person?.line ?? ""
        shown.company = names.company ?? ""
        shown.phone = line(customer.address.phone)
        shown.email = line(customer.address.email)
        return shown
    }

    private static func address(_ found: BookAddress) -> Address? {
        var shown = parse(found.lines)
        shown.name = line(found.name)
        shown.phone = line(found.phone)
        shown.email = line(found.email)
        return shown.isEmpty ? nil : shown
    }

    private static func shippingName(_ address: Address) -> String {
        [line(address.company), line(address.name)].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    /// Street, second line, place, country. A line that says the same as before keeps its words.
    static func lines(of address: Address, over old: [String]) -> [String] {
        let place = place(of: address)
        let isSamePlace = old.count == 4 && parse(place: old[2]) == parse(place: place)
        return [line(address.line1), line(address.line2), isSamePlace ? old[2] : place, line(address.country)]
    }

    /// The address in four lines, read by their places.
    static func parse(_ lines: [String]) -> Address {
        guard lines.count == 4 else { return Address() }
        let place = parse(place: lines[2])
        return Address(
            line1: line(lines[0]), line2: line(lines[1]), city: place.city, region: place.region,
            postcode: place.postcode, country: line(lines[3]))
    }

    private static func place(of address: Address) -> String {
        let tail = [line(address.region), line(address.postcode)].filter { !$0.isEmpty }.joined(separator: " ")
        let city = line(address.city)
        return tail.isEmpty ? city : "\(city), \(tail)"
    }

    private struct Place: Equatable {
        var city = ""
        var region = ""
        var postcode = ""
    }

    /// Reads `City, Region Postcode`; the postcode is the words at the end that have a digit. Without a comma a first
    /// word with a digit is the postcode: `80331 München`.
    private static func parse(place text: String) -> Place {
        let text = line(text)
        guard let comma = text.lastIndex(of: ",") else {
            let words = text.split(separator: " ")
            guard words.count > 1, let first = words.first, first.contains(where: \.isNumber) else {
                return Place(city: text)
            }
            return Place(city: words.dropFirst().joined(separator: " "), postcode: String(first))
        }
        let words = text[text.index(after: comma)...].split(separator: " ")
        let postcode = words.reversed().prefix { $0.contains(where: \.isNumber) }.reversed()
        return Place(
            city: line(String(text[..<comma])),
            region: words.dropLast(postcode.count).joined(separator: " "), postcode: postcode.joined(separator: " "))
    }

    // MARK: - Texts

    /// One line without control characters, white space at its ends and twice in a row.
    static func line(_ text: String?) -> String {
        (text ?? "").split { $0.isWhitespace || $0.isNewline || $0.unicodeScalars.allSatisfy { $0.value < 32 } }
            .joined(separator: " ")
    }

    /// Text of several lines as a book can keep it.
    static func paragraph(_ text: String) -> String {
        let plain = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        let kept = plain.unicodeScalars.filter { $0.value >= 32 || $0 == "\n" || $0 == "\t" }
        return String(String.UnicodeScalarView(kept))
    }

    private static func text(_ text: String) -> String? { text.isEmpty ? nil : text }
}
