import Wire

/// Where a request goes.
enum Place: Hashable {
    case products, product(Int), productBatch
    case variations(Int), variation(Int, Int), variationBatch(Int), allVariations
    case terms(String), term(String, Int), termBatch(String)
    case attributes, attribute(Int), attributeTerms(Int), attributeTerm(Int, Int)
    case customers, customer(Int), customerBatch
    case orders, order(Int), orderBatch
    case refunds(Int), refund(Int, Int), allRefunds
    case notes(Int), note(Int, Int)
    case coupons, coupon(Int)
    case webhooks, webhook(Int)
    case settings, setting(String), currency, status, taxes

    /// The place a path names, or nil when there is no such route.
    init?(_ path: [String]) {
        let numbers = path.map { Int($0) }
        switch (path.first, path.count) {
        case ("products", _):
            guard let place = Self.product(path, numbers) else { return nil }
            self = place
        case ("variations", 1): self = .allVariations
        case ("customers", _):
            guard let place = Self.plain(path, .customers, .customerBatch, Place.customer) else { return nil }
            self = place
        case ("orders", _):
            guard let place = Self.order(path, numbers) else { return nil }
            self = place
        case ("refunds", 1): self = .allRefunds
        case ("coupons", _):
            guard let place = Self.plain(path, .coupons, nil, Place.coupon) else { return nil }
            self = place
        case ("webhooks", _):
            guard let place = Self.plain(path, .webhooks, nil, Place.webhook) else { return nil }
            self = place
        case ("settings", 2) where path[1] == "general": self = .settings
        case ("settings", 3) where path[1] == "general": self = .setting(path[2])
        case ("data", 3) where path[1] == "currencies" && path[2] == "current": self = .currency
        case ("system_status", 1): self = .status
        case ("taxes", 1): self = .taxes
        default: return nil
        }
    }

    private static func plain(_ path: [String], _ all: Place, _ batch: Place?, _ one: (Int) -> Place) -> Place? {
        if path.count == 1 { return all }
        guard path.count == 2 else { return nil }
        return path[1] == "batch" ? batch : Int(path[1]).map(one)
    }

    private static func product(_ path: [String], _ numbers: [Int?]) -> Place? {
        if path.count >= 2, let taxonomy = ["categories": "product_cat", "tags": "product_tag"][path[1]] {
            return plain(Array(path.dropFirst()), .terms(taxonomy), .termBatch(taxonomy)) { .term(taxonomy, $0) }
        }
        if path.count >= 2, path[1] == "attributes" { return attribute(path, numbers) }
        guard path.count > 2 else { return plain(path, .products, .productBatch, Place.product) }
        guard path[2] == "variations", let parent = numbers[1] else { return nil }
        switch path.count {
        case 3: return .variations(parent)
        case 4: return path[3] == "batch" ? .variationBatch(parent) : numbers[3].map { .variation(parent, $0) }
        default: return nil
        }
    }

    private static func attribute(_ path: [String], _ numbers: [Int?]) -> Place? {
        guard path.count > 2 else { return .attributes }
        guard let id = numbers[2] else { return nil }
        if path.count == 3 { return .attribute(id) }
        guard path[3] == "terms" else { return nil }
        if path.count == 4 { return .attributeTerms(id) }
        return path.count == 5 ? numbers[4].map { .attributeTerm(id, $0) } : nil
    }

    private static func order(_ path: [String], _ numbers: [Int?]) -> Place? {
        guard path.count > 2 else { return plain(path, .orders, .orderBatch, Place.order) }
        guard let id = numbers[1] else { return nil }
        switch (path[2], path.count) {
        case ("refunds", 3): return .refunds(id)
        case ("refunds", 4): return numbers[3].map { .refund(id, $0) }
        case ("notes", 3): return .notes(id)
        case ("notes", 4): return numbers[3].map { .note(id, $0) }
        default: return nil
        }
    }

    /// What may be done there, as the `Allow` header says it.
    var methods: [String] {
        switch self {
        case .products, .variations, .terms, .attributes, .attributeTerms, .customers, .orders, .refunds, .notes,
            .coupons, .webhooks:
            ["GET", "POST"]
        case .product, .variation, .term, .attribute, .attributeTerm, .customer, .order, .coupon, .webhook, .setting:
            ["GET", "POST", "PUT", "PATCH", "DELETE"]
        case .productBatch, .variationBatch, .termBatch, .customerBatch, .orderBatch: ["POST", "PUT", "PATCH"]
        case .refund, .note: ["GET", "DELETE"]
        case .allVariations, .allRefunds, .settings, .currency, .status, .taxes: ["GET"]
        }
    }

    /// Whether it names one object.
    var isOne: Bool { methods.contains("DELETE") }

    var isBatch: Bool { !methods.contains("GET") }
}
