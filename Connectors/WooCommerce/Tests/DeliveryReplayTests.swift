import ConnectorKit
import Foundation
import TestKit
import Testing

@testable import WooCommerce

/// The 44 deliveries the real shop made, in their order.
@Suite("WooCommerce deliveries, as recorded", .enabled(if: Bench.contracts != nil, "no contracts here"))
struct DeliveryReplayTests {
    private struct Delivery {
        var name: String
        var call: WebhookCall
        var secret: String?
    }

    private func deliveries() throws -> [Delivery] {
        let folder = try #require(Bench.contracts).appending(path: "webhooks/deliveries")
        return try Recording.all(in: folder).map { recording in
            var headers = HTTPHeaders()
            for pair in recording.json["headers"]?.array ?? [] {
                headers.add(pair[0]?.string ?? "", pair[1]?.string ?? "")
            }
            let body = recording.json["body_base64"]?.string.flatMap { Signature.bytes(base64: $0) }
            let secret = recording.json["hmac_key"]?.string ?? recording.json["secret"]?.string
            return Delivery(
                name: recording.name, call: WebhookCall(headers: headers, body: try #require(body)), secret: secret)
        }
    }

    private func receiver(_ secret: String?, _ currency: JSON = "LKR") throws -> WooCommerceWebhooks {
        var shop = try Bench.shop("https://shop.test", ["currency": currency])
        // As the recording has it, whatever settings would take.
        shop.webhookSecret = Secret(secret ?? "test-only")
        return try #require(WooCommerceWebhooks(shop: shop, translator: WooCommerceTranslator(shop)))
    }

    @Test func allFortySignaturesVerifyAndTheRestArePings() throws {
        var genuine: [String] = []
        var pings = 0
        for delivery in try deliveries() {
            switch try receiver(delivery.secret).prove(delivery.call) {
            case .genuine(let key, _): genuine.append(key)
            case .ping(let status):
                pings += 1
                #expect(status == 200)
            case .forged(let reason): Issue.record("\(delivery.name): \(reason)")
            }
        }

        #expect(genuine.count == 40 && pings == 4)
        // Recorded twice: one delivery id for two events. None of the forty is taken for another.
        #expect(Set(genuine).count == 40)
    }

    @Test func aChangedByteIsForged() throws {
        for delivery in try deliveries() where delivery.secret != nil {
            var call = delivery.call
            call.body[call.body.count - 1] ^= 1
            guard case .forged = try receiver(delivery.secret).prove(call) else {
                Issue.record("\(delivery.name) was taken with a changed byte")
                continue
            }
        }
    }

    /// What each delivery says, in short.
    static let meanings = [
        "03": "product 49", "04": "product 50", "05": "product 50", "06": "product 50", "07": "product 51",
        "08": "variant 51/52", "09": "variant 51/52", "10": "gone product 50", "11": "product 50", "12": "customer 3",
        "13": "customer 3", "14": "customer 3", "15": "order 53", "16": "order 53", "17": "order 53",
        "18": "product 39", "19": "order 53", "20": "customer 3", "21": "fetch order 53", "22": "product 39",
        "23": "product 39", "24": "product 40", "25": "gone order 53", "26": "customer guest/55, order 55",
        "27": "customer guest/55, order 55", "28": "gone customer 3", "29": "nothing", "30": "nothing",
        "32": "product 39", "34": "product 39", "35": "product 39", "36": "product 39", "37": "product 182",
        "38": "gone product 182", "39": "product 182", "40": "product 182", "41": "customer guest/183, order 183",
        "42": "customer guest/183, order 183", "43": "product 39", "44": "nothing",
    ]

    @Test func everyDeliveryIsReadForWhatItSays() throws {
        let receiver = try receiver(nil)
        for delivery in try deliveries() where delivery.secret != nil {
            let number = String(delivery.name.prefix(2))
            #expect(short(receiver.read(delivery.call)) == Self.meanings[number], "\(delivery.name)")
        }
        #expect(Self.meanings.count == 40)
    }

    private func short(_ meaning: WebhookMeaning) -> String {
        switch meaning {
        case .records(let drafts): drafts.map { "\($0.kind.rawValue) \($0.externalID)" }.joined(separator: ", ")
        case .fetch(let kind, let ids): "fetch \(kind.rawValue) \(ids.joined(separator: ","))"
        case .gone(let kind, let id): "gone \(kind.rawValue) \(id)"
        case .rejected(let rejection): "rejected \(rejection.reason)"
        case .nothing: "nothing"
        }
    }

    @Test func aProductMayBeCreatedInTheBinAndComeOutOfIt() throws {
        let receiver = try receiver(nil)
        var statuses: [String] = []
        for delivery in try deliveries() where ["37", "39", "40"].contains(delivery.name.prefix(2)) {
            guard case .records(let drafts) = receiver.read(delivery.call) else { continue }
            statuses += drafts.compactMap { $0.parts[ProductPart.status] }
        }

        #expect(statuses == ["archived", "published", "published"])
    }

    @Test func updatedBeforeCreatedSaysTheSame() throws {
        let receiver = try receiver(nil)
        let calls = try deliveries().filter { ["41", "42"].contains($0.name.prefix(2)) }.map(\.call)

        #expect(receiver.read(calls[0]) == receiver.read(calls[1]))
    }

    @Test func theEchoOfAWriteThatChangedNothingHasNothingNew() throws {
        let receiver = try receiver(nil)
        var parts: [Parts] = []
        for delivery in try deliveries() where ["18", "22"].contains(delivery.name.prefix(2)) {
            guard case .records(let drafts) = receiver.read(delivery.call) else { continue }
            parts += drafts.map(\.parts)
        }

        #expect(parts.count == 2 && parts[0] == parts[1])
    }

    @Test func withoutACurrencyAProductIsFetchedForItsBodyNamesNone() throws {
        let receiver = try receiver(nil, .null)
        for delivery in try deliveries() where delivery.name.hasPrefix("04") || delivery.name.hasPrefix("08") {
            let expected = delivery.name.hasPrefix("04") ? "fetch product 50" : "fetch variant 51/52"
            #expect(short(receiver.read(delivery.call)) == expected)
        }
    }
}
