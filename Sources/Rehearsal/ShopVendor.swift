import Commerce
import Sandbox
import Wire

/// A WooCommerce shop with its recorded flaws.
struct ShopVendor: Vendor {
    let name: String
    private var shop: WooCommerceSandbox
    private var known = KnownGoods()

    static let secret = "rehearsal-webhook-secret"

    init(name: String, seed: UInt64, skewSeconds: Double) {
        self.name = name
        var options = SandboxOptions(siteURL: "https://\(name).example", webhookSecret: Self.secret, seed: seed)
        options.deliversWithoutTraffic = true
        shop = WooCommerceSandbox(options: options, faults: FaultPlan(clockSkewSeconds: skewSeconds))
    }

    var nature: VendorNature {
        VendorNature(name: name, isShop: true, makesNoTwins: true, findsCreates: true, keepsBooks: false)
    }

    mutating func respond(to request: HTTPRequest, at now: Moment) -> (HTTPResponse, [VendorCall]) {
        let answer = shop.respond(to: request, at: now)
        return (answer.response ?? HTTPResponse(status: 500), answer.webhooks.map(Self.call))
    }

    mutating func advance(to now: Moment) -> [VendorCall] { shop.advance(to: now).map(Self.call) }

    mutating func answered(_ call: Int, status: Int?, at now: Moment) {
        shop.webhookAnswered(call, status: status, at: now)
    }

    mutating func loseHook(isForgotten: Bool, at now: Moment) -> Bool {
        shop.loseWebhooks(isForgotten: isForgotten, at: now) > 0
    }

    func isSigned(_ call: VendorCall, with secret: String) -> Bool {
        call.headers["X-WC-Webhook-Signature"] == Self.signature(call.body, secret)
    }

    private static func signature(_ body: [UInt8], _ secret: String) -> String {
        Signature.base64(Signature.hmacSHA256(body, key: Array(secret.utf8)))
    }

    func unknownCall(at address: String, number: Int, secret: String) -> VendorCall {
        let body = JSON.object(["id": .integer(number), "code": "spring"]).bytes
        let signature = Self.signature(body, secret)
        return VendorCall(
            id: -1, url: address,
            headers: [
                "Content-Type": "application/json", "X-WC-Webhook-Topic": "coupon.updated",
                "X-WC-Webhook-ID": "900", "X-WC-Webhook-Delivery-ID": "u\(number)",
                "X-WC-Webhook-Signature": signature,
            ], body: body)
    }

    var isHooked: Bool { shop.hasActiveWebhooks }
    var rareStates: [String] { [] }

    private static func call(_ webhook: OutgoingWebhook) -> VendorCall {
        VendorCall(id: webhook.id, url: webhook.url, headers: webhook.headers, body: webhook.body)
    }

    /// What a shop says of an interface it does not serve.
    static let noRoute = HTTPResponse(
        status: 404, headers: ["Content-Type": "application/json; charset=UTF-8"],
        body: JSON.object([
            "code": "rest_no_route",
            "message": "No route was found matching the URL and request method.", "data": ["status": 404],
        ]).bytes)

    fileprivate mutating func editLines(_ order: Int, _ edit: WooCommerceSandbox.LineEdit, _ now: Moment) -> Bool {
        shop.editLines(ofOrder: order, edit, at: now)
    }

    // MARK: - What it shows

    func shown(at now: Moment) -> Shown {
        let products = list("/products", "id,sku,name,regular_price,stock_quantity", at: now)
        let orders = list("/orders", "id,status,total,refunds", at: now)
        return Shown(
            goods: products.map(good), orders: orders.map(Self.order))
    }

    func taken(at now: Moment) -> [String: Int] {
        var taken: [String: Int] = [:]
        for order in list("/orders", "id,line_items", at: now) {
            let metas = (order["line_items"]?.array ?? []).flatMap { $0["meta_data"]?.array ?? [] }
            let pieces = metas.filter { $0["key"] == "_reduced_stock" }
                .compactMap { $0["value"]?.scalarText.flatMap { Int($0) } }
            taken[order["id"]?.scalarText ?? ""] = pieces.reduce(0, +)
        }
        return taken
    }

    private func list(_ path: String, _ fields: String, at now: Moment) -> [JSON] {
        let query: [HTTPAddress.QueryItem] = [
            .init("per_page", "100"), .init("status", "any"), .init("_fields", fields),
        ]
        return shop.read(path, query, at: now)?.array ?? []
    }

    private func good(_ json: JSON) -> ShownGood {
        let (id, label) = (json["id"]?.scalarText ?? "", json["sku"]?.string ?? "")
        return ShownGood(
            id: id, number: known.number(of: id, label), label: label,
            name: (json["name"]?.string ?? "").replacing("&amp;", with: "&"),
            price: json["regular_price"]?.string ?? "", stock: json["stock_quantity"]?.integer ?? 0)
    }

    private static func order(_ json: JSON) -> ShownOrder {
        let refunds = (json["refunds"]?.array ?? []).compactMap { $0["total"]?.string }.map { Cents.of($0) }
        return ShownOrder(
            id: json["id"]?.scalarText ?? "", state: json["status"]?.string ?? "",
            total: Cents.of(json["total"]?.string ?? ""), refunded: -refunds.reduce(0, +))
    }

