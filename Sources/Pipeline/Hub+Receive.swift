import ConnectorKit
import Intake
import Ledger
import Queue
import Store
import Telemetry

/// *Arrives*: a vendor's call is proved, stored, and only then answered.
extension Hub {
    /// What the caller is told.
    public enum Reception: Hashable, Sendable {
        case stored(Int64)
        case repeated(Int64)
        case ping(Int)
        /// 401, whatever the cause.
        case forged
        case tooLarge
        /// 409: more than one integration could be meant.
        case ambiguous
        /// 404: no integration has that address.
        case unknown
        /// 503: the store cannot take it now; the vendor is told to come again.
        case unavailable(String)
    }

    /// Takes a call at the public address of an integration.
    public func receive(_ call: WebhookCall, at publicID: String) async -> Reception {
        do {
            guard let integration = try await integration(at: publicID) else { return .unknown }
            return await receive(call, for: integration)
        } catch {
            return .unavailable("\(error)")
        }
    }

    /// Takes a call for an integration that is known already.
    public func receive(_ call: WebhookCall, for integration: Integration) async -> Reception {
        do {
            guard let receiver = try connector(of: integration).webhooks else { return .unknown }
            var (verdict, proof) = Intake.look(call, receiver)
            if case .forged = verdict, let before = previousReceiver(of: integration) {
                (verdict, proof) = Intake.look(call, before)
            }
            switch verdict {
            case .ping(let status): return .ping(status)
            case .tooLarge: return .tooLarge
            case .forged(let reason):
                logger.warning("webhook refused: \(reason)", metadata: ["integration": "\(integration.name)"])
                return .forged
            default: break
            }
            guard case .genuine(let repeatKey, let topic) = proof else { return .forged }
            let block = try await ids.draw(2)
            let organization = organization
            let parcel = Intake.Parcel(
                call, repeatKey: repeatKey, topic: topic, now: now, trace: Trace.current?.id)
            let stored = try await Intake.store(
                parcel, integration: integration.id, organization: organization, ids: block, in: store)
            logger.debug(
                "webhook stored: \(topic)", metadata: ["integration": "\(integration.name)", "delivery": "\(stored)"])
            bell.ring()
            return if case .repeated(let id) = stored { .repeated(id) } else if case .stored(let id) = stored {
                .stored(id)
            } else { .forged }
        } catch {
            logger.warning("webhook not stored: \(error)", metadata: ["integration": "\(integration.name)"])
            return .unavailable("\(error)")
        }
    }

    /// Takes a call at a door that names no integration (C-06): the shop whose secret proves it is meant. Where several
    /// share a secret, the one whose address the call's source header names; else the call is refused as ambiguous.
    public func receive(_ call: WebhookCall, connector: String, source: String?) async -> Reception {
        do {
            var proved: [Integration] = []
            var ping: Reception?
            for integration in try await integrations() where integration.connector == connector {
                guard let receiver = try self.connector(of: integration).webhooks else { continue }
                var proof = receiver.prove(call)
                if case .forged = proof, let before = previousReceiver(of: integration) { proof = before.prove(call) }
                switch proof {
                case .genuine: proved.append(integration)
                case .ping(let status): ping = .ping(status)
                case .forged: continue
                }
            }
            if proved.count > 1, let host = source.flatMap({ HTTPAddress($0)?.origin }) {
                proved = try proved.filter {
                    try self.connector(of: $0).address.flatMap { HTTPAddress($0)?.origin } == host
                }
            }
            guard let only = proved.first else { return ping ?? .forged }
            return proved.count == 1 ? await receive(call, for: only) : .ambiguous
        } catch {
            return .unavailable("\(error)")
        }
    }
}
