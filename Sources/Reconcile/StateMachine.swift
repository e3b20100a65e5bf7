import Commerce

/// The declared arrows of one state part.
///
/// A side is looked at now and then, so several arrows may have been followed between two looks: what counts is
/// whether one state leads to another at all.
public struct StateMachine: Hashable, Sendable {
    /// Each state with the states it may go to directly.
    public let arrows: [JSON: Set<JSON>]

    /// A machine from its arrows, by the states' words.
    public init(_ arrows: [String: [String]]) {
        self.arrows = Dictionary(
            uniqueKeysWithValues: arrows.map { (JSON.string($0.key), Set($0.value.map(JSON.string))) })
    }

    /// A machine from its arrows.
    public init(arrows: [JSON: Set<JSON>]) { self.arrows = arrows }

    /// Whether this is one of its states.
    public func knows(_ state: JSON) -> Bool { arrows[state] != nil }

    /// Whether one arrow goes from the one to the other.
    public func allows(from: JSON, to: JSON) -> Bool { arrows[from]?.contains(to) ?? false }

    /// Whether arrows lead from the one to the other, over any number of states between.
    public func leads(from: JSON, to: JSON) -> Bool {
        var open = [from]
        var visited: Set<JSON> = []
        while let state = open.popLast() {
            for next in arrows[state] ?? [] where visited.insert(next).inserted {
                if next == to { return true }
                open.append(next)
            }
        }
        return false
    }

    /// The machine of a state part; nil when none is declared, and then only the issuer moves it.
    public static func of(_ kind: RecordKind, _ part: String) -> StateMachine? {
        switch (kind, part) {
        case (.order, OrderPart.state.shape.name): order
        case (.order, OrderPart.payment.shape.name): payment
        case (.order, OrderPart.fulfilment.shape.name): fulfilment
        case (.shipment, ShipmentPart.state.shape.name): shipment
        case (.invoice, InvoicePart.isPaid.shape.name): invoicePaid
        default: nil
        }
    }
}

// MARK: - The arrows

extension StateMachine {
    /// An order. `completed` and `cancelled` are ends: what a shop's administrator reopens by hand is the issuer's
    /// right, is taken, and is flagged.
    public static let order = StateMachine(of: OrderState.self) { state in
        switch state {
        case .draft: [.pending, .onHold, .processing, .completed, .cancelled]
        case .pending: [.onHold, .processing, .completed, .cancelled, .failed]
        case .onHold: [.pending, .processing, .completed, .cancelled, .failed]
        case .processing: [.onHold, .completed, .cancelled, .failed]
        // A failed payment may be tried again.
        case .failed: [.pending, .onHold, .processing, .completed, .cancelled]
        case .completed, .cancelled: []
        }
    }

    /// An order's payment. Money goes back, it is never unpaid again.
    public static let payment = StateMachine(of: PaymentState.self) { state in
        switch state {
        case .unpaid: [.paid]
        case .paid: [.partiallyRefunded, .refunded]
        case .partiallyRefunded: [.refunded]
        case .refunded: []
        }
    }

    /// An order's goods. What comes back is a return, not an order that was never sent.
    public static let fulfilment = StateMachine(of: FulfilmentState.self) { state in
        switch state {
        case .unfulfilled: [.partial, .fulfilled]
        case .partial: [.fulfilled]
        case .fulfilled: []
        }
    }

    /// A shipment. A failed attempt goes back on its way; what was lost may be found; couriers skip scans.
    public static let shipment = StateMachine(of: ShipmentState.self) { state in
        switch state {
        case .created: [.collected, .inTransit, .outForDelivery, .delivered, .returned, .lost, .cancelled]
        case .collected: [.inTransit, .outForDelivery, .delivered, .returned, .lost, .cancelled]
        case .inTransit: [.outForDelivery, .delivered, .returned, .lost]
        case .outForDelivery: [.inTransit, .delivered, .returned, .lost]
        case .lost: [.inTransit, .delivered, .returned]
        case .delivered: [.returned]
        case .returned, .cancelled: []
        }
    }

    /// An invoice is paid once.
    public static let invoicePaid = StateMachine(arrows: [false: [true], true: []])

    private init<State: CaseIterable & PartValue>(of states: State.Type, _ arrows: (State) -> [State]) {
        self.init(
            arrows: Dictionary(
                uniqueKeysWithValues: State.allCases.map { ($0.json, Set(arrows($0).map(\.json))) }))
    }
}
