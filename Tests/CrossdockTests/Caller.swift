import Commerce
import Foundation
import Pipeline
import Store
import Wire

/// A vendor that calls without pause and remembers which of its calls were acknowledged. What it says means nothing to
/// the hub, so that only the storing of it is looked at.
actor Caller {
    /// The numbers of the calls that were acknowledged, with the receipts they got.
    private(set) var acknowledged: [Int: String] = [:]
    private(set) var refused = 0
    private let url: String

    /// What the called shop's webhooks are signed with.
    static let secret = "sandbox-webhook-secret"
    /// Between two calls.
    private static let pause = Duration.milliseconds(5)

    init(hubPort: Int) { url = "http://127.0.0.1:\(hubPort)/api/webhooks/woocommerce/default" }

    /// Calls until cancelled.
    func call() async {
        while !Task.isCancelled {
            await callOnce()
            try? await ContinuousClock().sleep(for: Self.pause)
        }
    }

    /// One call, with a new number once the last one was acknowledged. Its status; nil when no answer came.
    @discardableResult
    func callOnce() async -> Int? {
        let number = acknowledged.count + 1
        let body = JSON.object(["n": .number(String(number))])
        let answer = try? await Web.post(
            url, body,
            [
                "X-WC-Webhook-ID": "77", "X-WC-Webhook-Delivery-ID": "caller-\(number)",
                "X-WC-Webhook-Topic": "coupon.updated",
                "X-WC-Webhook-Signature": Signature.base64(
                    Signature.hmacSHA256(body.bytes, key: Array(Self.secret.utf8))),
            ])
        if let answer, answer.status == 200, let receipt = try? JSON(parsing: answer.body)["data"]?["receiptId"]?.string
        {
            acknowledged[number] = receipt
        } else if answer != nil {
            refused += 1
        }
        return answer?.status
    }

    /// The acknowledged calls that are not in the store of a hub under their receipts.
    func lost(in store: any Store) async throws -> [String] {
        let rows = try await store.read { try $0.rows("SELECT id, body FROM delivery_body", []) }
        let kept = Dictionary(
            rows.map { ("rcp_\($0.integer(0))", String(decoding: $0.blob(1), as: UTF8.self)) },
            uniquingKeysWith: { first, _ in first })
        return acknowledged.sorted { $0.key < $1.key }.compactMap { number, receipt in
            kept[receipt] == "{\"n\":\(number)}" ? nil : "call \(number), acknowledged by \(receipt), is not kept"
        }
    }
}
