import Commerce

extension WooCommerceSandbox {
    /// The product whose variations are asked for.
    private func parent(_ id: Int, _ status: Int) throws(ShopError) -> ProductRow {
        guard let row = products[id], !row.isVariation else { throw .invalidID("product", status) }
        return row
    }

    func listVariations(_ call: Call, of parent: Int) throws(ShopError) -> Reply {
        let ids = try self.parent(parent, 404).variations
        return listVariations(call, at: "/products/\(parent)/variations", own: ids)
    }

    /// The variations of all products, a list only recent versions have.
    func listAllVariations(_ call: Call) -> Reply {
        listVariations(call, at: "/variations", own: nil)
    }

    private func listVariations(_ call: Call, at path: String, own: [Int]?) -> Reply {
        let query = query(call, order: "date")
        let status = call.text("status") ?? "any"
        let code = StatusCode.of(status)
        let skus = call.list("sku").map { Set($0.map { $0.lowercased() }) }
        let found = find(
            products, query, sorted: own,
            isShown: { row in
                row.owner != 0 && (status == "any" || row.status == code) && query.admits(row)
            }, matches: skus.map { skus in { skus.contains($0.sku.lowercased()) } })
        let nodes = found.rows.map { variationNode($0, call.view, own: path) }
        return listReply(nodes, total: found.total, query, call)
    }

    mutating func createVariation(_ call: Call, of parent: Int) throws(ShopError) -> Reply {
        let row = try addVariation(call.body, of: try self.parent(parent, 404))
        // The recorded address of a new variation is the route's pattern, not its address.
        let location = "\(call.base)\(Call.root)/products/(?P<product_id>[\\d]+)/variations/\(row.id)"
        return .created(variationNode(row, call.view, own: "/products/\(parent)/variations"), at: location)
    }

    mutating func addVariation(_ body: JSON, of parent: ProductRow) throws(ShopError) -> ProductRow {
        var row = ProductRow(id: 0, parent: parent.id, type: "variation", created: clock, modified: clock)
        try write(body, to: &row)
        row.id = newPost()
        row.slug = newSlug("\(parent.slug)-\(optionText(row))")
        remember(row)
        products.insert(row)
        touchParent(parent.id) { $0.variations.append(row.id) }
        fire("product.created", row.id)
        return row
    }

    /// A variation's change moves its product's time of change, but sends nothing for it.
    private mutating func touchParent(_ id: Int, _ change: (inout ProductRow) -> Void = { _ in }) {
        let second = clock
        products.update(id) { row in
            change(&row)
            row.modified = second
        }
    }

    mutating func oneVariation(_ call: Call, of parent: Int, _ id: Int) throws(ShopError) -> Reply {
        guard let row = products[id], row.isVariation, row.parent == parent else {
            throw .invalidID("product_variation", 404)
        }
        let own = "/products/\(parent)/variations"
        switch call.method {
        case "GET": return Reply(node: variationNode(row, call.view, own: own))
        case "DELETE":
            let shown = variationNode(row, call.view, own: own)
            removeProduct(row)
            touchParent(parent)
            return Reply(node: shown)
        default:
            let changed = try change(row, call.body)
            touchParent(parent)
            fire("product.updated", id)
            return Reply(node: variationNode(changed, call.view, own: own))
        }
    }

    /// A variation as its own endpoint shows it.
    private func variationNode(_ row: ProductRow, _ view: View, own path: String) -> Node {
        let all = Dictionary(node(row, view).members.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        let member = { (name: String) in Node.Member(name, all[name] ?? .null) }
        var members: [Node.Member] = Self.variationStart.map(member)
        members += Self.variationSale.map(member)
        // A variation shows its own answer to a write with the word it inherits its tax class by.
        let taxClass = view.isAnswerToWrite && row.taxClass.isEmpty ? "parent" : row.taxClass
        members += [.init("tax_class", .text(taxClass))] + Self.variationStock.map(member)
        members += [
            .init("image", row.images.first.map { image($0, view) } ?? .null), .init("gallery_image_ids", []),
        ]
        members += ["attributes", "menu_order", "meta_data"].map(member)
        members += [.init("name", .text(optionText(row))), .init("parent_id", .int(row.parent))]
        members.append(.init("_links", variationLinks(row, view, own: path)))
        return .object(members)
    }

    private func variationLinks(_ row: ProductRow, _ view: View, own path: String) -> Node {
        // The flat list does not know whose variations it shows: its links go to product 0.
        let isFlat = path == "/variations"
        return view.links(
            "\(path)/\(row.id)", of: path, allow: isFlat ? nil : View.all,
            more: [view.up("/products/\(isFlat ? 0 : row.parent)")])
    }

    private static let variationStart = [
        "id", "type", "date_created", "date_created_gmt", "date_modified", "date_modified_gmt", "description",
        "permalink", "sku", "global_unique_id", "price", "regular_price", "sale_price",
    ]

    private static let variationSale = [
        "date_on_sale_from", "date_on_sale_from_gmt", "date_on_sale_to", "date_on_sale_to_gmt", "on_sale", "status",
        "purchasable", "virtual", "downloadable", "downloads", "download_limit", "download_expiry", "tax_status",
    ]

    private static let variationStock = [
        "manage_stock", "stock_quantity", "stock_status", "backorders", "backorders_allowed", "backordered",
        "low_stock_amount", "weight", "dimensions", "shipping_class", "shipping_class_id",
    ]
}
