import ConnectorKit

/// Why a record is not sent as it is.
enum WriteRefusal: Error, Hashable, Sendable {
    /// A value the shop would mangle or refuse.
    case value(part: String, reason: String)
    /// Something a person must add or decide first.
    case waits(String)

    var result: WriteResult {
        switch self {
        case .value(let part, let reason):
            .failed(.refused(code: "crossdock_invalid_\(part)", detail: "\(part): \(reason); nothing was sent"))
        case .waits(let reason): .held(reason)
        }
    }
}

/// A record whose fate is known before its batch is sent.
struct Settled: Error {
    let result: WriteResult

    init(_ error: any Error) {
        switch error {
        case let refusal as WriteRefusal: result = refusal.result
        case let failure as ConnectorFailure: result = .failed(failure)
        default: result = .failed(.refused(code: "crossdock", detail: "\(error)"))
        }
    }
}

/// Canonical parts to the shop's words. Only what is among the changes is written.
///
/// Entries of a batch skip the shop's own checks (recorded: a price of 12,50 becomes 1250, a weight of 1,5 becomes 15,
/// a type "nonsense" a simple product), so everything is checked here before it is sent.
struct WooCommerceWriting: Sendable {
    let weightUnit: String
    let dimensionUnit: String
    /// The currency of the shop's prices.
    let currency: Currency?

    /// The members of a product.
    func product(_ request: WriteRequest) throws(WriteRefusal) -> [String: JSON] {
        let parts = request.changes
        var body = try sellable(parts)
        if let name = try text(ProductPart.name, parts) {
            guard !name.isEmpty else { throw .value(part: "name", reason: "a product needs a name") }
            body["name"] = .string(name)
        }
        if let type = try text(ProductPart.type, parts) {
            guard ["simple", "variable"].contains(type) else {
                throw .value(part: "type", reason: "\"\(type)\" is neither simple nor variable")
            }
            body["type"] = .string(type)
        }
        if let summary = try text(ProductPart.summary, parts) { body["short_description"] = .string(summary) }
        if let taxClass = try text(ProductPart.taxClass, parts) { body["tax_class"] = .string(taxClass) }
        if parts[ProductPart.categories.shape.name] != nil {
            body["categories"] = .array(try ids(ProductPart.categories, parts).map { ["id": $0] })
        }
        return body
    }

    /// The members of a variation; its attributes are added by who knows the product's.
    func variant(_ request: WriteRequest) throws(WriteRefusal) -> [String: JSON] { try sellable(request.changes) }

    /// The members of a category.
    func category(_ request: WriteRequest) throws(WriteRefusal) -> [String: JSON] {
        let parts = request.changes
        var body: [String: JSON] = [:]
        if let name = try text(CategoryPart.name, parts) {
            guard !name.isEmpty else { throw .value(part: "name", reason: "a category needs a name") }
            body["name"] = .string(name)
        }
        if let slug = try text(CategoryPart.slug, parts), !slug.isEmpty { body["slug"] = .string(slug) }
        if let description = try text(CategoryPart.description, parts) { body["description"] = .string(description) }
        if let json = parts[CategoryPart.parent.shape.name] {
            body["parent"] = json.isNull ? 0 : try id(json, CategoryPart.parent.shape.name)
        }
        return body
    }

    // MARK: - What products and variants share

    private func sellable(_ parts: Parts) throws(WriteRefusal) -> [String: JSON] {
        var body: [String: JSON] = [:]
        if let sku = try text(ProductPart.sku, parts) { body["sku"] = .string(sku) }
        if let barcode = try text(ProductPart.barcode, parts) { body["global_unique_id"] = .string(barcode) }
        if let text = try text(ProductPart.description, parts) { body["description"] = .string(text) }
        if let status = try text(ProductPart.status, parts), status != "archived" {
            guard let word = WooCommerceCodes.productStatusesToWrite[status] else {
                throw .value(part: "status", reason: "\"\(status)\" is no status of a product")
            }
            body["status"] = .string(word)
        }
        if let price = try value(ProductPart.price, parts) { body.merge(try members(of: price)) { $1 } }
        if let stock = try value(ProductPart.stock, parts) { body.merge(try members(of: stock)) { $1 } }
        if parts[ProductPart.weight.shape.name] != nil {
            body["weight"] = .string(try weight(try value(ProductPart.weight, parts)))
        }
        if parts[ProductPart.dimensions.shape.name] != nil {
            body["dimensions"] = try dimensions(try value(ProductPart.dimensions, parts))
        }
        return body
    }

