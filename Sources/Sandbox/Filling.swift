import Commerce

extension WooCommerceSandbox {
    /// How a filled shop is made.
    public struct Filling: Hashable, Sendable {
        /// Products, variations not counted.
        public var products: Int
        /// Registered customers.
        public var customers: Int
        /// Orders.
        public var orders: Int
        /// Whether there is also what a careless merchant leaves behind: a customer without name and e-mail, a
        /// product without SKU, an order for a product nobody knows.
        public var hasFlaws: Bool

        /// A filling.
        public init(products: Int = 200, customers: Int = 80, orders: Int = 150, hasFlaws: Bool = false) {
            self.products = products
            self.customers = customers
            self.orders = orders
            self.hasFlaws = hasFlaws
        }
    }

    /// A shop that has been open for a year: the same seed gives the same shop.
    ///
    /// - Parameters:
    ///   - seed: where all chance comes from.
    ///   - filling: how much there is in it.
    ///   - now: the time at which the year ends.
    ///   - options: what kind of shop; its seed is replaced.
    /// - Returns: the shop.
    public static func filled(
        seed: UInt64, _ filling: Filling = Filling(), now: Moment, options: SandboxOptions = SandboxOptions()
    ) -> WooCommerceSandbox {
        var options = options
        options.seed = seed
        var shop = WooCommerceSandbox(options: options)
        let end = now.milliseconds / 1000
        let start = end - 365 * 86_400
        shop.clock = start
        shop.fillCategories()
        _ = shop.addCoupon("welcome10", type: "percent", amount: "10")
        _ = shop.addCoupon("festive", type: "fixed_cart", amount: "250")
        shop.fillProducts(filling.products, from: start, to: start + 60 * 86_400)
        shop.fillCustomers(filling.customers, from: start, to: end - 86_400)
        shop.fillOrders(filling.orders, from: start + 60 * 86_400, to: end - 600)
        if filling.hasFlaws { shop.fillFlaws(at: end - 300) }
        shop.setClock(now)
        shop.queue = WebhookQueue()
        return shop
    }

    /// `filled` with the counts spelled out.
    public static func filled(
        seed: UInt64, products: Int, customers: Int, orders: Int, now: Moment,
        options: SandboxOptions = SandboxOptions()
    ) -> WooCommerceSandbox {
        filled(
            seed: seed, Filling(products: products, customers: customers, orders: orders), now: now, options: options)
    }

    private mutating func fillCategories() {
        for (name, children) in FillingWords.categories {
            let parent = addTerm("product_cat", name: ShopText.rich(name))
            for child in children { _ = addTerm("product_cat", name: ShopText.rich(child), parent: parent) }
        }
        attributes = [
            AttributeRow(id: 1, name: "Pack size", slug: "pa_pack-size"),
            AttributeRow(id: 2, name: "Size", slug: "pa_size"),
        ]
        for pack in FillingWords.packs { _ = addTerm("pa_pack-size", name: pack) }
        for size in FillingWords.sizes { _ = addTerm("pa_size", name: size) }
    }

    // MARK: - Products

    private mutating func fillProducts(_ count: Int, from start: Int64, to end: Int64) {
        let categories = terms.rows.filter { $0.taxonomy == "product_cat" && $0.id != 15 }.map(\.id)
        for number in 0..<max(0, count) {
            clock = start + (end - start) * Int64(number) / Int64(max(1, count))
            var row = filledProduct(number, categories)
            if number % 8 == 3 {
                fillVariable(&row, number)
            } else {
                add(row)
            }
        }
    }

