import Commerce
import Wire

/// Writing what products and variations have in common.
extension WooCommerceSandbox {
    /// Takes over the members of a write. What is absent stays; what is there is rewritten as the shop rewrites it.
    mutating func write(_ body: JSON, to row: inout ProductRow) throws(ShopError) {
        try writeIdentity(body, to: &row)
        writeTexts(body, to: &row)
        writePrices(body, to: &row)
        writeStock(body, to: &row)
        writeShape(body, to: &row)
        row.images = try images(body, of: row)
        writeMeta(body["meta_data"], to: &row.meta)
        for name in Self.keptAsSent { if let value = body[name] { row.extras[name] = value } }
    }

    /// Members nothing here depends on: they are kept and shown.
    static let keptAsSent = [
        "featured", "catalog_visibility", "virtual", "downloadable", "external_url", "button_text",
        "sold_individually", "reviews_allowed", "upsell_ids", "cross_sell_ids", "purchase_note", "grouped_products",
        "shipping_class",
    ]

    private mutating func writeIdentity(_ body: JSON, to row: inout ProductRow) throws(ShopError) {
        if let sku = body["sku"]?.scalarText {
            let clean = ShopText.plain(sku)
            if let holder = skus[clean.lowercased()], holder != row.id, !clean.isEmpty {
                throw ShopError(
                    400, "product_invalid_sku", "Invalid or duplicated SKU.",
                    [.init("resource_id", .int(holder)), .init("unique_sku", .text(uniqueSKU(clean)))])
            }
            if !row.sku.isEmpty { skus[row.sku.lowercased()] = nil }
            row.sku = clean
        }
        if let gtin = body["global_unique_id"]?.scalarText {
            let clean = gtin.filter { $0.isNumber || $0 == "-" || $0 == "X" }
            if let holder = gtins[clean], holder != row.id, !clean.isEmpty {
                throw ShopError(
                    400, "product_invalid_global_unique_id", "Invalid or duplicated GTIN, UPC, EAN or ISBN.",
                    [.init("resource_id", .int(holder))])
            }
            if !row.gtin.isEmpty { gtins[row.gtin] = nil }
            row.gtin = clean
        }
    }

    private func uniqueSKU(_ sku: String) -> String {
        var number = 1
        while skus["\(sku)-\(number)".lowercased()] != nil { number += 1 }
        return "\(sku)-\(number)"
    }

    private func writeTexts(_ body: JSON, to row: inout ProductRow) {
        if let name = body["name"]?.scalarText, !row.isVariation { row.name = ShopText.rich(name) }
        if let text = body["description"]?.scalarText { row.description = ShopText.rich(text) }
        if let text = body["short_description"]?.scalarText { row.summary = ShopText.rich(text) }
        if let status = body["status"]?.string { row.status = status }
        if let menuOrder = body["menu_order"]?.count { row.menuOrder = menuOrder }
        if let text = body["tax_class"]?.string { row.taxClass = text == "parent" ? "" : text }
        if let text = body["tax_status"]?.string { row.taxStatus = text }
        // A type nobody knows becomes a simple product; only a batch gets that far.
        if let type = body["type"]?.string, !row.isVariation {
            row.type = Schemas.productTypes.contains(type) ? type : "simple"
        }
    }

    private func writePrices(_ body: JSON, to row: inout ProductRow) {
        if let regular = body["regular_price"]?.scalarText { row.regular = ShopText.decimal(regular) }
        if let sale = body["sale_price"]?.scalarText { row.sale = ShopText.decimal(sale) }
        if let date = body["date_on_sale_from"] ?? body["date_on_sale_from_gmt"] {
            row.saleFrom = saleDate(date, isGMT: body["date_on_sale_from"] == nil)
        }
        if let date = body["date_on_sale_to"] ?? body["date_on_sale_to_gmt"] {
            row.saleTo = saleDate(date, isGMT: body["date_on_sale_to"] == nil)
        }
        guard let sale = Double(row.sale) else { return }
        if sale >= Double(row.regular) ?? 0 { row.sale = "" }
    }

    private func saleDate(_ json: JSON, isGMT: Bool) -> Int64? {
        guard let moment = json.string.flatMap(Moment.init(iso:)) else { return nil }
        return moment.milliseconds / 1000 - (isGMT ? 0 : utcOffsetSeconds)
    }

    private mutating func writeStock(_ body: JSON, to row: inout ProductRow) {
        if let tracked = body["manage_stock"]?.truth { row.isTracked = tracked }
        if let text = body["backorders"]?.string { row.backorders = text }
        if let amount = body["low_stock_amount"] { row.lowStock = amount.count }
        if let text = body["stock_status"]?.string, !row.isTracked {
            row.stockStatus = Schemas.stockStatuses.contains(text) ? text : "instock"
        }
        guard row.isTracked else { return }
        // Absolute: whatever was sold since the caller read the quantity is overwritten.
        if let quantity = body["stock_quantity"]?.scalarText.flatMap(Double.init), quantity.magnitude < 1e12 {
            row.stock = Int(quantity)
        } else if let delta = body["inventory_delta"]?.scalarText.flatMap(Double.init), delta.magnitude < 1e12 {
            row.stock = stockForDelta(of: row) + Int(delta)
        }
        row.settleStock()
    }

