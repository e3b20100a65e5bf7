import ConnectorKit
import Identity
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
        /// 422: it is proved, and can never be used as it is.
        case unusable(String)
        case tooLarge
        /// 403: it comes from an address that is not on the integration's list.
        case outside
        /// 429: too many came from its address.
        case limited(seconds: Int)
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
            let rules = try door(of: integration)
            guard rules.admits(call.peer) else {
                noteSecurity(.outsideAllowList, from: call.peer, at: integration.name)
                return .outside
            }
            if rules.isLimitSet, let seconds = wait(rules, integration.publicID, call.peer) {
                return .limited(seconds: seconds)
            }
            let reception = try await proved(call, for: integration)
            guard case .forged = reception else { return reception }
            noteSecurity(.forgedSignature, from: call.peer, at: integration.name)
            if !rules.isLimitSet, let seconds = wait(rules, integration.publicID, call.peer) {
                return .limited(seconds: seconds)
            }
            return reception
        } catch {
            logger.warning("webhook not stored: \(error)", metadata: ["integration": "\(integration.name)"])
            return .unavailable("\(error)")
        }
    }

    /// Counts a call of one address at one door; how long it has to wait where too many came.
    private func wait(_ rules: DoorRules, _ door: String, _ peer: String?) -> Int? {
        let quota = RequestQuota(
            name: door, requests: rules.calls, windowSeconds: Double(rules.windowMilliseconds) / 1000)
        guard case .refused(let seconds) = doorLimits.take(quota, of: peer ?? "", now: now) else { return nil }
        noteSecurity(.rateLimited, from: peer, at: "webhooks")
        return seconds
    }

    /// Takes a call that may come, once it is proved.
    func proved(_ given: WebhookCall, for integration: Integration) async throws -> Reception {
        guard let receiver = try receiver(of: integration) else { return .unknown }
        let call = try await marked(given, at: door(of: integration))
        let shown = KeyShownReceiver(receiver: receiver)
        var (verdict, proof) = Intake.look(call, call.bearsKey ? shown : receiver)
        if case .forged = verdict, let before = previousReceiver(of: integration) {
            (verdict, proof) = Intake.look(call, before)
        }
        if case .forged = verdict, reach == .alone, call.isFromThisMachine, receiver.asksNoProof {
            (verdict, proof) = Intake.look(call, UnprovedReceiver(receiver: receiver))
        }
        switch verdict {
        case .ping(let status): return .ping(status)
        case .tooLarge: return .tooLarge
        case .unusable(let reason):
            logger.info("webhook of no use: \(reason)", metadata: ["integration": "\(integration.name)"])
            return .unusable(reason)
        case .forged(let reason):
            logger.warning("webhook refused: \(reason)", metadata: ["integration": "\(integration.name)"])
            return .forged
        default: break
        }
        guard case .genuine(let repeatKey, let topic) = proof else { return .forged }
        let block = try await ids.draw(2)
        let organization = organization
        let parcel = Intake.Parcel(call, repeatKey: repeatKey, topic: topic, now: now, trace: Trace.current?.id)
        let stored = try await Intake.store(
            parcel, integration: integration.id, organization: organization, ids: block, in: store)
        logger.debug(
            "webhook stored: \(topic)", metadata: ["integration": "\(integration.name)", "delivery": "\(stored)"])
        bell.ring()
        return if case .repeated(let id) = stored { .repeated(id) } else if case .stored(let id) = stored {
            .stored(id)
        } else { .forged }
    }

    /// Takes a call at a door that names no integration (C-06): the shop whose secret proves it is meant. Where several
    /// share a secret, the one whose address the call's source header names; else the call is refused as ambiguous.
    public func receive(_ call: WebhookCall, connector: String, source: String?) async -> Reception {
        do {
            var proved: [Integration] = []
            var ping: Reception?
            for integration in try await integrations() where integration.connector == connector {
                guard let receiver = try self.receiver(of: integration) else { continue }
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
            guard let only = proved.first else { return ping ?? strange(call, at: connector) }
            return proved.count == 1 ? await receive(call, for: only) : .ambiguous
        } catch {
            return .unavailable("\(error)")
        }
    }

    /// A call with the hub's own mark where a key of the hub's stands in for its signature, and without it else. Keys
    /// are looked up by their id and compared as digests, in the same time whatever they are.
    private func marked(_ given: WebhookCall, at door: DoorRules) async throws -> WebhookCall {
        var call = given
        call.headers[OwnCalls.markHeader] = nil
        guard door.takesKeys, call.headers[OwnScheme.signatureHeader] == nil, let text = call.key,
            let secret = IssuedSecret(text), secret.purpose == .apiKey,
            try await caller(bearing: secret)?.permissions.contains(.tell) ?? false
        else { return call }
        call.headers[OwnCalls.markHeader] = OwnCalls.keyMark
        return call
    }

    /// A call that no integration proves.
    private func strange(_ call: WebhookCall, at connector: String) -> Reception {
        noteSecurity(.forgedSignature, from: call.peer, at: "webhooks of \(connector)")
        return wait(DoorRules(), connector, call.peer).map { .limited(seconds: $0) } ?? .forged
    }
}

extension WebhookCall {
    /// The key it came with, as `X-API-Key` or as a bearer; nil where it came with none, or with two.
    fileprivate var key: String? {
        let fields = headers.list.filter { ["x-api-key", "authorization"].contains($0.name.lowercased()) }
        guard fields.count == 1, let field = fields.first else { return nil }
        if field.name.lowercased() == "x-api-key" { return field.value }
        let words = field.value.split(separator: " ", maxSplits: 1)
        return words.count == 2 && words[0].lowercased() == "bearer" ? String(words[1]) : nil
    }

    /// Whether a key of the hub's was found on it.
    fileprivate var bearsKey: Bool { headers[OwnCalls.markHeader] == OwnCalls.keyMark }
}

/// Takes calls whose sender has shown a key for proved.
private struct KeyShownReceiver: WebhookReceiver {
    let receiver: any WebhookReceiver

    func prove(_ call: WebhookCall) -> WebhookProof { receiver.trusted(call) }
    func read(_ call: WebhookCall) -> WebhookMeaning { receiver.read(call) }
    func problem(with call: WebhookCall) -> String? { receiver.problem(with: call) }
}
