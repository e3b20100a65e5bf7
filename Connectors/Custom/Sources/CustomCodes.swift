import ConnectorKit

/// The words of states. Its own words are the hub's; those of the two big shop systems are understood, too.
enum CustomCodes {
    static let orderStates: [String: OrderState] = [
        "draft": .draft, "pending": .pending, "confirmed": .pending, "onhold": .onHold, "on-hold": .onHold,
        "on_hold": .onHold, "processing": .processing, "completed": .completed, "fulfilled": .completed,
        "shipped": .completed, "cancelled": .cancelled, "canceled": .cancelled, "refunded": .completed,
        "failed": .failed,
    ]

    static let orderWords: [OrderState: String] = [
        .draft: "draft", .pending: "pending", .onHold: "onHold", .processing: "processing", .completed: "completed",
        .cancelled: "cancelled", .failed: "failed",
    ]

    static let payments: [String: PaymentState] = [
        "unpaid": .unpaid, "pending": .unpaid, "paid": .paid, "partiallyrefunded": .partiallyRefunded,
        "partially_refunded": .partiallyRefunded, "refunded": .refunded,
    ]

    static let fulfilments: [String: FulfilmentState] = [
        "unfulfilled": .unfulfilled, "partial": .partial, "fulfilled": .fulfilled, "shipped": .fulfilled,
    ]

    static let productStatuses: Set<String> = ["published", "draft", "hidden", "archived"]

    /// With `stockFrom: orders` an order lowers the shop's stock from its first call on.
    static let orderStock = OrderStockRule(lowersAt: [.pending, .onHold, .processing, .completed])

    /// What may happen to what an event is about.
    static let actions: Set<String> = ["created", "updated", "changed", "deleted"]
    /// What may happen to an order beside that.
    static let orderActions: Set<String> = ["paid", "completed", "cancelled", "fulfilled"]
}
