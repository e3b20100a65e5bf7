import Audit
import ConnectorKit
import Ledger
import Mail
import Notices
import Queue
import Store

/// Notices are sent: a batch to one listener at the same time, then what came of all of it is settled in one step.
extension Hub {
    /// How many notices of one listener are sent at the same time.
    static let notifyLimit = 16

    /// Claims notices of a listener that is told something now; after failures one alone tries.
    func claimNotices(_ work: DueWork) async throws -> ClaimedWork? {
        let organization = organization
        let (isActive, gate) = try await store.read { session in
            (
                try ListenerTable(session, organization: organization).listener(work.integration)?.state == .active,
                try JobTable(session, organization: organization).gate(of: work.integration)
            )
        }
        guard isActive else { return nil }
        return try await claim(work, nil, atMost: gate.failures >= Gate.failureLimit ? 1 : Self.notifyLimit)
    }

    /// Tells a listener what these jobs are about.
    ///
    /// - Throws: `StoreFailure`.
    func notify(_ jobs: [Job], listener id: Int64) async throws {
        do {
            guard let (listener, notices) = try await told(jobs, id) else {
                return try await settle(jobs.map { ($0, .completed) })
            }
            let secrets = try await secrets(of: listener)
            let load = try await load(notices, listener)
            let known = Dictionary(notices.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            let forgotten = jobs.filter { job in Int64(job.key).flatMap { known[$0] } == nil }
            if !forgotten.isEmpty { try await settle(forgotten.map { ($0, .completed) }) }
            let (place, now) = (try self.place(of: listener), now)
            let calls = try jobs.compactMap { job in
                try Int64(job.key).flatMap { known[$0] }.map {
                    try NoticeCall($0, job, to: listener, at: place, secrets, load, now: now)
                }
            }
            try await settle(calls, await send(calls), listener, secrets)
        } catch {
            // A receiver may hear of it twice: it tells repeats by the id.
            try await putBack(jobs, "\(error)")
            logger.warning("webhook stopped: \(error)", metadata: ["webhook": "\(id)"])
        }
    }

    private func told(_ jobs: [Job], _ id: Int64) async throws -> (Listener, [Notice])? {
        let organization = organization
        return try await store.read { session in
            guard let listener = try ListenerTable(session, organization: organization).listener(id) else { return nil }
            let ids = jobs.compactMap { Int64($0.key) }
            return (listener, try NoticeTable(session, organization: organization).notices(ids))
        }
    }

    /// What is told of, as it is now.
    func load(_ notices: [Notice], _ listener: Listener) async throws -> NoticeLoad {
        let organization = organization
        let records = Array(Set(notices.map(\.record))).filter { $0 != 0 }.sorted()
        return try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            let integrations = try ledger.integrations()
            return NoticeLoad(
                records: Dictionary(
                    try ledger.records(records).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }),
                links: Dictionary(grouping: try ledger.links(ofRecords: records), by: \.record),
                names: Dictionary(integrations.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first }),
                publicID: integrations.first { $0.id == listener.integration }?.publicID)
        }
    }

    /// Headers and secrets of a listener.
    ///
    /// - Throws: `HubError` when they cannot be opened.
    func secrets(of listener: Listener) async throws -> ListenerSecrets {
        if let secrets = opened(listener) { return secrets }
        // Another process may have sealed with a key that is newer than what this one knows.
        try await refreshKeys()
        guard let secrets = opened(listener) else { throw HubError("\(listener.name): its secret cannot be opened") }
        return secrets
    }

    func opened(_ listener: Listener) -> ListenerSecrets? {
        guard let bytes = try? vault.open(listener.settings, context: listener.sealContext),
            let json = try? JSON(parsing: bytes)
        else { return nil }
        return ListenerSecrets(json: json)
    }

    /// Sends calls at the same time; what came of each, in their order.
    func send(_ calls: [NoticeCall]) async -> [NoticeResult] {
        await withTaskGroup(of: (Int, NoticeResult).self) { group in
            for (index, call) in calls.enumerated() {
                group.addTask { (index, await self.send(call)) }
            }
            var results: [Int: NoticeResult] = [:]
            for await (index, result) in group { results[index] = result }
            return calls.indices.compactMap { results[$0] }
        }
    }

    /// Where a listener is reached.
    ///
    /// - Throws: `HubError` where it is reached by mail, and that is not set up here.
    func place(of listener: Listener) throws -> NoticePlace {
        if let to = try MailAddress.list(ofURL: listener.url) {
            guard let mailer = noticeWay.mailer else {
                throw HubError("\(listener.name): this hub sends no mail; set CROSSDOCK_SMTP_HOST for every process")
            }
            return .mail(from: mailer.from, to: to)
        }
        guard let address = HTTPAddress(listener.url) else { throw HubError("\(listener.name) has no address") }
        return .web(address)
    }

    private func send(_ call: NoticeCall) async -> NoticeResult {
        let began = now
        let outcome =
            switch call.parcel {
            case .web(let request): await answer(to: request)
            case .mail(let message): await answer(to: message)
            }
        let milliseconds = Int64((now.seconds(since: began) * 1000).rounded())
        return NoticeResult(outcome: outcome, began: began, milliseconds: max(0, milliseconds))
    }

    private func answer(to request: HTTPRequest) async -> NoticeOutcome {
        if let problem = noticeWay.problem(request.address) { return .unanswered(.notSent(problem)) }
        do throws(TransportFailure) {
            return .answered(try await noticeWay.transport.send(request))
        } catch {
            return .unanswered(error)
        }
    }

    /// Mail servers answer with numbers of the same kind: 2 is taken, 4 not now, 5 not at all.
    private func answer(to message: MailMessage) async -> NoticeOutcome {
        guard let mailer = noticeWay.mailer else { return .unanswered(.notSent("mail is not set up")) }
        do throws(MailFailure) {
            try await mailer.send(message)
            return .answered(HTTPResponse(status: 250))
        } catch {
            switch error {
            case .notSent(let why): return .unanswered(.notSent(why))
            case .noAnswer(let why): return .unanswered(.noAnswer(why))
            case .refused(let code, let why): return .answered(HTTPResponse(status: code, body: Array(why.utf8)))
            }
        }
    }

    private func settle(
        _ calls: [NoticeCall], _ results: [NoticeResult], _ listener: Listener, _ secrets: ListenerSecrets
    ) async throws {
        let block = try await ids.draw(calls.count + ListenerTable.limit * 2)
        let jitter = Double(surroundings.random(1).first ?? 0) / 255
        let (organization, owner, now) = (organization, owner, now)
        let disabled = try await store.write(.urgent) { session -> String? in
            var ids = block
            let table = JobTable(session, organization: organization)
            let listeners = ListenerTable(session, organization: organization)
            let notices = NoticeTable(session, organization: organization)
            let gate = try table.gate(of: listener.id)
            let settlement = NoticeSettlement.decide(calls, results, listener, gate: gate, jitter: jitter, now: now)
            let current = try listeners.listener(listener.id)
            // A job that another has taken over since is settled by that one.
            let settled = try table.settle(settlement.outcomes, owner: owner, now: now)
            guard let current else { return nil }
            try notices.set(
                settlement.standings.filter { settled.contains($0.key) }.map { entry in
                    // Who was disabled meanwhile is told nothing more by itself.
                    let isMissed = current.state == .disabled && entry.value.isWaiting
                    return isMissed ? entry.value.missed(at: now) : entry.value
                }.sorted { $0.notice < $1.notice })
            var attempts: [NoticeAttempt] = []
            for (call, result) in zip(calls, results) {
                guard let error = settlement.errors[call.notice.id] else { continue }
                attempts.append(
                    call.attempt(
                        id: try ids.next(), number: call.notice.attempts + 1, result, error: error, secrets))
            }
            try notices.add(attempts)
            if settlement.gate != gate { try table.save(settlement.gate, of: listener.id) }
            if settlement.failingSince != current.failingSince {
                try listeners.set(failingSince: settlement.failingSince, of: listener.id)
            }
            guard let reason = settlement.disabledFor, current.state == .active else { return nil }
            try self.disable(current, reason: reason, by: .hub, session, ids: &ids, now: now)
            return reason
        }
        if let disabled {
            logger.warning("the webhook \(listener.name) is disabled: \(disabled); see crossdock webhooks")
            bell.ring()
        }
    }

    /// Switches a listener off, drops what waits for it, and tells those who want to hear of it.
    func disable(
        _ listener: Listener, reason: String, by actor: AuditActor, _ session: any StoreSession, ids: inout IDBlock,
        now: Moment
    ) throws {
        let listeners = ListenerTable(session, organization: organization)
        let table = JobTable(session, organization: organization)
        var disabled = listener
        (disabled.state, disabled.reason) = (.disabled, reason)
        try listeners.save(disabled)
        var next: Int64? = 0
        while let after = next {
            next = try table.cancelAll(
                JobFilter(queue: .notify, integration: listener.id), by: actor.name, reason: reason, after: after,
                now: now
            ).next
        }
        try NoticeTable(session, organization: organization).miss(of: listener.id, now: now)
        let detail: JSON = [
            "webhookId": .string(listener.publicID), "name": .string(listener.name), "reason": .string(reason),
        ]
        for other in try listeners.active() where other.id != listener.id {
            guard let event = EventCatalogue.heard(EventCatalogue.disabled, by: other.events) else { continue }
            let notice = Notice(id: try ids.next(), listener: other.id, event: event, detail: detail, at: now)
            try Self.put([notice], for: other, session, organization, ids: &ids, now: now)
        }
        let note = AuditNote(
            .webhookStateSet, "webhook", listener.publicID, before: ["state": .string(listener.state.rawValue)],
            after: ["state": .string(disabled.state.rawValue), "reason": .string(reason)])
        try self.note(note, by: actor, at: now, in: session)
    }
}
