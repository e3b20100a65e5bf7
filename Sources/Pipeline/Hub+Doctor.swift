import ConnectorKit
import Ledger
import Queue
import Store

/// One thing that was looked at, how it is, and what to do where it is not well.
public struct DoctorFinding: Hashable, Sendable {
    public var name: String
    public var state: HealthState
    /// What was seen, in a sentence.
    public var seen: String
    /// What to do; nil where nothing is to be done.
    public var advice: String?

    /// A finding.
    public init(_ name: String, _ state: HealthState, _ seen: String, advice: String? = nil) {
        (self.name, self.state, self.seen, self.advice) = (name, state, seen, advice)
    }

    /// The finding as JSON.
    public var json: JSON {
        ["name": .string(name), "state": .string(state.rawValue), "seen": .string(seen), "advice": .text(advice)]
    }
}

// What a person wants to know of a hub that was just set up, or does not do what it should. Nothing is changed.
extension Hub {
    /// Looks at the store, the key, the queue and every integration. Far sides are asked once each.
    public func examine() async -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        do {
            try await checkKey()
            findings.append(DoctorFinding("key", .ok, "it opens what the store holds"))
        } catch {
            findings.append(
                DoctorFinding(
                    "key", .down, "\(error)",
                    advice: "give the key this store was made with: CROSSDOCK_ENCRYPTION_KEY, or the key file beside it"
                ))
        }
        do {
            findings += try await health().checks.map(Self.finding)
            findings += try await troubles()
            findings += try await examineIntegrations()
        } catch {
            findings.append(
                DoctorFinding(
                    "store", .down, "it does not answer: \(error)",
                    advice: "start the database, or look at its address and rights"))
        }
        return findings
    }

    /// What to do about a part of `/health` that is not well.
    private static let advice = [
        "store": "the disk or the server is slow: see what else uses it",
        "replication": "the standby is behind: see its log, and the line between the two",
        "clock": "set the clocks of hub and database by one source (NTP)",
        "queue": "tasks are due and nobody takes them: is `crossdock serve` running? see crossdock jobs",
        "backup": "see why with crossdock backup FILE, and make room or mend the folder's rights",
        "webhooks": "calls that nobody signed are believed: give the shop a webhookSecret, and take enableSecurity or "
            + "validateSignature out of its settings",
        "guard": "changes wait for a person: crossdock guard",
    ]

    private static func finding(_ check: HealthReport.Check) -> DoctorFinding {
        let seen = check.seen.filter { !$0.value.isNull }.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value.scalarText ?? $0.value.text)" }.joined(separator: ", ")
        return DoctorFinding(
            check.name, check.state, seen.isEmpty ? check.state.rawValue : seen,
            advice: check.state == .ok ? nil : advice[check.name])
    }

    private func troubles() async throws -> [DoctorFinding] {
        let overview = try await overview(changeLimit: 0, waitingLimit: 0)
        let (dead, refused) = (overview.jobs[.dead] ?? 0, overview.rejectionCount)
        return [
            DoctorFinding(
                "tasks", dead == 0 ? .ok : .degraded, dead == 0 ? "none was given up" : "\(dead) were given up",
                advice: dead == 0 ? nil : "see why with crossdock dead, mend it, and crossdock dead retry"),
            DoctorFinding(
                "records", refused == 0 ? .ok : .degraded,
                refused == 0 ? "none was refused" : "\(refused) could not be used",
                advice: refused == 0 ? nil : "crossdock status --json names each with the reason; mend it at its source"
            ),
        ]
    }

    // MARK: Integrations

    private func examineIntegrations() async throws -> [DoctorFinding] {
        let all = try await integrations()
        guard !all.isEmpty else {
            return [
                DoctorFinding(
                    "integrations", .degraded, "none is connected",
                    advice: "crossdock connect woocommerce --name shop --config shop.json")
            ]
        }
        var findings: [DoctorFinding] = []
        for integration in all {
            findings.append(await reached(integration))
            if let calls = called(integration) { findings.append(calls) }
        }
        return findings + [customers(all)]
    }

    private func reached(_ integration: Integration) async -> DoctorFinding {
        let name = "connection \(integration.name)"
        guard integration.state != .paused else {
            guard let reason = integration.reason else { return DoctorFinding(name, .ok, "a person has paused it") }
            return DoctorFinding(name, .degraded, "it is inactive", advice: reason)
        }
        do {
            return DoctorFinding(name, .ok, try await connector(of: integration).check.check())
        } catch let failure as ConnectorFailure {
            return DoctorFinding(name, .down, failure.sentence, advice: Self.advice(against: failure))
        } catch {
            return DoctorFinding(
                name, .down, "\(error)", advice: "mend its settings: crossdock connect --replace, or PATCH")
        }
    }

    private static func advice(against failure: ConnectorFailure) -> String {
        switch failure {
        case .unauthorized: "its key or password is refused: make a new one there, and crossdock connect --replace"
        case .throttled, .busy: "it asks to be left alone for a while; try again later"
        case .unavailable:
            "is it there, and can this machine reach it? a private address needs CROSSDOCK_ALLOW_PRIVATE_HOSTS"
        case .refused, .unreadable, .gone: "look at its address and its version: the answer is not what was expected"
        case .cancelled: "try again"
        }
    }

    /// Whether its calls would be taken; nil where it makes none.
    private func called(_ integration: Integration) -> DoctorFinding? {
        let name = "calls of \(integration.name)"
        guard let receiver = try? receiver(of: integration) else { return nil }
        if let sample = receiver.sample("doctor", now: now), case .forged(let reason) = receiver.prove(sample) {
            return DoctorFinding(
                name, .down, "what is signed with its secret is not taken: \(reason)",
                advice: "give it another secret: crossdock connect --replace")
        }
        guard webhookAddress(integration) != nil else {
            // What only tells is never read.
            let isRead = (try? connector(of: integration).sources.isEmpty) == false
            return DoctorFinding(
                name, .degraded,
                isRead
                    ? "the hub has no public address; it is polled"
                    : "the hub has no public address; only who reaches this machine can tell it anything",
                advice: "give one: crossdock serve --public-url https://..., or CROSSDOCK_PUBLIC_URL")
        }
        let state = integration.webhookState ?? "not looked at yet"
        let isWell = !state.hasPrefix("not registered")
        return DoctorFinding(
            name, isWell ? .ok : .degraded, state,
            advice: isWell ? nil : "it is polled meanwhile; the reason says what stands in the way")
    }

    private func customers(_ all: [Integration]) -> DoctorFinding {
        let names = peers(all).filter { !$0.takes(.customer).isEmpty && !$0.gives(.customer).isEmpty }.map(\.name)
        return DoctorFinding(
            "customers", .ok,
            names.count > 1
                ? "travel both ways between \(names.sorted().joined(separator: ", "))"
                : "travel one way: there are not two integrations that take and give them")
    }
}
