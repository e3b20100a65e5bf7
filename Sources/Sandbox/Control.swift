import Commerce
import Wire

/// The stand-in's own addresses, for whoever drives a demo or a test over HTTP. The real shop has nothing like them;
/// they ask for no key, because a stand-in guards nothing.
///
///     GET    /_sandbox/state       counts, webhooks, what waits
///     GET    /_sandbox/digest      a digest of every product, customer and order: equal shops give equal ones
///     POST   /_sandbox/faults      {"rules": [...], "clockSkewSeconds": 0} replaces the plan (GET, DELETE)
///     POST   /_sandbox/queue       sends what waits
///     POST   /_sandbox/orders      {"items": [{"sku", "quantity"}], "email", "name"?, "payment"?, "coupon"?}
///     POST   /_sandbox/complete    {"order": 120}          POST /_sandbox/cancel   {"order": 120}
///     POST   /_sandbox/refund      {"order": 120, "amount"?: "10.00", "reason"?}
///     POST   /_sandbox/price       {"sku", "price"}        POST /_sandbox/stock    {"sku", "quantity"}
///     POST   /_sandbox/product     {"sku", "set": {...}}   POST /_sandbox/delete   {"sku", "force"?: true}
///     POST   /_sandbox/customer    {"email", "set": {...}} changes a customer, or makes one
extension WooCommerceSandbox {
    static let controlPath = "/_sandbox/"

    mutating func control(_ request: HTTPRequest, at now: Moment) -> SandboxAnswer {
        let verb = String(request.address.path.dropFirst(Self.controlPath.count))
        let body = (try? JSON(parsing: request.body)) ?? [:]
        switch (request.method, verb) {
        case ("GET", "state"): return answer(state)
        case ("GET", "digest"): return answer(["digest": .string(digest)])
        case ("GET", "faults"): return answer(faults.json)
        case ("DELETE", "faults"):
            faults = FaultPlan()
            return answer(faults.json)
        case ("POST", "faults"): return setFaults(body)
        case ("POST", "queue"):
            let sent = runQueue(at: now)
            var answer = answer(["sent": .integer(sent.count)])
            answer.webhooks = sent
            return answer
        case ("POST", _): return act(verb, body, at: now)
        default: return answer(["error": "no such address of the stand-in"], status: 404)
        }
    }

    private func answer(_ json: JSON, status: Int = 200) -> SandboxAnswer {
        SandboxAnswer(response: .json(json, status: status))
    }

    private mutating func setFaults(_ body: JSON) -> SandboxAnswer {
        do throws(FaultPlan.Unreadable) {
            faults = try FaultPlan(json: body)
            return answer(faults.json)
        } catch {
            return answer(["error": .string(error.description)], status: 400)
        }
    }

    private mutating func act(_ verb: String, _ body: JSON, at now: Moment) -> SandboxAnswer {
        let done: JSON?
        switch verb {
        case "orders": done = placed(body, at: now)
        case "complete": done = complete(order: body["order"]?.count ?? 0, at: now) ? [:] : nil
        case "cancel": done = cancel(order: body["order"]?.count ?? 0, at: now) ? [:] : nil
        case "refund":
            done = refund(
                order: body["order"]?.count ?? 0, amount: body["amount"]?.scalarText,
                reason: body["reason"]?.string ?? "", at: now
            ).map { ["refund": .integer($0)] }
        default: done = actOnCatalogue(verb, body, at: now)
        }
        guard let done else {
            return answer(["error": .string("\(verb): no such object, or the shop refused it")], status: 400)
        }
        return answer(done)
    }

    private mutating func placed(_ body: JSON, at now: Moment) -> JSON? {
        let cart = (body["items"]?.array ?? []).compactMap { item in
            item["sku"]?.scalarText.map { CartItem(sku: $0, quantity: item["quantity"]?.count ?? 1) }
        }
        let checkout = Checkout(
            email: body["email"]?.string ?? "guest@example.com", name: body["name"]?.string,
            paymentMethod: body["payment"]?.string ?? "cod", shipping: body["shipping"]?.scalarText ?? "350",
            coupon: body["coupon"]?.string, note: body["note"]?.string ?? "")
        return placeOrder(cart, checkout, at: now).map { ["order": .integer($0)] }
    }

    private mutating func actOnCatalogue(_ verb: String, _ body: JSON, at now: Moment) -> JSON? {
        let sku = body["sku"]?.scalarText ?? ""
        switch verb {
        case "price": return editPrice(sku: sku, to: body["price"]?.scalarText ?? "", at: now) ? [:] : nil
        case "stock": return setStock(sku: sku, to: body["quantity"]?.count ?? 0, at: now) ? [:] : nil
        case "product":
            let members = body["set"] ?? [:]
            if skus[sku.lowercased()] != nil { return editProduct(sku: sku, members, at: now) ? [:] : nil }
            var all = members.object ?? [:]
            all["sku"] = .string(sku)
            return createProduct(.object(all), at: now).map { ["product": .integer($0)] }
        case "delete":
            return deleteProduct(sku: sku, forEver: body["force"]?.truth ?? false, at: now) ? [:] : nil
        case "customer":
            let email = body["email"]?.string ?? ""
            if editCustomer(email: email, body["set"] ?? [:], at: now) { return [:] }
            return registerCustomer(email: email, body["set"] ?? [:], at: now).map { ["customer": .integer($0)] }
        default: return nil
        }
    }

    /// Counts, webhooks and what waits.
    public var state: JSON {
        let variations = products.rows.reduce(0) { $0 + ($1.isVariation ? 1 : 0) }
        return [
            "products": .integer(products.count - variations), "variations": .integer(variations),
            "customers": .integer(customers.count), "orders": .integer(orders.count),
            "refunds": .integer(refundOrders.count), "waiting": .integer(queue.jobs.count),
            "webhooks": .array(
                webhooks.rows.map { row in
                    [
                        "id": .integer(row.id), "topic": .string(row.topic), "url": .string(row.url),
                        "status": .string(row.status), "failures": .integer(row.failures),
                    ]
                }),
        ]
    }

    /// A digest of every product, customer and order.
    public var digest: String {
        var bytes: [UInt8] = []
        let view = View(base: options.siteURL, context: .edit, isAnswerToWrite: false)
        var sum = Signature.sha256(Array("shop".utf8))
        let add = { (node: Node) in
            bytes = sum
            node.write(into: &bytes)
            sum = Signature.sha256(bytes)
        }
        for row in products.rows { add(node(row, view)) }
        for row in customers.rows { add(node(row, view)) }
        for row in orders.rows { add(node(row, view)) }
        return Signature.hex(sum)
    }
}
