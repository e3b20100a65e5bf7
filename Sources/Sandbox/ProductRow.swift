import Commerce

/// A product or a variation as the shop keeps it. Amounts are the texts the shop stores.
struct ProductRow: TableRow {
    var id: Int
    /// The product a variation belongs to; 0 for a product.
    var parent = 0
    /// `simple`, `variable`, `variation`, `grouped` or `external`.
    var type = "simple"
    var status = "publish"
    var name = ""
    var slug = ""
    var sku = ""
    var gtin = ""
    var description = ""
    var summary = ""
    var regular = ""
    var sale = ""
    /// Seconds since 1970 (UTC).
    var saleFrom: Int64?
    var saleTo: Int64?
    var isTracked = false
    /// Pieces; counts only while tracked.
    var stock = 0
    var stockStatus = "instock"
    var backorders = "no"
    var lowStock: Int?
    var weight = ""
    var length = ""
    var width = ""
    var height = ""
    var taxStatus = "taxable"
    var taxClass = ""
    var categories: [Int] = []
    var tags: [Int] = []
    var images: [ImageRow] = []
    var attributes: [AttributeChoice] = []
    var defaults: [AttributeChoice] = []
    /// Ids of a variable product's variations.
    var variations: [Int] = []
    var menuOrder = 0
    var sold = 0
    var meta: [MetaRow] = []
    /// Members that are kept as they came, because nothing here depends on them.
    var extras: [String: JSON] = [:]
    var created: Int64
    var modified: Int64
    /// What the status was before the trash.
    var statusBeforeTrash = ""

    var isVariation: Bool { parent != 0 }

    var brief: Brief {
        Brief(id: id, created: created, modified: modified, status: StatusCode.of(status), owner: parent)
    }

    /// Whether the sale price counts at that second.
    func isOnSale(at second: Int64) -> Bool {
        guard let sale = Double(sale), let regular = Double(regular), sale < regular else { return false }
        return (saleFrom ?? second) <= second && second <= (saleTo ?? second)
    }

    /// What it costs at that second: a text, empty for "no price".
    func price(at second: Int64) -> String { isOnSale(at: second) ? sale : regular }

    var isOutOfStock: Bool { stockStatus == "outofstock" }

    /// Lets the stock status follow the quantity.
    mutating func settleStock() {
        guard isTracked else { return }
        if stock > 0 {
            stockStatus = "instock"
        } else {
            stockStatus = backorders == "no" ? "outofstock" : "onbackorder"
        }
    }
}

/// A picture in the shop's media library.
struct ImageRow: Hashable, Sendable {
    var id: Int
    var src: String
    var name: String
    var alt: String
    var created: Int64
}

/// An attribute of a product with its options, or of a variation with the one it has.
struct AttributeChoice: Hashable, Sendable {
    /// The shop-wide attribute, or 0 for one of this product alone.
    var id: Int
    var name: String
    var options: [String]
    var position = 0
    var isVisible = true
    var isForVariations = false
}

/// A key with a value that plugins keep with an object.
struct MetaRow: Hashable, Sendable {
    var id: Int
    var key: String
    var value: JSON
}

/// A category, a tag or a term of an attribute: they share one sequence of ids.
struct TermRow: TableRow {
    var id: Int
    /// `product_cat`, `product_tag`, or `pa_...` of an attribute.
    var taxonomy: String
    var name: String
    var slug: String
    var parent = 0
    var description = ""
    var display = "default"
    var menuOrder = 0
    var modified: Int64 { 0 }
    var brief: Brief { Brief(id: id) }
}

/// A shop-wide attribute.
struct AttributeRow: Hashable, Sendable {
    var id: Int
    var name: String
    var slug: String
    var type = "select"
    var order = "menu_order"
    var hasArchives = false
}

/// A customer, or another user of the shop.
struct CustomerRow: TableRow {
    var id: Int
    var email = ""
    var username = ""
    var first = ""
    var last = ""
    var role = "customer"
    var billing = AddressRow()
    var shipping = AddressRow()
    var isPaying = false
    var meta: [MetaRow] = []
    var created: Int64
    /// 0 until the first change after being made.
    var modified: Int64

    var brief: Brief { Brief(id: id, created: created, modified: modified, status: StatusCode.of(role)) }
}

/// An address as the shop keeps it.
struct AddressRow: Hashable, Sendable {
    var first = ""
    var last = ""
    var company = ""
    var line1 = ""
    var line2 = ""
    var city = ""
    var state = ""
    var postcode = ""
    var country = ""
    var email = ""
    var phone = ""
}

/// A coupon, as far as orders need it.
struct CouponRow: TableRow {
    var id: Int
    var code: String
    /// `percent`, `fixed_cart` or `fixed_product`.
    var type: String
    var amount: String
    var minimum: String
    var used = 0
    var meta: [MetaRow] = []
    var created: Int64
    var modified: Int64

    var brief: Brief { Brief(id: id, created: created, modified: modified) }
}
