import Commerce

extension WooCommerceSandbox {
    func listProducts(_ call: Call) -> Reply {
        var query = query(call, order: "date")
        let status = call.text("status") ?? "any"
        let code = StatusCode.of(status)
        let trash = StatusCode.of("trash")
        // A search by SKU finds variations too; every other list leaves them out.
        let showsVariations = call.list("sku") != nil
        if query.order == "id" || query.order == "include" { query.order = "date" }
        let found = find(
            products, query, sorted: sortKey(query.order).map { ids(products, by: $0) },
            isShown: { row in
                (showsVariations || row.owner == 0) && (status == "any" ? row.status != trash : row.status == code)
                    && query.admits(row)
            }, matches: filter(call, query))
        return listReply(found.rows.map { node($0, call.view) }, total: found.total, query, call)
    }

    /// The filters that look at a row itself; nil where the call has none of them.
    private func filter(_ call: Call, _ query: ListQuery) -> ((ProductRow) -> Bool)? {
        let skus = call.list("sku").map { Set($0.map { $0.lowercased() }) }
        let category = call.ids("category").map(Set.init)
        let (type, slug, stock) = (call.text("type"), call.text("slug"), call.text("stock_status"))
        let search = query.search
        if skus == nil, category == nil, type == nil, slug == nil, stock == nil, search == nil { return nil }
        return { row in
            if let skus, !skus.contains(row.sku.lowercased()) { return false }
            if let type, row.type != type { return false }
            if let category, category.isDisjoint(with: row.categories) { return false }
            if let slug, row.slug != slug { return false }
            if let stock, self.stockStatus(row) != stock { return false }
            guard let search else { return true }
            return [row.name, row.description, row.sku].contains { $0.lowercased().contains(search) }
        }
    }

    /// What a list is sorted by where no index has that order; nil for date, id and modified.
    private func sortKey(_ order: String) -> ((ProductRow) -> String)? {
        switch order {
        case "title": { $0.name.lowercased() }
        case "slug": { $0.slug }
        case "menu_order": { Self.sortable(Double($0.menuOrder)) }
        case "popularity": { Self.sortable(Double($0.sold)) }
        case "price": { Self.sortable(Double(self.currentPrice($0)) ?? 0) }
        default: nil
        }
    }

    /// A text that sorts like the number.
    private static func sortable(_ number: Double) -> String {
        let text = String(Int64((number * 10_000).rounded()) + 1 << 60)
        return String(repeating: "0", count: max(0, 20 - text.count)) + text
    }

    mutating func createProduct(_ call: Call) throws(ShopError) -> Reply {
        let row = try addProduct(call.body)
        return .created(node(row, call.view), at: "\(call.base)\(Call.root)/products/\(row.id)")
    }

    /// Makes a product and tells who listens.
    mutating func addProduct(_ body: JSON) throws(ShopError) -> ProductRow {
        var row = ProductRow(id: 0, created: clock, modified: clock)
        try write(body, to: &row)
        if row.name.isEmpty { row.name = "Product" }
        if row.categories.isEmpty { row.categories = [15] }
        row.slug = newSlug(body["slug"]?.string ?? row.name)
        row.id = newPost()
        remember(row)
        products.insert(row)
        fire("product.created", row.id)
        return row
    }

    /// Notes the keys of a row and counts it in its categories.
    mutating func remember(_ row: ProductRow) {
        if !row.sku.isEmpty { skus[row.sku.lowercased()] = row.id }
        if !row.gtin.isEmpty { gtins[row.gtin] = row.id }
        for term in row.categories + row.tags { productsInTerm[term, default: 0] += 1 }
    }

    mutating func forget(_ row: ProductRow) {
        if !row.sku.isEmpty { skus[row.sku.lowercased()] = nil }
        if !row.gtin.isEmpty { gtins[row.gtin] = nil }
        for term in row.categories + row.tags { productsInTerm[term, default: 0] -= 1 }
    }

    /// A slug nobody has.
    mutating func newSlug(_ name: String) -> String {
        let slug = ShopText.slug(name)
        var candidate = slug
        var number = 1
        while slugs.contains(candidate) {
            number += 1
            candidate = "\(slug)-\(number)"
        }
        slugs.insert(candidate)
        return candidate
    }

    mutating func oneProduct(_ call: Call, _ id: Int) throws(ShopError) -> Reply {
        guard let row = products[id] else {
            throw .invalidID("product", ["GET", "DELETE"].contains(call.method) ? 404 : 400)
        }
        switch call.method {
        case "GET": return Reply(node: node(row, call.view))
        case "DELETE": return try deleteProduct(row, call)
        default:
            let changed = try change(row, call.body)
            fire("product.updated", id)
            return Reply(node: node(changed, call.view))
        }
    }

    /// Writes to a product or variation. Every write counts as a change, one of nothing too.
    mutating func change(_ row: ProductRow, _ body: JSON) throws(ShopError) -> ProductRow {
        var changed = row
        forget(row)
        do throws(ShopError) {
            try write(body, to: &changed)
        } catch {
            remember(row)
            throw error
        }
        if let slug = body["slug"]?.string, slug != row.slug { changed.slug = newSlug(slug) }
        if row.status == "trash", changed.status != "trash" { Self.untrash(&changed) }
        changed.modified = clock
        remember(changed)
        products.update(row.id) { $0 = changed }
        return changed
    }

    static func untrash(_ row: inout ProductRow) {
        row.slug = row.slug.replacing("__trashed", with: "")
        row.meta.removeAll { $0.key == "_wp_desired_post_slug" }
    }

    private mutating func deleteProduct(_ row: ProductRow, _ call: Call) throws(ShopError) -> Reply {
        let shown = node(row, call.view)
        if call.flag("force") {
            removeProduct(row)
        } else if row.status == "trash" {
            throw ShopError(410, "woocommerce_rest_already_trashed", "The product has already been deleted.")
        } else {
            trashProduct(row.id)
        }
        return Reply(node: shown)
    }

    /// Takes a product and its variations out for ever: no webhook says so.
    mutating func removeProduct(_ row: ProductRow) {
        for id in row.variations { if let variation = products.remove(id) { forget(variation) } }
        if row.isVariation { products.update(row.parent) { $0.variations.removeAll { $0 == row.id } } }
        forget(row)
        slugs.remove(row.slug)
        products.remove(row.id)
    }

    mutating func trashProduct(_ id: Int) {
        let metas = (newMeta(), newMeta(), newMeta())
        let second = clock
        products.update(id) { row in
            row.meta += [
                MetaRow(id: metas.0, key: "_wp_trash_meta_status", value: .string(row.status)),
                MetaRow(id: metas.1, key: "_wp_trash_meta_time", value: .string(String(second))),
                MetaRow(id: metas.2, key: "_wp_desired_post_slug", value: .string(row.slug)),
            ]
            row.statusBeforeTrash = row.status
            row.status = "trash"
            row.slug += "__trashed"
            row.modified = second
        }
        fire("product.deleted", id)
    }
}
