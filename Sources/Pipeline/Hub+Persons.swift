import Alerts
import Audit
import ConnectorKit
import Intake
import Ledger
import Notices
import Queue
import Store

/// Why something was not done for a person.
public enum PersonFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nobody is known by that.
    case unknown(String)
    /// It cannot be done now, or as it is.
    case notNow(String)

    /// A sentence for who asked.
    public var description: String {
        switch self {
        case .unknown(let sentence), .notNow(let sentence): sentence
        }
    }
}

/// What erasing a person takes away, and what stays.
public struct Erasure: Hashable, Sendable {
    /// The hub's id of the customer.
    public var customer: Int64
    /// Whether it was done before.
    public var isErased: Bool
    /// His orders that the hub has.
    public var orders: Int
    /// Shipments and invoices of his, and of his orders.
    public var papers: Int
    /// Raw calls of vendors that tell of him.
    public var calls: Int
    /// What stays at far sides, and what must be done there by somebody else, a sentence each.
    public var stays: [String]
    /// Why it cannot be done now; empty: it can.
    public var obstacles: [String]

    /// As the API tells it.
    public var json: JSON {
        [
            "customer": .integer(Int(customer)), "isErased": .bool(isErased), "orders": .integer(orders),
            "papers": .integer(papers), "calls": .integer(calls), "stays": .array(stays.map(JSON.string)),
            "obstacles": .array(obstacles.map(JSON.string)),
        ]
    }
}

/// What the hub has of one person: shown to him, or erased. See docs/decisions/0022-personal-values.md.
extension Hub {
    /// All that is held of a customer.
    private struct Holding: Sendable {
        var records: [HubRecord]
        var links: [HubLink]
        var customer: HubRecord
        var calls: [Intake.FoundCall] = []
        var openJobs: [Int64]
    }

