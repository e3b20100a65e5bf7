import ConnectorKit
import GnuCashBook

/// A GnuCash book: reads its accounts, transactions, customers and invoices, writes customers into it and books orders.
public struct GnuCash: ConnectorType {
    public static let card = Card(
        name: "gnucash", title: "GnuCash", settings: BookSettings.shapes,
        kinds: [
            KindCard(.account, Projection(AccountPart.all, .take)),
            KindCard(
                .customer, Projection(CustomerPart.all.filter { $0.name != CustomerPart.isGuest.shape.name }, .both),
                matchesByNaturalKey: true, creation: .findable(visibleAfterSeconds: 0)),
            KindCard(
                .order, Projection(Dictionary(uniqueKeysWithValues: orderParts.map { ($0.name, Direction.give) })),
                creation: .findable(visibleAfterSeconds: 0)),
            KindCard(.invoice, Projection(InvoicePart.all, .take), issues: true),
            KindCard(.journal, Projection(JournalPart.all, .take), issues: true),
        ],
        remarks: [
            "A book that is open in GnuCash is not written to: what is to be written waits until it is closed.",
            "GnuCash does not notice what is written while it has a database book open; so nothing is.",
            "A booked order is never rewritten: what changes about it later is a payment, a credit note, or a hold.",
            "A book has no list of changes: it is read whole when its file changed, and compared.",
        ])

    /// What an order's booking is made from.
    private static let orderParts = [
        OrderPart.content.shape, OrderPart.customer.shape, OrderPart.state.shape, OrderPart.payments.shape,
        OrderPart.refunds.shape,
    ]

    /// Makes the connector; the book is opened when it is first needed.
    ///
    /// - Throws: `SettingsError` for words that mean nothing here.
    public static func make(
        _ settings: Settings, _ surroundings: ConnectorSurroundings
    ) throws(SettingsError) -> Connector {
        let settings = try BookSettings(settings)
        try BookPlace.check(settings.path, in: surroundings.folders)
        let client = GnuCashClient(settings: settings, surroundings: surroundings)
        var sources: [RecordKind: any RecordSource] = [
            .account: BookSource(client: client, listing: AccountListing()),
            .customer: BookSource(client: client, listing: CustomerListing()),
            .invoice: BookSource(client: client, listing: InvoiceListing()),
        ]
        if settings.readsTransactions { sources[.journal] = BookSource(client: client, listing: JournalListing()) }
        return Connector(
            sources: sources,
            targets: [.customer: CustomerTarget(client: client), .order: OrderTarget(client: client)],
            check: BookCheck(client: client), file: BookPlace.whole(settings.path), kinds: kinds(settings))
    }

    /// How often the book is read.
    public static func habits(_ settings: Settings) -> Habits {
        let frequency = settings.text("sync_frequency")
        return Habits(
            intervalSeconds: frequency.flatMap(BookSettings.seconds), cronLine: frequency.flatMap(BookSettings.cronLine)
        )
    }

    /// The card's kinds without what the settings switch off.
    private static func kinds(_ settings: BookSettings) -> [KindCard] {
        card.kinds.compactMap { card in
            var card = card
            if card.kind == .journal, !settings.readsTransactions { return nil }
            if card.kind == .customer, !settings.createsCustomers { card.creation = nil }
            return card
        }
    }
}
