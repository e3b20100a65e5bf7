import ConnectorKit

/// Payload to canonical record. Pure: no clock, no network, no state.
struct WooCommerceTranslator: Sendable {
    let weightUnit: String
    let dimensionUnit: String

    init(_ shop: ShopSettings) {
        weightUnit = shop.weightUnit
        dimensionUnit = shop.dimensionUnit
    }

    /// A product as `context=edit` shows it, or, with `isRendered`, as webhooks and plain reading do.
    ///
    /// - Throws: `PayloadError`.
    func product(_ json: JSON, _ currency: Currency, isRendered: Bool = false) throws(PayloadError) -> Draft {
        let payload = Payload(json)
        let isVariable = payload.text("type").hasPrefix("variable")
        var draft = try catalogueDraft(.product, payload)
        draft.externalID = try payload.id()
        draft.parts[ProductPart.name] = WooCommerceText.name(payload.text("name"))
        draft.parts[ProductPart.type] = isVariable ? "variable" : "simple"
        if !isVariable, !["simple", ""].contains(payload.text("type")) {
            draft.remarks.append("the shop's product type \"\(payload.text("type"))\" is kept as simple")
        }
        setProse(ProductPart.description, payload.text("description"), isRendered, &draft.parts)
        setProse(ProductPart.summary, payload.text("short_description"), isRendered, &draft.parts)
        // The price of a variable product is worked out by the shop from its variants: not a value of its own.
        if !isVariable { draft.parts[ProductPart.price] = try price(payload, currency) }
        if !isVariable || payload.flag("manage_stock") { draft.parts[ProductPart.stock] = try stock(payload) }
        measures(payload, &draft)
        draft.parts[ProductPart.categories] = sorted(
            payload.list("categories").compactMap { $0.pointer("id") }.map { .external(.category, $0) })
        draft.parts[ProductPart.tags] = payload.list("tags").map { WooCommerceText.name($0.text("name")) }.sorted()
        draft.parts[ProductPart.images] = payload.list("images").compactMap { image in
            image.filled("src").map {
                ProductImage(url: $0, alternativeText: WooCommerceText.decoded(image.text("alt")))
            }
        }
        draft.parts[ProductPart.options] = payload.list("attributes").map(option)
        draft.parts[ProductPart.taxClass] = payload.text("tax_class")
        WooCommerceCodes.forgetUnsaid(&draft, payload)
        return draft
    }

    /// A variant. `parent` is its product where the payload itself does not name it (before WooCommerce 9).
    ///
    /// - Throws: `PayloadError`.
    func variant(
        _ json: JSON, parent: String? = nil, _ currency: Currency, isRendered: Bool = false
    ) throws(PayloadError) -> Draft {
        let payload = Payload(json)
        guard let parent = payload.pointer("parent_id") ?? parent else {
            throw PayloadError(reason: "variation \(payload.text("id")) names no product")
        }
        var draft = try catalogueDraft(.variant, payload)
        draft.externalID = VariantID(product: parent, variation: try payload.id()).text
        draft.parts[VariantPart.product] = .external(.product, parent)
        draft.parts[VariantPart.options] = payload.list("attributes").compactMap { attribute in
            attribute.filled("option").map {
                OptionValue(
                    name: WooCommerceText.name(attribute.text("name")), value: WooCommerceText.name($0))
            }
        }.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
        setProse(VariantPart.description, payload.text("description"), isRendered, &draft.parts)
        draft.parts[VariantPart.price] = try price(payload, currency)
        // "parent" instead of true: the product counts for all its variants, this one has no stock of its own.
        if payload.text("manage_stock") != "parent" { draft.parts[VariantPart.stock] = try stock(payload) }
        measures(payload, &draft)
        WooCommerceCodes.forgetUnsaid(&draft, payload)
        return draft
    }

    /// A category.
    ///
    /// - Throws: `PayloadError`.
    func category(_ json: JSON) throws(PayloadError) -> Draft {
        let payload = Payload(json)
        var draft = Draft(kind: .category, externalID: try payload.id())
        draft.title = WooCommerceText.name(payload.text("name"))
        draft.parts[CategoryPart.name] = draft.title
        try payload.mustSay("slug")
        let slug = Percent.decoded(payload.text("slug"))
        // Unique in a shop: the category of that slug in another shop is the same one ("uncategorized" is in every
        // shop).
        draft.naturalKey = slug.isEmpty ? nil : slug
        draft.parts[CategoryPart.slug] = slug
        draft.parts[CategoryPart.description] = WooCommerceText.prose(payload.text("description"))
        draft.parts[CategoryPart.parent] = payload.pointer("parent").map { .external(.category, $0) }
        WooCommerceCodes.forgetUnsaid(&draft, payload)
        return draft
    }

