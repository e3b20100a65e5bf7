import ConnectorKit
import Ledger
import Queue
import Store

/// What the real sides show, compared with what the hub believes they show.
extension Hub {
    /// How many records are asked for in one call.
    private static let driftPage = 20

    /// Some records of every integration, read as they are read ever: the far sides' limits count these calls, and none
    /// is made while a side rests. What they show is compared and not taken.
    func verifyDrift(_ terms: VerifyTerms, _ progress: (Int, Int) -> Void) async throws -> VerifyResult {
        var result = VerifyResult(.drift)
        let samples = min(max(0, terms.samples), VerifyTerms.samplesLimit)
        let all = try await integrations().filter { $0.state == .active }
        guard samples > 0 else {
            result.remark("the real sides were not asked")
            return result
        }
        for integration in all {
            guard try await isOpen(integration) else {
                result.remark("\(integration.name) rests or is paused; it was not asked")
                continue
            }
            guard let kinds = try? sourceKinds(integration), !kinds.isEmpty else { continue }
            let links = try await sampled(integration, kinds, samples)
            for kind in kinds {
                let some = links.filter { $0.kind == kind }
                for start in stride(from: 0, to: some.count, by: Self.driftPage) {
                    let page = Array(some[start..<min(start + Self.driftPage, some.count)])
                    do {
                        try await compare(page, kind, integration, &result)
                    } catch let failure as ConnectorFailure {
                        result.remark("\(integration.name): \(kind.plural) were not compared: \(failure.sentence)")
                        break
                    } catch PullFailure.connector(let failure) {
                        result.remark("\(integration.name): \(kind.plural) were not compared: \(failure.sentence)")
                        break
                    }
                    progress(result.checked, samples * all.count)
                }
            }
        }
        return result
    }

    /// So many links of an integration at most, of every kind some, from a place that moves with time.
    private func sampled(_ integration: Integration, _ kinds: [RecordKind], _ samples: Int) async throws -> [HubLink] {
        let (organization, now) = (organization, now)
        return try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            guard let ids = try ledger.linkIDs() else { return [] }
            let width = ids.upperBound - ids.lowerBound + 1
            // The milliseconds of the clock, stretched over all ids: another sample each time.
            let place = ids.lowerBound - 1 + (now.milliseconds &* 7919).magnitude.remainder(of: width)
            var left = samples
            var links: [HubLink] = []
            for (index, kind) in kinds.enumerated() where left > 0 {
                let share = max(1, left / (kinds.count - index))
                let some = try ledger.sample(of: integration.id, kind, limit: share, from: place)
                links += some
                left -= some.count
            }
            return links
        }
    }

    private func compare(
        _ links: [HubLink], _ kind: RecordKind, _ integration: Integration, _ result: inout VerifyResult
    ) async throws {
        guard let source = try connector(of: integration).sources[kind] else { return }
        let (organization, setting) = (organization, try await mergeSetting(integration))
        let number = try await store.read { try LedgerTable($0, organization: organization).settleNumber() }
        let requested = now
        let work = DueWork(integration: integration.id, queue: .fetch, kind: kind)
        let (found, owed) = try await patiently(work, of: integration, isFirst: false) {
            try await CallTally.owed(beside: 1) { try await source.fetch(links.map(\.externalID)) }
        }
        if owed > 0 {
            try await store.write {
                try JobTable($0, organization: organization)
                    .debit(owed, FarOperation(integration.id, work.operation), now: requested)
            }
        }
        var batch = ObservedBatch(
            integration: integration.id, drafts: [], askedAt: number, requestedAt: requested, observedAt: now,
            clockOffsetSeconds: integration.clockOffsetMilliseconds.map { Double($0) / 1000 })
        let records = Dictionary(links.map { ($0.externalID, $0.record) }, uniquingKeysWith: { first, _ in first })
        func note(_ sentence: String, _ id: String?) {
            let record = id.flatMap { records[$0] }
            let what = record.map { "\(kind.rawValue) \($0)" } ?? kind.rawValue
            result.add(VerifyError("\(integration.name): \(what) \(sentence)", record: record, kind: kind))
        }
        for answer in found {
            switch answer {
            case .found(let draft): batch.drafts.append(draft)
            case .gone(let id): note("is not there any more", id)
            case .rejected(let rejection): note("cannot be used as it is shown now", rejection.externalID)
            }
        }
        result.checked += links.count
        let decided = try await decide(batch, setting)
        let links = Dictionary(links.map { ($0.record, $0.id) }, uniquingKeysWith: { first, _ in first })
        let changed = Dictionary(grouping: decided.changes.filter { links[$0.record] != nil }, by: \.record)
            .mapValues { Set($0.map(\.part)).sorted().joined(separator: ", ") }
        for (record, parts) in changed.sorted(by: { $0.key < $1.key }) {
            result.add(
                VerifyError(
                    "\(integration.name): \(kind.rawValue) \(record) shows something else there (\(parts)); the next "
                        + "reading takes it", record: record, kind: kind))
        }
        for link in decided.links.values.filter({ links[$0.record] == $0.id }) {
            let refused = link.parts.filter { !$0.value.isAccepted }.keys.sorted()
            guard !refused.isEmpty, changed[link.record] == nil else { continue }
            result.remark(
                "\(integration.name): \(kind.rawValue) \(link.record) keeps something else than it was given "
                    + "(\(refused.joined(separator: ", ")))")
        }
    }
}

extension UInt64 {
    fileprivate func remainder(of width: Int64) -> Int64 { width > 0 ? Int64(self % UInt64(width)) : 0 }
}
