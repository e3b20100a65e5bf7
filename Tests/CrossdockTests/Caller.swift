import Commerce
import Foundation
import Intake
import Ledger
import Pipeline
import Store
import Wire

@testable import crossdock

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

    /// The acknowledged calls that are not in the store of a hub under their receipts. They are sealed there, with what
    /// the master key in that file opens.
    func lost(in store: any Store, keyFile: String) async throws -> [String] {
        let vault = Vault(bytes: Array(try Data(contentsOf: URL(filePath: keyFile))))
        let sealing = SealingStore(
            store, ring: PersonalRing(vault: { vault }, relearn: { _ in }), organization: 1, now: OpenHub.systemNow,
            random: OpenHub.systemRandom)
        let calls = try await sealing.read { session in
            let ids = try session.rows("SELECT id FROM delivery_body WHERE organization_id = 1", [])
            return try Intake.stored(ids.map { $0.integer(0) }, organization: 1, session: session)
        }
        let kept = Dictionary(
            calls.map { ("rcp_\($0)", String(decoding: $1.call.body, as: UTF8.self)) },
            uniquingKeysWith: { first, _ in first })
        return acknowledged.sorted { $0.key < $1.key }.compactMap { number, receipt in
            kept[receipt] == "{\"n\":\(number)}" ? nil : "call \(number), acknowledged by \(receipt), is not kept"
        }
    }
}
