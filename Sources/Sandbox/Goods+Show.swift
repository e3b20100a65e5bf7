import Commerce

/// Showing products and variations, in the recorded order of members.
extension WooCommerceSandbox {
    /// A product as `/products` shows it; a variation too, when it is asked for there.
    func node(_ row: ProductRow, _ view: View) -> Node {
        var members = head(row, view) + prices(row) + middle(row, view) + stock(row)
        members += body(row, view)
        members += tail(row, view)
        let up = row.isVariation ? [view.up("/products/\(row.parent)")] : []
        members.append(.init("_links", view.links("/products/\(row.id)", of: "/products", more: up)))
        return .object(members)
    }

    private func head(_ row: ProductRow, _ view: View) -> [Node.Member] {
        let text = { (text: String) in Node.text(view.isRaw ? text : ShopText.paragraphs(text)) }
        return [
            .init("id", .int(row.id)), .init("name", .text(fullName(row))), .init("slug", .text(row.slug)),
            .init("permalink", permalink(row, view)),
            .init("date_created", local(row.created)), .init("date_created_gmt", gmt(row.created)),
            .init("date_modified", local(row.modified)), .init("date_modified_gmt", gmt(row.modified)),
            .init("type", .text(row.type)), .init("status", .text(row.status)),
            .init("featured", extra(row, "featured", false)),
            .init("catalog_visibility", extra(row, "catalog_visibility", "visible")),
            .init("description", text(row.description)), .init("short_description", text(row.summary)),
            .init("sku", .text(row.sku)),
        ]
    }

    private func prices(_ row: ProductRow) -> [Node.Member] {
        let price = currentPrice(row)
        let isVariable = row.type == "variable"
        return [
            .init("price", .text(price)), .init("regular_price", .text(isVariable ? "" : row.regular)),
            .init("sale_price", .text(isVariable ? "" : row.sale)),
        ] + saleDates(row) + [
            .init("on_sale", .bool(isOnSale(row))),
            .init("purchasable", .bool(!price.isEmpty && row.status != "trash")),
        ]
    }

    private func saleDates(_ row: ProductRow) -> [Node.Member] {
        [
            .init("date_on_sale_from", local(row.saleFrom)), .init("date_on_sale_from_gmt", gmt(row.saleFrom)),
            .init("date_on_sale_to", local(row.saleTo)), .init("date_on_sale_to_gmt", gmt(row.saleTo)),
        ]
    }

    private func middle(_ row: ProductRow, _ view: View) -> [Node.Member] {
        [
            .init("total_sales", row.isVariation ? .text(String(row.sold)) : .int(row.sold)),
            .init("virtual", extra(row, "virtual", false)), .init("downloadable", extra(row, "downloadable", false)),
            .init("downloads", []), .init("download_limit", -1), .init("download_expiry", -1),
            .init("external_url", extra(row, "external_url", "")),
            .init("button_text", extra(row, "button_text", "")), .init("tax_status", .text(row.taxStatus)),
            .init("tax_class", .text(row.taxClass)),
        ]
    }

    private func stock(_ row: ProductRow) -> [Node.Member] {
        [
            .init("manage_stock", .bool(row.isTracked)),
            .init("stock_quantity", row.isTracked ? .int(row.stock) : .null),
            .init("backorders", .text(row.backorders)), .init("backorders_allowed", .bool(row.backorders != "no")),
            .init("backordered", .bool(row.stockStatus == "onbackorder")),
            .init("low_stock_amount", .intOrNull(row.lowStock)),
            .init("sold_individually", extra(row, "sold_individually", false)), .init("weight", .text(row.weight)),
            .init("dimensions", dimensions(row)),
        ]
    }

    func dimensions(_ row: ProductRow) -> Node {
        ["length": .text(row.length), "width": .text(row.width), "height": .text(row.height)]
    }

    private func body(_ row: ProductRow, _ view: View) -> [Node.Member] {
        let isVirtual = row.extras["virtual"] == true
        return [
            .init("shipping_required", .bool(!isVirtual)), .init("shipping_taxable", .bool(!isVirtual)),
            .init("shipping_class", extra(row, "shipping_class", "")), .init("shipping_class_id", 0),
            .init("reviews_allowed", extra(row, "reviews_allowed", .bool(!row.isVariation))),
            .init("average_rating", .text(view.isRaw ? "0" : "0.00")), .init("rating_count", 0),
            .init("upsell_ids", extra(row, "upsell_ids", [])),
            .init("cross_sell_ids", extra(row, "cross_sell_ids", [])),
            .init("parent_id", .int(row.parent)), .init("purchase_note", extra(row, "purchase_note", "")),
            .init("categories", categories(row.categories)), .init("brands", []),
            .init("tags", categories(row.tags)), .init("images", .list(row.images.map { image($0, view) })),
            .init("attributes", .list(row.attributes.map { attribute($0, of: row) })),
            .init("default_attributes", .list(row.defaults.map(defaultAttribute))),
            .init("variations", .list(row.variations.map(Node.int))),
            .init("grouped_products", extra(row, "grouped_products", [])), .init("menu_order", .int(row.menuOrder)),
        ]
    }