    private func isForeign(_ price: Price) -> Bool { currency.map { price.currency != $0 } ?? false }

    /// Why the price of a request is not written; nil where it is, or where none is to be.
    func foreignPrice(_ request: WriteRequest) -> String? {
        guard let price = request.changes[ProductPart.price], isForeign(price), let currency else { return nil }
        return "price: it is in \(price.currency), the shop sells in \(currency); nothing is converted without a rule, "
            + "so the price was left as it is there"
    }

    /// Amounts go as text with all their decimals: a JSON number is refused by the shop.
    private func members(of price: Price) throws(WriteRefusal) -> [String: JSON] {
        // What is in another currency is left out, and said so by `foreignPrice`: nothing is converted without a rule.
        if isForeign(price) { return [:] }
        for amount in [price.regular, price.sale].compactMap({ $0 }) {
            guard amount.minorUnits >= 0 else { throw .value(part: "price", reason: "\(amount) is below zero") }
            guard amount.currency == price.currency else {
                throw .value(part: "price", reason: "\(amount) is not in \(price.currency)")
            }
        }
        return [
            "regular_price": .string(price.regular?.amount ?? ""), "sale_price": .string(price.sale?.amount ?? ""),
            "date_on_sale_from_gmt": .text(price.saleFrom?.naive), "date_on_sale_to_gmt": .text(price.saleTo?.naive),
        ]
    }

    private func members(of stock: StockLevel) throws(WriteRefusal) -> [String: JSON] {
        guard stock.isTracked else { return ["manage_stock": false] }
        // Without manage_stock the shop ignores the quantity (recorded).
        guard let quantity = stock.quantity else { return ["manage_stock": true] }
        guard let whole = quantity.whole else {
            throw .value(part: "stock", reason: "\(quantity) pieces: the shop counts whole ones only")
        }
        return ["manage_stock": true, "stock_quantity": .integer(whole)]
    }

    private func weight(_ measure: Measure?) throws(WriteRefusal) -> String {
        guard let measure else { return "" }
        guard measure.unit == weightUnit else {
            throw .value(part: "weight", reason: "it is in \(measure.unit), the shop weighs in \(weightUnit)")
        }
        return try notNegative(measure.value, "weight")
    }

    private func dimensions(_ size: Dimensions?) throws(WriteRefusal) -> JSON {
        if let size, size.unit != dimensionUnit {
            throw .value(part: "dimensions", reason: "they are in \(size.unit), the shop measures in \(dimensionUnit)")
        }
        func side(_ value: ExactDecimal?) throws(WriteRefusal) -> JSON {
            .string(try value.map { value throws(WriteRefusal) in try notNegative(value, "dimensions") } ?? "")
        }
        return [
            "length": try side(size?.length), "width": try side(size?.width), "height": try side(size?.height),
        ]
    }

    private func notNegative(_ value: ExactDecimal, _ part: String) throws(WriteRefusal) -> String {
        guard value.mantissa >= 0 else { throw .value(part: part, reason: "\(value) is below zero") }
        return value.description
    }

    // MARK: - Reading parts strictly

    /// The text of a changed part: empty where it was emptied, nil where it did not change.
    func text(_ part: Part<String>, _ parts: Parts) throws(WriteRefusal) -> String? {
        guard let json = parts[part.shape.name] else { return nil }
        if json.isNull { return "" }
        guard let text = json.string else {
            throw .value(part: part.shape.name, reason: "expected a text, found \(json.text.prefix(60))")
        }
        return text
    }

    func value<Value: PartValue>(_ part: Part<Value>, _ parts: Parts) throws(WriteRefusal) -> Value? {
        guard let json = parts[part.shape.name], !json.isNull else { return nil }
        do {
            return try Value(json: json)
        } catch {
            throw .value(part: part.shape.name, reason: error.description)
        }
    }

    private func ids(_ part: Part<[Reference]>, _ parts: Parts) throws(WriteRefusal) -> [JSON] {
        var ids: [JSON] = []
        for json in parts[part.shape.name]?.array ?? [] { ids.append(try id(json, part.shape.name)) }
        return ids
    }

    /// The number of a reference to a record of this shop.
    private func id(_ json: JSON, _ part: String) throws(WriteRefusal) -> JSON {
        guard let reference = try? Reference(json: json), case .external(_, let text) = reference,
            let number = Int(text), number > 0
        else { throw .waits("\(part) points to a record the shop does not have yet") }
        return .integer(number)
    }
}