    func showings(in response: HTTPResponse, to request: HTTPRequest) -> [Showing] {
        guard request.address.path.contains("/products"), response.status < 300,
            !request.address.path.contains("/categories"), let json = try? JSON(parsing: response.body)
        else { return [] }
        let batches = ["create", "update"].flatMap { json[$0]?.array ?? [] }
        let rows = json.array ?? (batches.isEmpty ? [json] : batches)
        return rows.compactMap { row in
            guard let id = row["id"]?.scalarText, let number = row["sku"]?.string else { return nil }
            return Showing(id: id, number: known.number(of: id, number), stock: row["stock_quantity"]?.integer)
        }
    }

    func stockSet(by request: HTTPRequest) -> [String: Int] {
        let body = (try? JSON(parsing: request.body)) ?? .null
        let entries = (body["update"]?.array ?? []).compactMap { entry in
            entry["stock_quantity"].flatMap { stock in entry["id"]?.scalarText.map { ($0, stock.integer ?? 0) } }
        }
        return Dictionary(entries, uniquingKeysWith: { $1 })
    }

    func written(by request: HTTPRequest) -> Set<String> {
        guard request.method != "GET", request.address.path.contains("/products") else { return [] }
        let entries = ((try? JSON(parsing: request.body)) ?? .null)["update"]?.array ?? []
        return Set(entries.compactMap { $0["id"]?.scalarText })
    }

    // MARK: - People

    mutating func know(_ id: String, as number: String) { known.know(id, as: number) }

    /// The number a good bears now; nil where it has none.
    private func label(of number: String, at now: Moment) -> String? {
        if known.isEmpty { return number }
        return shown(at: now).goods.first { $0.number == number && !$0.label.isEmpty }?.label
    }

    mutating func rename(_ number: String, to name: String, at now: Moment) -> Bool {
        guard let sku = label(of: number, at: now) else { return false }
        return shop.renameProduct(sku: sku, to: name, at: now)
    }

    mutating func reprice(_ number: String, to price: String, at now: Moment) -> Bool {
        guard let sku = label(of: number, at: now) else { return false }
        return shop.editPrice(sku: sku, to: price, at: now)
    }

    mutating func renumber(_ number: String, to label: String, at now: Moment) -> Bool {
        guard let sku = self.label(of: number, at: now) else { return false }
        return shop.editProduct(sku: sku, ["sku": .string(label)], at: now)
    }

    mutating func count(_ number: String, to quantity: Int, at now: Moment) -> Bool {
        guard let sku = label(of: number, at: now) else { return false }
        return shop.setStock(sku: sku, to: quantity, at: now)
    }

    mutating func add(_ good: NewGood, at now: Moment) -> Bool {
        shop.createProduct(
            [
                "name": .string(good.name), "sku": .string(good.number), "regular_price": .string(good.price),
                "manage_stock": true, "stock_quantity": .integer(good.stock), "status": "publish",
            ], at: now) != nil
    }

    mutating func remove(_ number: String, at now: Moment) -> Bool {
        guard let sku = label(of: number, at: now) else { return false }
        return shop.deleteProduct(sku: sku, forEver: true, at: now)
    }

    mutating func sell(_ number: String, _ quantity: Int, to buyer: String, at now: Moment) -> String? {
        guard let sku = label(of: number, at: now) else { return nil }
        return shop.placeOrder([.init(sku: sku, quantity: quantity)], .init(email: buyer, name: "Ann Perera"), at: now)
            .map(String.init)
    }

    mutating func turn(order: String, _ turn: OrderTurn, at now: Moment) -> Bool {
        guard let id = Int(order) else { return false }
        return switch turn {
        case .complete: shop.complete(order: id, at: now)
        case .cancel: shop.cancel(order: id, at: now)
        case .refundPart: shop.refund(order: id, amount: "10.00", reason: "scratched", at: now) != nil
        case .refundAll: shop.refund(order: id, reason: "returned", at: now) != nil
        }
    }
}

extension ShopVendor {
    mutating func edit(order: String, _ edit: LineEdit, at now: Moment) -> Bool {
        guard let id = Int(order) else { return false }
        return switch edit {
        case .add(let number, let pieces):
            label(of: number, at: now).map { editLines(id, .add(sku: $0, quantity: pieces), now) } ?? false
        case .alter(let line, let pieces): editLines(id, .alter(line: line, quantity: pieces), now)
        case .remove(let line): editLines(id, .remove(line: line), now)
        }
    }
}

/// Amounts as whole cents, read by the rehearsal itself and not by the code it judges.
enum Cents {
    static func of(_ text: String) -> Int64 {
        let isNegative = text.hasPrefix("-")
        let pieces = text.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        let whole = pieces.first.flatMap { Int64($0) } ?? 0
        let digits = pieces.count > 1 ? String(pieces[1].prefix(2)) : ""
        let padded = digits + String(repeating: "0", count: 2 - digits.count)
        let cents = whole * 100 + (Int64(padded) ?? 0)
        return isNegative ? -cents : cents
    }

    static func text(_ cents: Int64) -> String {
        let rest = cents % 100
        return "\(cents / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