    private func tail(_ row: ProductRow, _ view: View) -> [Node.Member] {
        var members: [Node.Member] = [
            .init("price_html", .text(priceHTML(row))), .init("related_ids", []),
            .init("meta_data", metaNode(row.meta)), .init("stock_status", .text(stockStatus(row))),
            .init("has_options", .bool(row.type == "variable")), .init("post_password", ""),
            .init("global_unique_id", .text(row.gtin)),
        ]
        if view.isRaw {
            members.append(.init("permalink_template", .text(view.base + "/product/%pagename%/")))
            let slug = row.slug.removingPercentEncoding ?? row.slug
            members.append(.init("generated_slug", .text(slug)))
        }
        return members
    }

    private func extra(_ row: ProductRow, _ name: String, _ standard: Node) -> Node {
        row.extras[name].map(Node.init) ?? standard
    }

    private func permalink(_ row: ProductRow, _ view: View) -> Node {
        if row.status == "trash" { return .text("\(view.base)/?post_type=product&p=\(row.id)") }
        guard row.isVariation else { return .text("\(view.base)/product/\(row.slug)/") }
        let chosen = row.attributes.map { choice in
            "attribute_" + (choice.id == 0 ? choice.name.lowercased() : slug(of: choice)) + "="
                + (choice.id == 0 ? choice.options.first ?? "" : ShopText.slug(choice.options.first ?? ""))
        }
        return .text("\(view.base)/product/\(products[row.parent]?.slug ?? "")/?\(chosen.joined(separator: "&"))")
    }

    /// "Silver Tips - 100 g" for a variation, else the name.
    func fullName(_ row: ProductRow) -> String {
        guard row.isVariation else { return row.name }
        return "\(products[row.parent]?.name ?? "") - \(optionText(row))"
    }

    func optionText(_ row: ProductRow) -> String {
        row.attributes.compactMap(\.options.first).joined(separator: ", ")
    }

    private func slug(of choice: AttributeChoice) -> String {
        attributes.first { $0.id == choice.id }?.slug ?? choice.name
    }

    func attribute(_ choice: AttributeChoice, of row: ProductRow) -> Node {
        let slug = choice.id == 0 && row.isVariation ? choice.name.lowercased() : slug(of: choice)
        let start: [Node.Member] = [
            .init("id", .int(choice.id)), .init("name", .text(choice.name)), .init("slug", .text(slug)),
        ]
        if row.isVariation { return .object(start + [.init("option", .text(choice.options.first ?? ""))]) }
        return .object(
            start + [
                .init("position", .int(choice.position)), .init("visible", .bool(choice.isVisible)),
                .init("variation", .bool(choice.isForVariations)),
                .init("options", .list(choice.options.map(Node.text))),
            ])
    }

    private func defaultAttribute(_ choice: AttributeChoice) -> Node {
        let option = choice.options.first ?? ""
        return [
            "id": .int(choice.id), "name": .text(choice.name),
            "option": .text(choice.id == 0 ? option : ShopText.slug(option)),
        ]
    }

    private func categories(_ ids: [Int]) -> Node {
        let found = ids.compactMap { terms[$0] }.sorted { $0.name < $1.name }
        return .list(found.map { ["id": .int($0.id), "name": .text($0.name), "slug": .text($0.slug)] })
    }

    /// A picture. Its local time is shifted by the time zone twice: so it was recorded.
    func image(_ row: ImageRow, _ view: View) -> Node {
        let src = Node.text(view.base + row.src)
        return [
            "id": .int(row.id), "date_created": local(row.created + utcOffsetSeconds),
            "date_created_gmt": gmt(row.created), "date_modified": local(row.created + utcOffsetSeconds),
            "date_modified_gmt": gmt(row.created), "src": src, "name": .text(row.name), "alt": .text(row.alt),
            "srcset": src, "sizes": "(max-width: 320px) 100vw, 320px", "thumbnail": src,
        ]
    }

    func metaNode(_ meta: [MetaRow]) -> Node {
        .list(meta.map { ["id": .int($0.id), "key": .text($0.key), "value": Node($0.value)] })
    }
}
