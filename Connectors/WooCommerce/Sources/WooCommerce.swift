import ConnectorKit

/// The WooCommerce connector: REST API `wc/v3`, signed webhooks.
public enum WooCommerce: ConnectorType {
    /// What it is and what it needs.
    public static let card = Card(
        name: "woocommerce", title: "WooCommerce", settings: ShopSettings.shapes + DoorRules.shapes, kinds: kinds,
        remarks: remarks)

    /// Makes a connector for one shop. Reaches nothing.
    ///
    /// - Throws: `SettingsError` with every problem the card alone cannot see.
    public static func make(
        _ settings: Settings, _ surroundings: ConnectorSurroundings
    ) throws(SettingsError) -> Connector {
        let shop = try ShopSettings(settings)
        let client = WooCommerceClient(shop: shop, surroundings: surroundings)
        let translator = WooCommerceTranslator(shop)
        let targets: [RecordKind: any RecordTarget] = [
            .category: CategoryTarget(client: client, translator: translator),
            .product: ProductTarget(client: client, translator: translator),
            .variant: VariantTarget(client: client, translator: translator),
            .customer: CustomerTarget(client: client, translator: translator),
            .order: OrderTarget(client: client, translator: translator),
        ]
        let sources: [RecordKind: any RecordSource] = [
            .category: CategorySource(client: client, translator: translator),
            .product: ProductSource(client: client, translator: translator),
            .variant: VariantSource(client: client, translator: translator),
            .customer: CustomerSource(client: client, translator: translator),
            .order: OrderSource(client: client, translator: translator),
        ]
        return Connector(
            sources: sources, targets: targets,
            webhooks: WooCommerceWebhooks(shop: shop, translator: translator),
            subscriptions: shop.subscriptionSecret.map { WooCommerceSubscriptions(client: client, secret: $0) },
            check: WooCommerceCheck(client: client), address: shop.site.text,
            kinds: shop.syncsStock ? nil : kindsWithoutStock)
    }

    /// How often the shop is read, what waits for a person, who wins where both sides changed, and how often a failed
    /// call is repeated.
    public static func habits(_ settings: Settings) -> Habits {
        let realTime = settings.group("realTimeConfig")
        let delay = settings.integer("retryDelay") ?? realTime?.integer("retryDelay")
        return Habits(
            intervalSeconds: settings.integer("sync_frequency_minutes").map { $0 * 60 },
            conflictPolicy: realTime?.text("conflictStrategy"), byHand: byHand(settings),
            quickRetries: settings.integer("maxRetries") ?? realTime?.integer("maxRetries"),
            firstRetrySeconds: delay.map { Double($0) / 1000 })
    }

    private static func byHand(_ settings: Settings) -> Set<RecordKind> {
        let switches: [(name: String, kinds: Set<RecordKind>)] = [
            ("auto_sync_products", [.category, .product, .variant]), ("auto_sync_orders", [.order]),
            ("auto_sync_customers", [.customer]),
        ]
        return switches.reduce(into: []) { kinds, one in
            if settings.flag(one.name) == false { kinds.formUnion(one.kinds) }
        }
    }

    /// How long after an unclear create a look that finds nothing counts as "not created", in seconds. PHP goes on
    /// with a request whose caller has hung up; 60 s is above the 30 s a common host allows it.
    static let visibleAfterSeconds = 60

    private static let kinds = [
        KindCard(
            .category, Projection(CategoryPart.all, .both), matchesByNaturalKey: true,
            creation: .findable(visibleAfterSeconds: visibleAfterSeconds)),
        KindCard(
            .product, products, matchesByNaturalKey: true,
            creation: .findable(visibleAfterSeconds: visibleAfterSeconds), update: .patch),
        KindCard(
            .variant, variants, matchesByNaturalKey: true,
            creation: .findable(visibleAfterSeconds: visibleAfterSeconds), update: .patch),
        KindCard(
            .customer, customers, matchesByNaturalKey: true,
            creation: .findable(visibleAfterSeconds: visibleAfterSeconds), update: .patch),
        KindCard(.order, orders, issues: true, orderStock: orderStock),
    ]

    /// Source: WooCommerce 11.0.1, wc_maybe_reduce_stock_levels and wc_maybe_increase_stock_levels. What a line
    /// has taken also stands in its own field; the states only speak where it does not.
    private static let orderStock = OrderStockRule(
        lowersAt: [.processing, .onHold, .completed], restoresAt: [.cancelled, .pending])

    /// With `auto_sync_inventory: false` levels of stock travel neither way.
    private static let kindsWithoutStock = kinds.map { card in
        var card = card
        for part in [ProductPart.stock.shape.name, VariantPart.stock.shape.name]
        where card.projection.directions[part] != nil {
            card.projection.directions[part] = Direction.none
        }
        return card
    }

    private static let products: Projection = {
        var projection = Projection(ProductPart.all, .both)
        projection.directions[ProductPart.tags.shape.name] = .take
        projection.directions[ProductPart.images.shape.name] = .take
        return projection
    }()

    private static let variants = Projection(VariantPart.all, .both)

    /// `isGuest` is given, too, so that a write knows a guest: another shop's guest gets no account here.
    private static let customers: Projection = {
        var projection = Projection(CustomerPart.all, .both)
        projection.directions[CustomerPart.notes.shape.name] = Direction.none
        return projection
    }()

    private static let orders: Projection = {
        var projection = Projection(OrderPart.all, .take)
        projection.directions[OrderPart.state.shape.name] = .both
        return projection
    }()

    private static let remarks = [
        "Customers and categories have no modified filter: every pull reads all of them.",
        "A product or order deleted for good sends no webhook: the census finds it.",
        "Tags and images are read, not written.",
        "Stock written to the shop overwrites: an order placed between the read and the write is undone there. "
            + "Orders are read after every such write, and it is repeated where one was.",
        "A customer created here gets a random password; the shop may greet him with its own mail.",
    ]
}
