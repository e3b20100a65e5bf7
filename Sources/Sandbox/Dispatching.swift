import Commerce

extension WooCommerceSandbox {
    /// Hands a call to the one that answers it.
    mutating func dispatch(_ call: Call, to place: Place) throws(ShopError) -> Reply {
        switch place {
        case .products, .product, .productBatch, .variations, .variation, .variationBatch, .allVariations:
            try dispatchProducts(call, place)
        case .terms, .term, .termBatch, .attributes, .attribute, .attributeTerms, .attributeTerm:
            try dispatchTerms(call, place)
        case .customers: call.method == "GET" ? listCustomers(call) : try createCustomer(call)
        case .customer(let id): try oneCustomer(call, id)
        case .customerBatch: try batch(call) { .customer($0) }
        case .orders, .order, .orderBatch, .refunds, .refund, .allRefunds, .notes, .note:
            try dispatchOrders(call, place)
        case .coupons: call.method == "GET" ? listCoupons(call) : try createCoupon(call)
        case .coupon(let id): try oneCoupon(call, id)
        case .webhooks: call.method == "GET" ? listWebhooks(call) : try createWebhook(call)
        case .webhook(let id): try oneWebhook(call, id)
        case .settings: Reply(node: .list(generalSettings(call)))
        case .setting(let id): try oneSetting(call, id)
        case .currency: Reply(node: currencyNode)
        case .status: Reply(node: statusNode)
        case .taxes: listTaxes(call)
        }
    }

    private mutating func dispatchProducts(_ call: Call, _ place: Place) throws(ShopError) -> Reply {
        switch place {
        case .product(let id): try oneProduct(call, id)
        case .productBatch: try batch(call) { .product($0) }
        case .variations(let parent):
            call.method == "GET" ? try listVariations(call, of: parent) : try createVariation(call, of: parent)
        case .variation(let parent, let id): try oneVariation(call, of: parent, id)
        case .variationBatch(let parent): try batch(call) { .variation(parent, $0) }
        case .allVariations: listAllVariations(call)
        default: call.method == "GET" ? listProducts(call) : try createProduct(call)
        }
    }

    private mutating func dispatchTerms(_ call: Call, _ place: Place) throws(ShopError) -> Reply {
        switch place {
        case .terms(let taxonomy): call.method == "GET" ? listTerms(call, taxonomy) : try createTerm(call, taxonomy)
        case .term(let taxonomy, let id): try oneTerm(call, taxonomy, id)
        case .termBatch(let taxonomy): try batch(call) { .term(taxonomy, $0) }
        case .attribute(let id): try oneAttribute(call, id)
        case .attributeTerms(let id):
            call.method == "GET"
                ? listTerms(call, try taxonomy(of: id)) : try createTerm(call, try taxonomy(of: id))
        case .attributeTerm(let attribute, let id): try oneTerm(call, try taxonomy(of: attribute), id)
        default: call.method == "GET" ? listAttributes(call) : try createAttribute(call)
        }
    }

    private mutating func dispatchOrders(_ call: Call, _ place: Place) throws(ShopError) -> Reply {
        switch place {
        case .order(let id): try oneOrder(call, id)
        case .orderBatch: try batch(call) { .order($0) }
        case .refunds(let order):
            call.method == "GET" ? try listRefunds(call, of: order) : try createRefund(call, of: order)
        case .refund(let order, let id): try oneRefund(call, of: order, id)
        case .allRefunds: listAllRefunds(call)
        case .notes(let order):
            call.method == "GET" ? try listNotes(call, of: order) : try createNote(call, of: order)
        case .note(let order, let id): try oneNote(call, of: order, id)
        default: call.method == "GET" ? listOrders(call) : try createOrder(call)
        }
    }

    // MARK: - Many at once

    /// How many entries one batch may have, created, updated and deleted together.
    static let batchLimit = 100

    /// Answers 200 whatever becomes of the entries: each refused one is an error in its place. Entries meet no
    /// validation, so what a single request refuses (a price as a number) is taken here.
    mutating func batch(_ call: Call, _ place: (Int) -> Place) throws(ShopError) -> Reply {
        let parts = ["create", "update", "delete"].map { ($0, call.body[$0]?.array ?? []) }
        guard parts.reduce(0, { $0 + $1.1.count }) <= Self.batchLimit else {
            throw ShopError(
                413, "woocommerce_rest_request_entity_too_large",
                "Unable to accept more than \(Self.batchLimit) items for this request.")
        }
        var members: [Node.Member] = []
        for (name, entries) in parts where !entries.isEmpty {
            var nodes: [Node] = []
            for entry in entries { nodes.append(batchEntry(name, entry, call, place)) }
            members.append(.init(name, .list(nodes)))
        }
        return Reply(node: members.isEmpty ? [] : .object(members))
    }

    private mutating func batchEntry(
        _ name: String, _ entry: JSON, _ call: Call, _ place: (Int) -> Place
    ) -> Node {
        var single = call
        single.query = []
        let id = name == "delete" ? entry.count : entry["id"]?.count
        single.method = ["create": "POST", "update": "PUT", "delete": "DELETE"][name] ?? "PUT"
        single.body = name == "delete" ? ["force": true] : entry
        do throws(ShopError) {
            return try dispatch(single, to: name == "create" ? all(place(0)) : place(id ?? 0)).node
        } catch {
            let shown: Node = name == "create" ? 0 : .intOrNull(id)
            return ["id": shown, "error": error.node]
        }
    }

    /// The list an object belongs to.
    private func all(_ place: Place) -> Place {
        switch place {
        case .product: .products
        case .variation(let parent, _): .variations(parent)
        case .term(let taxonomy, _): .terms(taxonomy)
        case .customer: .customers
        default: .orders
        }
    }
}
