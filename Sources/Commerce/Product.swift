/// The parts of a product.
public enum ProductPart {
    public static let name = Part<String>("name", scope: .language)
    /// `simple` or `variable`.
    public static let type = Part<String>("type")
    /// `published`, `draft`, `hidden` or `archived`.
    public static let status = Part<String>("status", scope: .channel)
    public static let sku = Part<String>("sku")
    /// GTIN, EAN, UPC or ISBN.
    public static let barcode = Part<String>("barcode")
    public static let description = Part<String>("description", scope: .language)
    public static let summary = Part<String>("summary", scope: .language)
    public static let price = Part<Price>("price", scope: .price)
    public static let stock = Part<StockLevel>("stock", .counter, scope: .location)
    public static let weight = Part<Measure>("weight")
    public static let dimensions = Part<Dimensions>("dimensions")
    public static let categories = Part<[Reference]>("categories", .set, refersTo: .category)
    public static let tags = Part<[String]>("tags", .set)
    public static let images = Part<[ProductImage]>("images", .sequence)
    /// What the variants differ in.
    public static let options = Part<[ProductOption]>("options", .sequence)
    public static let taxClass = Part<String>("taxClass")

    /// All, in the order they are shown.
    public static let all: [PartShape] = [
        name.shape, type.shape, status.shape, sku.shape, barcode.shape, price.shape, stock.shape, categories.shape,
        tags.shape, options.shape, weight.shape, dimensions.shape, summary.shape, description.shape, images.shape,
        taxClass.shape,
    ]
}

/// The parts of a variant. Each variant is a record with its own link.
public enum VariantPart {
    public static let product = Part<Reference>("product", refersTo: .product)
    public static let options = Part<[OptionValue]>("options", .set)
    public static let sku = ProductPart.sku
    public static let barcode = ProductPart.barcode
    public static let status = ProductPart.status
    public static let description = ProductPart.description
    public static let price = ProductPart.price
    public static let stock = ProductPart.stock
    public static let weight = ProductPart.weight
    public static let dimensions = ProductPart.dimensions

    /// All, in the order they are shown.
    public static let all: [PartShape] = [
        product.shape, options.shape, sku.shape, barcode.shape, status.shape, price.shape, stock.shape, weight.shape,
        dimensions.shape, description.shape,
    ]
}

/// The parts of a category.
public enum CategoryPart {
    public static let name = Part<String>("name", scope: .language)
    public static let slug = Part<String>("slug", scope: .channel)
    public static let description = Part<String>("description", scope: .language)
    public static let parent = Part<Reference>("parent", refersTo: .category)

    /// All, in the order they are shown.
    public static let all: [PartShape] = [name.shape, slug.shape, parent.shape, description.shape]
}

/// Price, sale price, currency and the sale's dates: one part, because one without the others makes no sense.
public struct Price: Hashable, Sendable, CodablePartValue {
    /// The price without a sale; nil when the product has none.
    public var regular: Money?
    /// The price during the sale; nil when there is none.
    public var sale: Money?
    /// The currency, also where there is no amount.
    public var currency: Currency
    /// The first moment of the sale; nil is "already".
    public var saleFrom: Moment?
    /// The last moment of the sale; nil is "for ever".
    public var saleTo: Moment?

    /// A price.
    public init(
        regular: Money?, sale: Money? = nil, currency: Currency, saleFrom: Moment? = nil, saleTo: Moment? = nil
    ) {
        self.regular = regular
        self.sale = sale
        self.currency = currency
        self.saleFrom = saleFrom
        self.saleTo = saleTo
    }
}

/// How much of a product lies at a location.
public struct StockLevel: Hashable, Sendable, CodablePartValue {
    /// Whether the side counts this product at all.
    public var isTracked: Bool
    /// Pieces (fractions where the side allows them); nil when not tracked. May be negative: sold before delivered.
    public var quantity: ExactDecimal?
    /// The location's name at that side; nil is its only one.
    public var location: String?

    /// A level.
    public init(isTracked: Bool, quantity: ExactDecimal?, location: String? = nil) {
        self.isTracked = isTracked
        self.quantity = quantity
        self.location = location
    }
}

/// A number with its unit: weight + unit are one part.
public struct Measure: Hashable, Sendable, CodablePartValue {
    public var value: ExactDecimal
    /// `kg`, `g`, `lbs`, `oz`, `cm` and so on, as the side names it.
    public var unit: String

    /// A measure.
    public init(value: ExactDecimal, unit: String) {
        self.value = value
        self.unit = unit
    }
}

/// Length, width and height in one unit.
public struct Dimensions: Hashable, Sendable, CodablePartValue {
    public var length: ExactDecimal?
    public var width: ExactDecimal?
    public var height: ExactDecimal?
    public var unit: String

    /// Dimensions.
    public init(length: ExactDecimal?, width: ExactDecimal?, height: ExactDecimal?, unit: String) {
        self.length = length
        self.width = width
        self.height = height
        self.unit = unit
    }
}

/// A picture of a product.
public struct ProductImage: Hashable, Sendable, CodablePartValue {
    public var url: String
    public var alternativeText: String

    /// A picture.
    public init(url: String, alternativeText: String = "") {
        self.url = url
        self.alternativeText = alternativeText
    }
}

/// Something the variants of a product differ in, or a plain attribute.
public struct ProductOption: Hashable, Sendable, CodablePartValue {
    public var name: String
    public var values: [String]
    /// Whether variants differ in it.
    public var isForVariants: Bool

    /// An option.
    public init(name: String, values: [String], isForVariants: Bool) {
        self.name = name
        self.values = values
        self.isForVariants = isForVariants
    }
}

/// The value a variant has for an option.
public struct OptionValue: Hashable, Sendable, CodablePartValue {
    public var name: String
    public var value: String

    /// A value of an option.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