    private func holding(of key: String) async throws -> Holding {
        let organization = organization
        var holding = try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            let found = try ledger.find(.customer, key)
            guard let customer = found.first else {
                throw PersonFailure.unknown(
                    "no customer is known by \"\(key)\" (an e-mail address, a far id or the hub's id)")
            }
            guard found.count == 1 else {
                let ids = found.map { String($0.id) }.sorted().joined(separator: ", ")
                throw PersonFailure.notNow(
                    "\"\(key)\" means \(found.count) customers; name one by the hub's id: \(ids)")
            }
            let records = try ledger.records(ofPerson: customer.id)
            return Holding(
                records: records, links: try ledger.links(ofRecords: records.map(\.id)), customer: customer,
                openJobs: try JobTable(session, organization: organization).unendedDeliveries(of: records.map(\.id)))
        }
        let signs = Self.signs(holding)
        var next: Int64? = 0
        while let after = next {
            let (found, last) = try await store.read {
                try Intake.calls(known: signs, after: after, organization: organization, session: $0)
            }
            holding.calls += found
            next = last
        }
        return holding
    }

    /// What is the person's alone. A name may be another's, too, and is no sign.
    private static func signs(_ holding: Holding) -> CallSigns {
        let values = holding.customer.values
        var texts = [values[CustomerPart.email], values[CustomerPart.phone]].compactMap { $0 }
        for address in [values[CustomerPart.billing], values[CustomerPart.shipping]].compactMap({ $0 }) {
            texts += [address.email, address.phone]
        }
        let names = Dictionary(grouping: holding.links, by: \.integration)
            .mapValues { Set($0.map { "\($0.kind.rawValue) \($0.externalID)" }) }
        return CallSigns(names: names, texts: texts)
    }

    /// What names him in sentences: also what others share with him, for a sentence that is lost does no harm.
    private static func words(_ holding: Holding) -> ErasedWords {
        var texts = signs(holding).texts
        let values = holding.customer.values
        if let name = values[CustomerPart.name] { texts += [name.first, name.last] }
        texts += [values[CustomerPart.notes], values[CustomerPart.company]].compactMap { $0 }
        var addresses = [values[CustomerPart.billing], values[CustomerPart.shipping]].compactMap { $0 }
        for record in holding.records {
            if let content = record.values[OrderPart.content] {
                addresses += [content.billing, content.shippingAddress]
                texts.append(content.customerNote)
            }
            if let content = record.values[ShipmentPart.content] { addresses.append(content.destination) }
        }
        for address in addresses {
            texts += [address.name, address.line1, address.line2, address.phone, address.email, address.company]
        }
        return ErasedWords(texts)
    }

    // MARK: Showing

    /// All that the hub has of a customer, for him to see: his record and his orders with their history, what is known
    /// of them at each side, what was written there, and vendors' calls about them.
    ///
    /// - Throws: `PersonFailure`, `StoreFailure`.
    public func exportCustomer(_ key: String, by actor: AuditActor = .hub) async throws -> JSON {
        let (holding, organization, now) = (try await holding(of: key), organization, now)
        let told = try await store.write { session -> JSON in
            let words = try ReportWords(session, organization)
            let records = try holding.records.map { try words.told($0, holding.links.filter(\.isMain)) }
            let orders = holding.records.filter { $0.kind == .order }.count
            let after: JSON = [
                "orders": .integer(orders), "papers": .integer(records.count - 1 - orders),
                "calls": .integer(holding.calls.count),
            ]
            try self.note(
                AuditNote(.customerExported, "customer", holding.customer.id, after: after), by: actor, at: now,
                in: session)
            let calls = holding.calls.map { call -> JSON in
                [
                    "integration": .string(words.name(call.integration)),
                    "receivedAt": .string(call.receivedAt.description),
                    "body": (try? JSON(parsing: call.body)) ?? .string(String(decoding: call.body, as: UTF8.self)),
                ]
            }
            return ["records": .array(records), "calls": .array(calls)]
        }
        var members = told.object ?? [:]
        members["customer"] = .integer(Int(holding.customer.id))
        members["exportedAt"] = .string(now.description)
        return .object(members)
    }

    // MARK: Erasing

    /// What erasing a customer would take away.
    ///
    /// - Throws: `PersonFailure`, `StoreFailure`.
    public func erasure(of key: String) async throws -> Erasure {
        try await erasure(holding(of: key))
    }

    private func erasure(_ holding: Holding) async throws -> Erasure {
        let all = try await integrations()
        let listeners = try await store.read { [organization] session in
            try ListenerTable(session, organization: organization).all()
        }
        var obstacles: [String] = []
        if !isSealing {
            obstacles.append("values of persons are not sealed in this store yet: crossdock maintain --seal-persons")
        }
        if !holding.openJobs.isEmpty {
            let ids = holding.openJobs.prefix(5).map(String.init).joined(separator: ", ")
            obstacles.append(
                "\(holding.openJobs.count) tasks still bring this customer or his orders somewhere (\(ids)); "
                    + "let them end, or drop them (crossdock cancel)")
        }
        return Erasure(
            customer: holding.customer.id, isErased: holding.customer.erasedAt != nil,
            orders: holding.records.filter { $0.kind == .order }.count,
            papers: holding.records.filter { ![.customer, .order].contains($0.kind) }.count,
            calls: holding.calls.count,
            stays: stays(holding, all) + ErasureNews(holding.records, holding.links).stays(listeners),
            obstacles: obstacles)
    }

    private func stays(_ holding: Holding, _ all: [Integration]) -> [String] {
        let names = Dictionary(all.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        let records = Dictionary(holding.records.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let far = holding.links.filter { $0.isActive && $0.isMain }.map { link -> String in
            let name = names[link.integration] ?? "integration \(link.integration)"
            let what = "\(link.kind.rawValue) \(link.externalID)"
            let issuer = records[link.record]?.issuer
            if link.kind != .customer, issuer != link.integration {
                return "\(name): \(what) is booked there and stays as it is, with the name and the address on it, for "
                    + "as long as books must be kept; the hub writes no person into it any more"
            }
            return "\(name): \(what) stays there as it is; erase it there, too, the hub does not delete it"
        }
        let backups = "backups made before hold his key: they must go by their own time (--backup-keep), or be removed"
        return far + [backups] + (store.dialect == .postgres ? [Self.unsearchedLog] : [])
    }

    /// The hub has no right to a server's own log, wherever that is kept.
    static let unsearchedLog =
        "the PostgreSQL server's own log was not searched: where it writes down statements or their values "
        + "(log_statement, log_min_duration_statement, errors) it may name him, and must go by its own time"

    /// Erases a customer: his key is destroyed, and what was his in his records and in vendors' calls is taken away.
    /// His orders stay, without him.
    ///
    /// - Throws: `PersonFailure`, `StoreFailure`, and what sealing throws.
    public func eraseCustomer(_ key: String, by actor: AuditActor = .hub) async throws -> Erasure {
        try await learnSealing()
        let holding = try await holding(of: key)
        let plan = try await erasure(holding)
        if let obstacle = plan.obstacles.first { throw PersonFailure.notNow(obstacle) }
        // An order may have come since he was erased.
        guard !plan.isErased || holding.records.contains(where: { $0.erasedAt == nil }) else { return plan }
        let (organization, now, person) = (organization, now, holding.customer.id)
        let words = Self.words(holding)
        // What an older release left, or another key sealed, is brought under his key first; what the key sealed of
        // others goes under theirs.
        try await store.write { session in
            let ledger = LedgerTable(session, organization: organization)
            for other in try ledger.records(ofOthersSealedWith: person) {
                try ledger.seal(records: [other], with: other)
            }
            let ids = holding.records.map(\.id)
            try ledger.seal(records: ids, with: person)
            try JobTable(session, organization: organization).seal(deliveriesOf: ids)
        }
        try await forget(words)
        let block = try await ids.draw(ErasureNews.most(holding.records.count))
        try await store.write { session in
            var ids = block
            let ledger = LedgerTable(session, organization: organization)
            let table = JobTable(session, organization: organization)
            let records = try ledger.records(ofPerson: person)
            guard try table.unendedDeliveries(of: records.map(\.id)).isEmpty else {
                throw PersonFailure.notNow("a task began to bring this customer somewhere meanwhile; try again")
            }
            // Also what came since he was looked up is told of.
            let fresh = records.filter { $0.erasedAt == nil }
            guard fresh.count <= holding.records.count else {
                throw PersonFailure.notNow("more of this customer came meanwhile; try again")
            }
            let news = ErasureNews(fresh, try ledger.links(ofRecords: fresh.map(\.id)))
            try ledger.blank(records, now: now)
            try table.forget(deliveriesOf: records.map(\.id))
            try Intake.forgetBodies(of: holding.calls.map(\.id), organization: organization, session: session)
            try ledger.destroyKeys(records.map(\.id), now: now)
            let listeners = try ListenerTable(session, organization: organization).active()
            for (listener, notices) in try news.notices(listeners, ids: &ids, now: now) {
                try Self.put(notices, for: listener, session, organization, ids: &ids, now: now)
            }
            let after: JSON = [
                "orders": .integer(plan.orders), "papers": .integer(plan.papers), "calls": .integer(plan.calls),
            ]
            try self.note(AuditNote(.customerErased, "customer", person, after: after), by: actor, at: now, in: session)
        }
        bell.ring()
        personalRing.forget()
        // The store's own log still has what was written over.
        _ = try await store.tidy(isThorough: false)
        return plan
    }
}

extension Hub {
    /// Takes sentences away that name somebody, table by table, so that others write between.
    private func forget(_ words: ErasedWords) async throws {
        let organization = organization
        try await store.write(.bulk) { try LedgerTable($0, organization: organization).forget(words: words) }
        try await store.write(.bulk) { try JobTable($0, organization: organization).forget(words: words) }
        try await store.write(.bulk) { try Intake.forget(words: words, organization: organization, session: $0) }
        try await store.write(.bulk) { try NoticeTable($0, organization: organization).forget(words: words) }
        try await store.write(.bulk) { try AlertTable($0, organization: organization).forget(words: words) }
    }
}

extension HubLink {
    /// Whether it is the counterpart itself, and not something made for it.
    fileprivate var isMain: Bool { role == HubLink.mainRole }
}

extension ReportWords {
    /// A record as its person is shown it.
    fileprivate func told(_ record: HubRecord, _ links: [HubLink]) throws -> JSON {
        let changes = try ledger.changes(of: record.id, limit: Self.mostChanges).map { numbered -> JSON in
            let change = numbered.change
            return [
                "at": .string(change.at.description), "part": .string(change.part), "old": change.old ?? .null,
                "new": change.new ?? .null, "loser": change.loser ?? .null, "rule": .string(change.rule),
                "from": .string(change.origin.map(name) ?? "the hub"),
            ]
        }
        let receipts = try ledger.receipts(of: record.id, limit: Self.mostChanges).map { receipt -> JSON in
            [
                "at": .string(receipt.at.description), "to": .string(name(receipt.integration)),
                "outcome": .string(receipt.outcome), "parts": receipt.parts,
                "remarks": .array(receipt.remarks.map(JSON.string)),
            ]
        }
        return [
            "id": .integer(Int(record.id)), "kind": .string(record.kind.rawValue), "title": .string(record.title),
            "values": record.values.json, "history": .array(changes), "writes": .array(receipts),
            "sides": .array(
                links.filter { $0.record == record.id }.map { link in
                    [
                        "integration": .string(name(link.integration)), "id": .string(link.externalID),
                        "shows": .object(link.parts.compactMapValues(\.seen)),
                    ]
                }),
        ]
    }

    /// The most lines of one record's history that are shown.
    private static let mostChanges = 10_000
}