    private mutating func filledProduct(_ number: Int, _ categories: [Int]) -> ProductRow {
        var row = ProductRow(id: newPost(), created: clock, modified: clock + Int64(dice.below(200 * 86_400)))
        let quality = dice.pick(FillingWords.qualities) ?? ""
        let goods = dice.pick(FillingWords.goods) ?? ""
        row.name = ShopText.rich("\(quality) \(goods) \(number + 1)")
        row.slug = newSlug(row.name)
        row.sku = "SB-" + String(repeating: "0", count: max(0, 5 - String(number + 1).count)) + String(number + 1)
        row.description = dice.happens(0.6) ? "<p>\(quality) \(ShopText.rich(goods)), packed by hand.</p>" : ""
        row.summary = dice.happens(0.4) ? "Packed by hand" : ""
        row.categories = dice.pick(categories).map { [$0] } ?? [15]
        row.weight = dice.happens(0.8) ? ExactDecimal(mantissa: Int64(1 + dice.below(400)), scale: 2).description : ""
        if dice.happens(0.3) { row.gtin = "47900" + String(10_000_000 + number) }
        fillPrice(&row)
        row.isTracked = dice.happens(0.8)
        row.stock = row.isTracked ? dice.below(120) : 0
        row.settleStock()
        if dice.happens(0.1) { row.status = "draft" }
        if dice.happens(0.3) {
            row.images = [
                ImageRow(
                    id: newPost(), src: "/wp-content/uploads/2026/01/product-\(number + 1).png",
                    name: "product-\(number + 1)", alt: row.name, created: clock)
            ]
        }
        return row
    }

    private mutating func fillPrice(_ row: inout ProductRow) {
        // Prices between 1 and 100 times a hundred smallest units, on a quarter of the currency where it has decimals.
        let step: Int64 = options.currency.exponent == 0 ? 10 : 25
        let price = step * Int64(20 + dice.below(4000))
        row.regular = amount(price)
        if dice.happens(0.2) { row.sale = amount(price * 9 / 10) }
    }

    private mutating func fillVariable(_ parent: inout ProductRow, _ number: Int) {
        let isPack = number % 16 == 3
        let options = Array((isPack ? FillingWords.packs : FillingWords.sizes).prefix(2 + dice.below(3)))
        let attribute = attributes[isPack ? 0 : 1]
        parent.type = "variable"
        parent.regular = ""
        parent.sale = ""
        parent.isTracked = false
        parent.stockStatus = "instock"
        parent.attributes = [
            AttributeChoice(
                id: attribute.id, name: attribute.name, options: options, isVisible: true, isForVariations: true)
        ]
        var variations: [ProductRow] = []
        for (index, option) in options.enumerated() {
            var row = ProductRow(
                id: parent.id, parent: parent.id, type: "variation", created: clock, modified: parent.modified)
            row.sku = "\(parent.sku)-\(index + 1)"
            row.attributes = [AttributeChoice(id: attribute.id, name: attribute.name, options: [option])]
            fillPrice(&row)
            row.isTracked = true
            row.stock = dice.below(40)
            row.settleStock()
            row.id = newPost()
            row.slug = newSlug("\(parent.slug)-\(option)")
            parent.variations.append(row.id)
            variations.append(row)
        }
        add(parent)
        for row in variations { add(row) }
    }

    private mutating func add(_ row: ProductRow) {
        remember(row)
        products.insert(row)
    }

    // MARK: - Customers

    private mutating func fillCustomers(_ count: Int, from start: Int64, to end: Int64) {
        for number in 0..<max(0, count) {
            clock = start + (end - start) * Int64(number) / Int64(max(1, count))
            lastCustomer += 1
            let address = filledAddress(email: "customer\(number + 1)@example.com")
            var row = CustomerRow(
                id: lastCustomer, email: address.email, username: "customer\(number + 1)", first: address.first,
                last: address.last, billing: address, created: clock, modified: clock)
            row.shipping = address
            row.shipping.email = ""
            row.isPaying = dice.happens(0.7)
            customers.insert(row)
            emails[row.email] = row.id
        }
    }

    private mutating func filledAddress(email: String) -> AddressRow {
        let (city, postcode) = dice.pick(FillingWords.cities) ?? ("", "")
        var row = AddressRow(first: dice.pick(FillingWords.first) ?? "", last: dice.pick(FillingWords.last) ?? "")
        row.company = dice.happens(0.15) ? dice.pick(FillingWords.companies) ?? "" : ""
        row.line1 = "\(1 + dice.below(200)) \(dice.pick(FillingWords.streets) ?? "")"
        row.city = city
        row.postcode = postcode
        row.country = options.country
        row.email = email
        row.phone = "+9477\(1_000_000 + dice.below(8_999_999))"
        return row
    }
}
