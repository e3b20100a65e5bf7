/// The kinds of records the hub keeps.
public enum RecordKind: String, Hashable, Sendable, Codable, CaseIterable {
    case category
    case product
    case variant
    case customer
    case order
    case shipment
    case account
    case journal
    case invoice

    /// The word for several: `categories`.
    public var plural: String { self == .category ? "categories" : rawValue + "s" }

    /// Whether records of this kind hold values that are somebody's own.
    public var isPersonal: Bool { self == .customer || self == .order || self == .shipment }

    /// Whether what is told of such records may name somebody: those that hold values of persons, and what books say of
    /// these.
    public var namesPersons: Bool { isPersonal || self == .journal || self == .invoice }

    /// How records of this kind come to agree.
    public var nature: RecordNature {
        switch self {
        case .category, .product, .variant, .customer, .account: .catalogue
        case .order, .shipment, .journal, .invoice: .document
        }
    }

    /// The part whose value people know a record by, and by which it is matched when it is met for the first time; nil
    /// where that is none of its parts.
    public var keyPart: String? {
        switch self {
        case .product, .variant: ProductPart.sku.shape.name
        case .customer: CustomerPart.email.shape.name
        case .category, .order, .shipment, .account, .journal, .invoice: nil
        }
    }

    /// The parts a record of this kind is merged by, in the order they are shown.
    public var parts: [PartShape] {
        switch self {
        case .category: CategoryPart.all
        case .product: ProductPart.all
        case .variant: VariantPart.all
        case .customer: CustomerPart.all
        case .order: OrderPart.all
        case .shipment: ShipmentPart.all
        case .account: AccountPart.all
        case .journal: JournalPart.all
        case .invoice: InvoicePart.all
        }
    }

    /// The shape of one part, also by a name that tells its scope (`price@USD`); a part nobody declared is a plain
    /// field.
    public func shape(of part: String) -> PartShape {
        parts.first { $0.name == part } ?? parts.first { $0.name == ScopedName(part).part } ?? PartShape(part)
    }

    /// The parts whose value differs by a scope that the value itself tells.
    public var scopedParts: [PartShape] { parts.filter { $0.scope == .price } }
}

/// How records of a kind come to agree.
public enum RecordNature: String, Hashable, Sendable {
    /// Merged part by part.
    case catalogue
    /// Belongs to the side that issued it: taken whole as a new revision, its state moved by events.
    case document
}

/// What a part is made of, and so how two versions of it are merged.
public enum PartForm: String, Hashable, Sendable, Codable {
    /// One value, or a named group that only makes sense together.
    case field
    /// Members without order, by value or by link.
    case set
    /// Ordered content, compared and replaced whole.
    case sequence
    /// Entries with a `key`, only ever added to.
    case log
    /// Tracked and quantity: moved by deltas, never overwritten by a value.
    case counter
    /// The body of a document: owned by its issuer, taken whole.
    case content
    /// A state of a document: moved by its issuer along declared arrows.
    case state
}

/// In which scope a part has its value: everywhere the same, or one value per price list, location and so on.
public enum ScopeKind: String, Hashable, Sendable, Codable {
    case shared
    case price
    case language
    case location
    case company
    case channel
}

/// One part of a record: the unit of merge.
public struct PartShape: Hashable, Sendable {
    /// The part's name, as it stands in the store, the API and in `explain --field`.
    public let name: String
    /// What it is made of.
    public let form: PartForm
    /// Whether its value differs by scope.
    public let scope: ScopeKind
    /// The kind of record it refers to, if it is a reference or a set of references.
    public let refersTo: RecordKind?

    /// A part; a shared plain field unless said otherwise.
    public init(
        _ name: String, _ form: PartForm = .field, scope: ScopeKind = .shared, refersTo: RecordKind? = nil
    ) {
        self.name = name
        self.form = form
        self.scope = scope
        self.refersTo = refersTo
    }
}
