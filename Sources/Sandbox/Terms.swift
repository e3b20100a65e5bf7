import Commerce

/// Categories, tags, attributes and their terms. None of them keeps a time of change, and none has a webhook.
extension WooCommerceSandbox {
    func listTerms(_ call: Call, _ taxonomy: String) -> Reply {
        let query = query(call, order: "name", isAscending: true)
        let parent = call.number("parent")
        let slug = call.text("slug")
        let hidesEmpty = call.flag("hide_empty")
        let sorted: [Int]? =
            switch query.order {
            case "id", "include": nil
            case "slug": ids(terms) { $0.slug }
            default: ids(terms) { $0.name.lowercased() }
            }
        let found = find(terms, query, sorted: sorted, isShown: query.admitsID) { row in
            guard row.taxonomy == taxonomy, parent == nil || row.parent == parent, slug == nil || row.slug == slug
            else { return false }
            if hidesEmpty, self.productsInTerm[row.id, default: 0] == 0 { return false }
            return query.search.map { row.name.lowercased().contains($0) } ?? true
        }
        return listReply(found.rows.map { node($0, call.view) }, total: found.total, query, call)
    }

    mutating func createTerm(_ call: Call, _ taxonomy: String) throws(ShopError) -> Reply {
        guard let name = call.body["name"]?.scalarText.map(ShopText.rich), !name.isEmpty else {
            throw ShopError(
                400, "rest_missing_callback_param", "Missing parameter(s): name", [.init("params", ["name"])])
        }
        let parent = call.body["parent"]?.count ?? 0
        if let known = terms.rows.first(where: {
            $0.taxonomy == taxonomy && $0.parent == parent && $0.name.lowercased() == name.lowercased()
        }) {
            throw ShopError(
                400, "term_exists", "A term with the name provided already exists with this parent.",
                [.init("resource_id", .int(known.id))])
        }
        let id = addTerm(
            taxonomy, name: name, parent: parent, slug: call.body["slug"]?.string,
            description: call.body["description"]?.string ?? "")
        guard let row = terms[id] else { throw .noRoute }
        return .created(node(row, call.view), at: "\(call.base)\(Call.root)\(path(of: taxonomy))/\(id)")
    }

    /// Adds a term and gives its id.
    mutating func addTerm(
        _ taxonomy: String, name: String, parent: Int = 0, slug: String? = nil, description: String = ""
    ) -> Int {
        lastTerm += 1
        let wanted = ShopText.slug(slug ?? name)
        let isTaken = terms.rows.contains { $0.taxonomy == taxonomy && $0.slug == wanted }
        terms.insert(
            TermRow(
                id: lastTerm, taxonomy: taxonomy, name: name, slug: isTaken ? "\(wanted)-\(lastTerm)" : wanted,
                parent: parent, description: description))
        return lastTerm
    }

    mutating func oneTerm(_ call: Call, _ taxonomy: String, _ id: Int) throws(ShopError) -> Reply {
        guard var row = terms[id], row.taxonomy == taxonomy else {
            throw ShopError(404, "woocommerce_rest_term_invalid", "Resource does not exist.")
        }
        if call.method == "GET" { return Reply(node: node(row, call.view)) }
        if call.method == "DELETE" {
            guard call.flag("force") else {
                throw ShopError(501, "woocommerce_rest_trash_not_supported", "Resource does not support trashing.")
            }
            let shown = node(row, call.view)
            terms.remove(id)
            return Reply(node: shown)
        }
        if let name = call.body["name"]?.scalarText { row.name = ShopText.rich(name) }
        if let slug = call.body["slug"]?.string { row.slug = ShopText.slug(slug) }
        if let parent = call.body["parent"]?.count { row.parent = parent }
        if let text = call.body["description"]?.string { row.description = ShopText.rich(text) }
        if let text = call.body["display"]?.string { row.display = text }
        if let order = call.body["menu_order"]?.count { row.menuOrder = order }
        terms.update(id) { $0 = row }
        return Reply(node: node(row, call.view))
    }

