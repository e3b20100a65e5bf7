import ConnectorKit
import Intake
import Ledger
import Pipeline
import Wire

/// The doors through which vendors call. Whatever the door, one intake stands behind it.
struct WebhookDoors: Sendable {
    /// How long a vendor is asked to wait when the store cannot take its call, in seconds.
    static let retryAfterSeconds = 30

    let hub: any HubPort
    let organization: String

    /// `POST /webhooks/{integrationId}`.
    func atIntegration(_ publicID: String, _ request: HTTPRequest, _ envelope: Envelope) async -> HTTPResponse {
        do {
            guard let integration = try await hub.integration(at: publicID) else {
                return envelope.failure(.notFound, "no integration has this address")
            }
            var call = WebhookCall(headers: request.headers, body: request.body, peer: request.peer)
            // A page from anywhere can have a browser on this machine call; that says whose page it is.
            call.isFromThisMachine = request.isFromThisMachine && request.headers["Origin"] == nil
            let reception = await hub.receive(call, for: integration)
            return answer(reception, connector: integration.connector, envelope)
        } catch {
            return unavailable(envelope)
        }
    }

    /// `POST /api/webhooks/woocommerce/{organizationId}`: the address names no shop, so the one whose secret proves the
    /// call is meant, and of several with one secret the one that the source header names (C-06).
    func atOrganization(_ name: String, _ request: HTTPRequest, _ envelope: Envelope) async -> HTTPResponse {
        guard name == organization else { return envelope.failure(.notFound, "no integration has this address") }
        let call = WebhookCall(headers: request.headers, body: request.body, peer: request.peer)
        let reception = await hub.receive(
            call, connector: "woocommerce", source: request.headers["X-WC-Webhook-Source"])
        return answer(reception, connector: "woocommerce", envelope)
    }

    /// WooCommerce counts only 200 to 302 as delivered and is answered 200; whoever reads the receipt gets 202 (C-12).
    /// A repeat is 200 for everybody: it was taken before, and nothing is left to do.
    private func answer(
        _ reception: Hub.Reception, connector: String, _ envelope: Envelope
    ) -> HTTPResponse {
        RequestMeters.count(reception)
        let accepted = connector == "woocommerce" ? 200 : 202
        return switch reception {
        case .stored(let id): envelope.success(receipt(id, isRepeat: false), status: accepted)
        case .repeated(let id): envelope.success(receipt(id, isRepeat: true), status: 200)
        case .ping(let status): envelope.success(["ping": true], status: status)
        case .forged: envelope.failure(.unauthorized, "the call is not signed as it must be")
        case .unusable(let reason): envelope.failure(.validationFailed, reason)
        case .tooLarge:
            envelope.failure(.payloadTooLarge, "the call is larger than the \(Intake.bodyLimit) bytes the hub takes")
        case .outside: envelope.failure(.forbidden, "calls from this address are not taken here")
        case .limited(let seconds): limited(seconds, envelope)
        case .ambiguous: envelope.failure(.ambiguous, "more than one shop could be meant; use its own address")
        case .unknown: envelope.failure(.notFound, "no integration has this address")
        case .unavailable: unavailable(envelope)
        }
    }

    private func receipt(_ id: Int64, isRepeat: Bool) -> JSON {
        ["receiptId": .string("rcp_\(id)"), "repeated": .bool(isRepeat)]
    }

    private func limited(_ seconds: Int, _ envelope: Envelope) -> HTTPResponse {
        var response = envelope.failure(.rateLimited, "too many calls came from this address; go on in \(seconds) s")
        response.headers["Retry-After"] = "\(seconds)"
        return response
    }

    private func unavailable(_ envelope: Envelope) -> HTTPResponse {
        var response = envelope.failure(.unavailable, "the call could not be stored; it must be sent again")
        response.headers["Retry-After"] = "\(Self.retryAfterSeconds)"
        return response
    }
}
