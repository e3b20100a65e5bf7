/// The parts of a shipment.
public enum ShipmentPart {
    public static let order = Part<Reference>("order", .content, refersTo: .order)
    public static let content = Part<ShipmentContent>("content", .content)
    public static let state = Part<ShipmentState>("state", .state)

    /// All, in the order they are shown.
    public static let all: [PartShape] = [state.shape, order.shape, content.shape]
}

/// What is on its way, with whom.
public struct ShipmentContent: Hashable, Sendable, CodablePartValue {
    public var carrier: String
    public var trackingNumber: String
    public var trackingURL: String
    public var destination: Address
    /// Pieces by the key of the order's line.
    public var quantities: [String: ExactDecimal]

    /// A shipment's content.
    public init(
        carrier: String, trackingNumber: String, trackingURL: String = "", destination: Address = Address(),
        quantities: [String: ExactDecimal] = [:]
    ) {
        self.carrier = carrier
        self.trackingNumber = trackingNumber
        self.trackingURL = trackingURL
        self.destination = destination
        self.quantities = quantities
    }
}

/// Where a shipment is.
public enum ShipmentState: String, Hashable, Sendable, Codable, CaseIterable, CodablePartValue {
    case created, collected, inTransit, outForDelivery, delivered, returned, lost, cancelled
}
