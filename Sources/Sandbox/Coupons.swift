import Commerce

/// Coupons, as far as orders need them.
extension WooCommerceSandbox {
    func listCoupons(_ call: Call) -> Reply {
        let query = query(call, order: "date")
        let code = call.text("code")?.lowercased()
        let found = find(coupons, query, isShown: query.admits) { code == nil || $0.code == code }
        return listReply(found.rows.map { node($0, call.view) }, total: found.total, query, call)
    }

    mutating func createCoupon(_ call: Call) throws(ShopError) -> Reply {
        guard let code = call.body["code"]?.scalarText?.lowercased(), !code.isEmpty else {
            throw ShopError(
                400, "rest_missing_callback_param", "Missing parameter(s): code", [.init("params", ["code"])])
        }
        guard !coupons.rows.contains(where: { $0.code == code }) else {
            throw ShopError(
                400, "woocommerce_rest_coupon_code_already_exists", "The coupon code already exists")
        }
        let row = addCoupon(
            code, type: call.body["discount_type"]?.string ?? "fixed_cart",
            amount: call.body["amount"]?.scalarText ?? "0", minimum: call.body["minimum_amount"]?.scalarText ?? "0")
        return .created(node(row, call.view), at: "\(call.base)\(Call.root)/coupons/\(row.id)")
    }

    mutating func addCoupon(_ code: String, type: String, amount: String, minimum: String = "0") -> CouponRow {
        let row = CouponRow(
            id: newPost(), code: code, type: type, amount: ShopText.decimal(amount),
            minimum: ShopText.decimal(minimum), created: clock, modified: clock)
        coupons.insert(row)
        return row
    }

    mutating func oneCoupon(_ call: Call, _ id: Int) throws(ShopError) -> Reply {
        guard var row = coupons[id] else {
            throw .invalidID("shop_coupon", ["GET", "DELETE"].contains(call.method) ? 404 : 400)
        }
        switch call.method {
        case "GET": break
        case "DELETE": coupons.remove(id)
        default:
            if let amount = call.body["amount"]?.scalarText { row.amount = ShopText.decimal(amount) }
            row.modified = clock
            coupons.update(id) { $0 = row }
        }
        return Reply(node: node(row, call.view))
    }

    private func node(_ row: CouponRow, _ view: View) -> Node {
        let start: Node = [
            "id": .int(row.id), "code": .text(row.code), "amount": amountNode(minorUnits(row.amount)),
            "status": "publish", "date_created": local(row.created), "date_created_gmt": gmt(row.created),
            "date_modified": local(row.modified), "date_modified_gmt": gmt(row.modified),
            "discount_type": .text(row.type), "description": "", "date_expires": nil, "date_expires_gmt": nil,
            "usage_count": .int(row.used), "individual_use": false,
        ]
        let end: Node = [
            "product_ids": [], "excluded_product_ids": [], "usage_limit": nil, "usage_limit_per_user": nil,
            "limit_usage_to_x_items": nil, "free_shipping": false, "product_categories": [],
            "excluded_product_categories": [], "exclude_sale_items": false,
            "minimum_amount": amountNode(minorUnits(row.minimum)), "maximum_amount": amountNode(0),
            "email_restrictions": [], "used_by": [], "meta_data": metaNode(row.meta),
            "_links": view.links("/coupons/\(row.id)", of: "/coupons"),
        ]
        return .object(start.members + end.members)
    }
}
