import ConnectorKit

/// A shop or platform of one's own that speaks the hub's words: it tells what it has by signed calls (seed 002), and is
/// told by signed calls to an address of its choice.
public enum Custom: ConnectorType {
    /// What it is and what it needs.
    public static let card = Card(
        name: "custom", title: "Custom", settings: CustomSettings.shapes, kinds: kinds(.widest),
        remarks: [
            "It is never asked: what it tells is taken for what it shows, field by field, and what a call does not "
                + "name stays as it was.",
            "Nothing is written without the setting url, and nothing is made there without the setting creates; with "
                + "creates: byReference a create without an answer is repeated by its reference.",
            "With stockFrom: calls its reports of stock count and its orders do not move stock; with stockFrom: orders "
                + "it is the other way round.",
            "Stock that is written there overwrites: a sale between the last call and the write has to be told again.",
        ], olderForm: ["signatureForm": "body"])

    /// Makes the connector; reaches nothing.
    ///
    /// - Throws: `SettingsError` with every problem the card alone cannot see.
    public static func make(
        _ settings: Settings, _ surroundings: ConnectorSurroundings
    ) throws(SettingsError) -> Connector {
        let settings = try CustomSettings(settings)
        let translator = CustomTranslator(currency: settings.currency)
        let client = settings.address.flatMap { address in
            settings.callSecret.map {
                CustomClient(address: address, secret: $0, form: settings.form, surroundings: surroundings)
            }
        }
        var targets: [RecordKind: any RecordTarget] = [:]
        if let client {
            for card in kinds(settings) where card.projection.directions.values.contains(where: \.gives) {
                targets[card.kind] = CustomTarget(kind: card.kind, client: client, translator: translator)
            }
        }
        return Connector(
            targets: targets, events: CustomEvents(translator: translator), check: CustomCheck(client: client),
            address: settings.address?.text, kinds: kinds(settings))
    }

    /// What travels, as the settings narrow it.
    static func kinds(_ settings: CustomSettings) -> [KindCard] {
        let way: Direction = settings.writes ? .both : .take
        var stock = way
        if settings.stockFrom == .orders { stock = settings.writes ? .give : Direction.none }
        return [
            KindCard(
                .category, Projection(parts(CategoryPart.all, way)), matchesByNaturalKey: true,
                creation: settings.creation),
            KindCard(
                .product, Projection(parts(CustomParts.products, way, stock: stock)), matchesByNaturalKey: true,
                creation: settings.creation),
            KindCard(
                .variant, Projection(parts(CustomParts.variants, way, stock: stock)), matchesByNaturalKey: true,
                creation: settings.creation),
            KindCard(
                .customer, Projection(parts(CustomParts.customers, way)), matchesByNaturalKey: true,
                creation: settings.creation),
            KindCard(
                .order, Projection(orders(way)), issues: true,
                orderStock: settings.stockFrom == .orders ? CustomCodes.orderStock : nil),
        ]
    }

    private static func parts(
        _ shapes: [PartShape], _ way: Direction, stock: Direction? = nil
    ) -> [String: Direction] {
        var all = Dictionary(uniqueKeysWithValues: shapes.map { ($0.name, way) })
        if let stock { all[ProductPart.stock.shape.name] = stock }
        return all
    }

    /// Orders are the shop's own; of one the hub moves its state along.
    private static func orders(_ way: Direction) -> [String: Direction] {
        var all = parts(CustomParts.orders, .take)
        all[OrderPart.state.shape.name] = way
        return all
    }
}

/// The parts that travel.
enum CustomParts {
    static let products = [
        ProductPart.name.shape, ProductPart.type.shape, ProductPart.status.shape, ProductPart.sku.shape,
        ProductPart.barcode.shape, ProductPart.price.shape, ProductPart.stock.shape, ProductPart.categories.shape,
        ProductPart.weight.shape, ProductPart.summary.shape, ProductPart.description.shape,
    ]
    static let variants = [
        VariantPart.product.shape, VariantPart.options.shape, VariantPart.sku.shape, VariantPart.barcode.shape,
        VariantPart.status.shape, VariantPart.price.shape, VariantPart.stock.shape, VariantPart.weight.shape,
        VariantPart.description.shape,
    ]
    static let customers = CustomerPart.all.filter { $0.name != CustomerPart.notes.shape.name }
    static let orders = OrderPart.all.filter {
        ![OrderPart.taken.shape.name, OrderPart.refunds.shape.name].contains($0.name)
    }
}
