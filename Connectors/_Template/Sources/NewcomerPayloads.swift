import ConnectorKit

/// A product in the vendor's words, field for field, without logic.
struct NewcomerProduct {
    let id: String
    let name: String?
    let sku: String?

    /// Nil when not even the id can be read.
    init?(_ json: JSON) {
        guard let id = json["id"]?.scalarText else { return nil }
        self.id = id
        name = json["name"]?.string
        sku = json["sku"]?.string
    }
}