    private func path(of taxonomy: String) -> String {
        switch taxonomy {
        case "product_cat": "/products/categories"
        case "product_tag": "/products/tags"
        default: "/products/attributes/\(attributes.first { $0.slug == taxonomy }?.id ?? 0)/terms"
        }
    }

    private func node(_ row: TermRow, _ view: View) -> Node {
        let path = path(of: row.taxonomy)
        let isCategory = row.taxonomy == "product_cat"
        var members: [Node.Member] = [
            .init("id", .int(row.id)), .init("name", .text(row.name)), .init("slug", .text(row.slug)),
        ]
        if isCategory { members.append(.init("parent", .int(row.parent))) }
        members.append(.init("description", .text(row.description)))
        if isCategory { members += [.init("display", .text(row.display)), .init("image", .null)] }
        if row.taxonomy != "product_tag" { members.append(.init("menu_order", .int(row.menuOrder))) }
        members.append(.init("count", .int(productsInTerm[row.id, default: 0])))
        let up = row.parent == 0 ? [] : [view.up("\(path)/\(row.parent)")]
        members.append(.init("_links", view.links("\(path)/\(row.id)", of: path, more: up)))
        return .object(members)
    }

    // MARK: - Attributes

    func taxonomy(of attribute: Int) throws(ShopError) -> String {
        guard let row = attributes.first(where: { $0.id == attribute }) else {
            throw ShopError(404, "woocommerce_rest_taxonomy_invalid", "Taxonomy does not exist.")
        }
        return row.slug
    }

    func listAttributes(_ call: Call) -> Reply {
        let fields = call.fields
        return Reply(node: .list(attributes.map { node($0, call.view).keeping(fields) }))
    }

    mutating func createAttribute(_ call: Call) throws(ShopError) -> Reply {
        let name = call.body["name"]?.scalarText.map(ShopText.plain) ?? ""
        let given = call.body["slug"]?.string.map { $0.hasPrefix("pa_") ? String($0.dropFirst(3)) : $0 } ?? name
        let slug = "pa_" + ShopText.slug(given)
        guard !attributes.contains(where: { $0.slug == slug }) else {
            throw ShopError(
                400, "woocommerce_rest_cannot_create",
                "Slug \"\(slug.dropFirst(3))\" is already in use. Change it, please.")
        }
        let row = AttributeRow(
            id: (attributes.map(\.id).max() ?? 0) + 1, name: name, slug: slug,
            type: call.body["type"]?.string ?? "select", order: call.body["order_by"]?.string ?? "menu_order",
            hasArchives: call.body["has_archives"]?.truth ?? false)
        attributes.append(row)
        return .created(
            node(row, call.view), at: "\(call.base)\(Call.root)/products/attributes/\(row.id)")
    }

    mutating func oneAttribute(_ call: Call, _ id: Int) throws(ShopError) -> Reply {
        guard let place = attributes.firstIndex(where: { $0.id == id }) else {
            throw ShopError(404, "woocommerce_rest_attribute_invalid", "Resource does not exist.")
        }
        switch call.method {
        case "GET": break
        case "DELETE":
            let shown = node(attributes[place], call.view)
            attributes.remove(at: place)
            return Reply(node: shown)
        default:
            if let name = call.body["name"]?.scalarText { attributes[place].name = ShopText.plain(name) }
        }
        return Reply(node: node(attributes[place], call.view))
    }

    private func node(_ row: AttributeRow, _ view: View) -> Node {
        [
            "id": .int(row.id), "name": .text(row.name), "slug": .text(row.slug), "type": .text(row.type),
            "order_by": .text(row.order), "has_archives": .bool(row.hasArchives),
            "_links": view.links("/products/attributes/\(row.id)", of: "/products/attributes"),
        ]
    }
}
