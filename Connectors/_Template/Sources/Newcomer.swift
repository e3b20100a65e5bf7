import ConnectorKit

/// Newcomer: what it needs and what it promises.
public enum Newcomer: ConnectorType {
    /// Reads products. What the vendor does not offer is left out: it then shows as an empty cell.
    public static let card = Card(
        name: "newcomer", title: "Newcomer",
        settings: [
            SettingShape("url", .address, isRequired: true, "the address of the vendor's API"),
            SettingShape("token", .text, isSecret: true, isRequired: true, "the token it gives you"),
        ],
        kinds: [
            KindCard(
                .product, Projection([ProductPart.name.shape, ProductPart.sku.shape], .take), matchesByNaturalKey: true)
        ])

    /// Makes the connector; reaches nothing.
    public static func make(
        _ settings: Settings, _ surroundings: ConnectorSurroundings
    ) throws(SettingsError) -> Connector {
        guard let address = settings.text("url").flatMap(HTTPAddress.init), let token = settings.secret("token") else {
            throw SettingsError(["newcomer: \"url\" and \"token\" are needed"])
        }
        let client = NewcomerClient(
            address: address, token: token, transport: surroundings.transport, now: surroundings.now)
        return Connector(sources: [.product: NewcomerProducts(client: client)], check: client)
    }
}
