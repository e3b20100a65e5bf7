/// The parts of a customer. No part is required: identity is (integration, external id).
public enum CustomerPart {
    public static let name = Part<PersonName>("name")
    public static let company = Part<String>("company")
    public static let email = Part<String>("email")
    public static let phone = Part<String>("phone")
    public static let billing = Part<Address>("billing")
    public static let shipping = Part<Address>("shipping")
    public static let notes = Part<String>("notes")
    /// Whether this customer exists for one order alone.
    public static let isGuest = Part<Bool>("isGuest")

    /// All, in the order they are shown.
    public static let all: [PartShape] = [
        name.shape, company.shape, email.shape, phone.shape, billing.shape, shipping.shape, notes.shape, isGuest.shape,
    ]
}

/// A person's name. Sides that keep one line join the two with a space.
public struct PersonName: Hashable, Sendable, CodablePartValue {
    public var first: String
    public var last: String

    /// A name.
    public init(first: String, last: String) {
        self.first = first
        self.last = last
    }

    /// The name on one line.
    public var line: String { [first, last].filter { !$0.isEmpty }.joined(separator: " ") }
}

/// A postal address with whom to reach there: one part. Missing lines are empty texts.
public struct Address: Hashable, Sendable, CodablePartValue {
    public var name: String
    public var company: String
    public var line1: String
    public var line2: String
    public var city: String
    /// State, province or district, as the side writes it.
    public var region: String
    public var postcode: String
    /// ISO 3166-1 alpha-2 where the side has codes, else the country's name.
    public var country: String
    public var phone: String
    public var email: String

    /// An address; whatever is not given is empty.
    public init(
        name: String = "", company: String = "", line1: String = "", line2: String = "", city: String = "",
        region: String = "", postcode: String = "", country: String = "", phone: String = "", email: String = ""
    ) {
        self.name = name
        self.company = company
        self.line1 = line1
        self.line2 = line2
        self.city = city
        self.region = region
        self.postcode = postcode
        self.country = country
        self.phone = phone
        self.email = email
    }

    /// Whether nothing at all is known.
    public var isEmpty: Bool { self == Address() }
}