    /// What a delta counts from: the quantity, or, while a race is played, the one an earlier delta read.
    private mutating func stockForDelta(of row: ProductRow) -> Int {
        if let read = deltaReads[row.id], Double(clock - read.at) < options.raceSeconds { return read.stock }
        if options.raceSeconds > 0 { deltaReads[row.id] = (clock, row.stock) }
        return row.stock
    }

    private mutating func writeShape(_ body: JSON, to row: inout ProductRow) {
        if let weight = body["weight"]?.scalarText { row.weight = ShopText.decimal(weight) }
        if let size = body["dimensions"] {
            if let text = size["length"]?.scalarText { row.length = ShopText.decimal(text) }
            if let text = size["width"]?.scalarText { row.width = ShopText.decimal(text) }
            if let text = size["height"]?.scalarText { row.height = ShopText.decimal(text) }
        }
        if let list = body["categories"]?.array { row.categories = termIDs(list, "product_cat") }
        if let list = body["tags"]?.array { row.tags = termIDs(list, "product_tag") }
        if let list = body["attributes"]?.array { row.attributes = choices(list, isVariation: row.isVariation) }
        if let list = body["default_attributes"]?.array { row.defaults = choices(list, isVariation: true) }
    }

    private mutating func termIDs(_ list: [JSON], _ taxonomy: String) -> [Int] {
        list.compactMap { entry in
            if let id = entry["id"]?.count {
                return terms[id]?.taxonomy == taxonomy ? id : nil
            }
            guard taxonomy == "product_tag", let name = entry["name"]?.string else { return nil }
            return terms.rows.first { $0.taxonomy == taxonomy && $0.name == name }?.id
                ?? addTerm(taxonomy, name: name)
        }
    }

    private func choices(_ list: [JSON], isVariation: Bool) -> [AttributeChoice] {
        list.enumerated().compactMap { index, entry in
            let id = entry["id"]?.count ?? 0
            let known = attributes.first { $0.id == id }
            guard let name = known?.name ?? entry["name"]?.string else { return nil }
            let options = entry["options"]?.array?.compactMap(\.scalarText) ?? entry["option"]?.scalarText.map { [$0] }
            return AttributeChoice(
                id: known?.id ?? 0, name: name, options: options ?? [], position: entry["position"]?.count ?? index,
                isVisible: entry["visible"]?.truth ?? false, isForVariations: entry["variation"]?.truth ?? false)
        }
    }

    /// The pictures of a write: one that cannot be fetched refuses the whole of it.
    private mutating func images(_ body: JSON, of row: ProductRow) throws(ShopError) -> [ImageRow] {
        guard let list = body["images"]?.array ?? body["image"].map({ $0.isNull ? [] : [$0] }) else {
            return row.images
        }
        var found: [ImageRow] = []
        for entry in list {
            if let id = entry["id"]?.integer, let known = row.images.first(where: { $0.id == id }) {
                found.append(known)
                continue
            }
            guard let src = entry["src"]?.string else { continue }
            guard !src.contains(options.unreachableImageMarker), HTTPAddress(src) != nil else {
                throw ShopError(
                    400, "woocommerce_product_image_upload_error",
                    "Error getting remote image \(src). Error: Not Found")
            }
            let file = src.split(separator: "/").last.map { String($0.prefix { $0 != "?" }) } ?? "image.png"
            let month = Moment(seconds: clock).naive.prefix(7).split(separator: "-").joined(separator: "/")
            found.append(
                ImageRow(
                    id: newPost(), src: "/wp-content/uploads/\(month)/\(file)",
                    name: entry["name"]?.string ?? String(file.prefix { $0 != "." }),
                    alt: entry["alt"]?.string ?? "", created: clock))
        }
        return found
    }

    /// Meta data: by id, else by key; null removes; plain values become texts.
    mutating func writeMeta(_ json: JSON?, to meta: inout [MetaRow]) {
        for entry in json?.array ?? [] {
            let id = entry["id"]?.integer
            guard let key = entry["key"]?.string ?? meta.first(where: { $0.id == id })?.key else { continue }
            let place = meta.firstIndex { id == nil ? $0.key == key : $0.id == id }
            let value = Self.stored(entry["value"] ?? .null)
            switch (place, value.isNull) {
            case (let place?, true): meta.remove(at: place)
            case (let place?, false): meta[place] = MetaRow(id: meta[place].id, key: key, value: value)
            case (nil, true): break
            case (nil, false): meta.append(MetaRow(id: newMeta(), key: key, value: value))
            }
        }
    }

    private static func stored(_ value: JSON) -> JSON {
        switch value {
        case .number(let text): .string(text)
        case .bool(let flag): .string(flag ? "1" : "")
        default: value
        }
    }
}
