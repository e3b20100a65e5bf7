#if Mutations
    import ConnectorKit
    import Deliver
    import Ledger
    import Queue
    import Store

    /// What the pipeline's planted defects do in place of its own steps. No build but the oracle's test holds it.
    extension Hub {
        /// `decidedBeforeCommit`: loaded and decided in one step, saved in another.
        func absorbInTwoSteps(
            _ batch: ObservedBatch, _ setting: MergeSetting, priority: StepPriority, ids block: IDBlock,
            first: @escaping @Sendable (any StoreSession) throws -> Void,
            also: @escaping @Sendable (any StoreSession) throws -> Void
        ) async throws -> Absorbed {
            let (organization, now) = (organization, now)
            let early = try await store.read { session in
                try Self.snapshot(for: batch, setting, session, organization)
            }
            let absorbed = try await store.write(priority) { session in
                try first(session)
                let absorbed = try Self.save(
                    batch, decidedOn: early, setting, session, organization, ids: block, now: now)
                try also(session)
                return absorbed
            }
            bell.ring()
            return absorbed
        }

        /// `echoByWindow`: without the values the hub wrote there within the last five minutes.
        static func withoutEchoes(
            _ batch: ObservedBatch, _ ledger: LedgerTable, now: Moment
        ) throws -> ObservedBatch {
            var batch = batch
            for index in batch.drafts.indices {
                let draft = batch.drafts[index]
                for link in try ledger.links(batch.integration, draft.kind, externalIDs: [draft.externalID]) {
                    for receipt in try ledger.receipts(of: link.record, limit: 20)
                    where receipt.integration == batch.integration && now.seconds(since: receipt.at) < 300 {
                        for (part, entry) in receipt.parts.object ?? [:] where draft.parts[part] == entry["to"] {
                            batch.drafts[index].parts.values[part] = nil
                        }
                    }
                }
            }
            return batch
        }

        /// `deletionBeatsEdit`: the record goes with its counterpart.
        static func forget(_ records: [Int64], _ ledger: LedgerTable) throws {
            try ledger.save(
                ledger.records(records).map { record in
                    var record = record
                    record.isDeleted = true
                    return record
                })
        }

        /// `staleCompareSentAgain`: what was refused because it compared with a number that had passed is sent once
        /// more, compared with the number that stands there now.
        static func sentAgain(
            _ writes: [PlannedWrite], _ results: [WriteResult], _ source: any RecordSource, _ target: any RecordTarget
        ) async throws(ConnectorFailure) -> [WriteResult] {
            var results = results
            for index in results.indices {
                guard case .failed(.busy) = results[index], let id = writes[index].request.externalID,
                    case .found(let draft)? = try await source.fetch([id]).first
                else { continue }
                var request = writes[index].request
                request.seen[ProductPart.stock] = draft.parts[ProductPart.stock]
                results[index] = try await target.write([request]).first ?? results[index]
            }
            return results
        }
    }
#endif