    // MARK: - What products and variants share

    private func catalogueDraft(_ kind: RecordKind, _ payload: Payload) throws(PayloadError) -> Draft {
        try payload.mustSay("sku")
        var draft = Draft(
            kind: kind, externalID: "", naturalKey: payload.filled("sku").map(WooCommerceText.decoded),
            revision: payload.filled("date_modified_gmt"), changedAt: payload.moment("date_modified_gmt"),
            reference: payload.meta(WooCommerceCodes.referenceField))
        draft.title = WooCommerceText.name(payload.text("name"))
        draft.parts[ProductPart.sku] = draft.naturalKey
        draft.parts[ProductPart.barcode] = payload.filled("global_unique_id")
        let status = payload.text("status")
        draft.parts[ProductPart.status] = WooCommerceCodes.productStatuses[status] ?? "draft"
        if payload.says("status"), WooCommerceCodes.productStatuses[status] == nil {
            draft.remarks.append("the shop's status \"\(status)\" is not one of WooCommerce's own; kept as draft")
        }
        return draft
    }

    private func setProse(_ part: Part<String>, _ text: String, _ isRendered: Bool, _ parts: inout Parts) {
        if !isRendered {
            parts[part] = WooCommerceText.prose(text)
        } else if let prose = WooCommerceText.proseFromRendered(text) {
            parts[part] = prose
        } else {
            parts[part.shape.name] = Optional<JSON>.none
        }
    }

    private func price(_ payload: Payload, _ currency: Currency) throws(PayloadError) -> Price {
        let regular = try payload.money("regular_price", currency)
        let sale = try payload.money("sale_price", currency)
        return Price(
            regular: regular, sale: sale, currency: currency,
            saleFrom: payload.moment("date_on_sale_from_gmt"), saleTo: payload.moment("date_on_sale_to_gmt"))
    }

    private func stock(_ payload: Payload) throws(PayloadError) -> StockLevel {
        guard payload.flag("manage_stock") else { return StockLevel(isTracked: false, quantity: nil) }
        return StockLevel(isTracked: true, quantity: try payload.decimal("stock_quantity"))
    }

    /// Weight and size; a text that is no number is left out with a remark, the rest of the product is good.
    private func measures(_ payload: Payload, _ draft: inout Draft) {
        do {
            draft.parts[ProductPart.weight] = try payload.decimal("weight").map { Measure(value: $0, unit: weightUnit) }
        } catch {
            draft.remarks.append(error.reason)
            draft.parts[ProductPart.weight.shape.name] = Optional<JSON>.none
        }
        let size = payload.object("dimensions")
        do {
            let dimensions = Dimensions(
                length: try size.decimal("length"), width: try size.decimal("width"),
                height: try size.decimal("height"), unit: dimensionUnit)
            let isEmpty = dimensions.length == nil && dimensions.width == nil && dimensions.height == nil
            draft.parts[ProductPart.dimensions] = isEmpty ? nil : dimensions
        } catch {
            draft.remarks.append("dimensions: \(error.reason)")
            draft.parts[ProductPart.dimensions.shape.name] = Optional<JSON>.none
        }
    }

    private func option(_ payload: Payload) -> ProductOption {
        ProductOption(
            name: WooCommerceText.name(payload.text("name")),
            values: (payload.json["options"]?.array ?? []).compactMap(\.string).map(WooCommerceText.name),
            isForVariants: payload.flag("variation"))
    }

    /// References in one order, so that equal sets are equal values.
    func sorted(_ references: [Reference]) -> [Reference] { references.sorted { $0.json.text < $1.json.text } }
}

/// A variant's id: the shop's variations are read and written under their product.
struct VariantID: Hashable, Sendable {
    var product: String
    var variation: String

    init(product: String, variation: String) {
        self.product = product
        self.variation = variation
    }

    /// Reads `40/41`; nil for anything else.
    init?(_ text: String) {
        let pieces = text.split(separator: "/", omittingEmptySubsequences: false)
        guard pieces.count == 2, pieces.allSatisfy({ Int($0) ?? 0 > 0 }) else { return nil }
        self.init(product: String(pieces[0]), variation: String(pieces[1]))
    }

    /// `40/41`
    var text: String { product + "/" + variation }
}
