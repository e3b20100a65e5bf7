import ConnectorKit

/// Payload to canonical record. Pure: no clock, no network, no state.
enum NewcomerTranslator {
    /// The draft of a product, or why it cannot be used.
    static func product(_ json: JSON) -> Result<Draft, Refusal> {
        guard let payload = NewcomerProduct(json) else {
            return .failure(Refusal(id: nil, reason: "a product without an id"))
        }
        guard let name = payload.name, !name.isEmpty else {
            return .failure(Refusal(id: payload.id, reason: "product \(payload.id) has no name"))
        }
        var draft = Draft(kind: .product, externalID: payload.id, naturalKey: payload.sku, title: name)
        draft.parts[ProductPart.name] = name
        if let sku = payload.sku { draft.parts[ProductPart.sku] = sku }
        return .success(draft)
    }

    /// Why a payload cannot be used, in words a merchant can read.
    struct Refusal: Error {
        let id: String?
        let reason: String

        func rejection(of kind: RecordKind) -> Rejection { Rejection(kind: kind, externalID: id, reason: reason) }
    }
}
