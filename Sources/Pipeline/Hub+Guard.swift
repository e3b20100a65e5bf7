import ConnectorKit
import Ledger
import Queue
import Reconcile
import Store

/// The guard: of what is seldom meant, more than a share of an integration's records waits for a person before any of
/// it is taken, and so before any of it is sent.
///
/// See docs/decisions/0020-guard.md.
extension Hub {
    /// Decides on what was loaded; where that would be too much of what is seldom meant, once more, holding it.
    static func decide(
        _ batch: ObservedBatch, on snapshot: Snapshot, _ setting: MergeSetting, _ ledger: LedgerTable,
        ids: inout IDBlock, now: Moment
    ) throws -> Absorption {
        var free = ids
        var absorption = try Absorb.decide(
            batch, rules: setting.rules, snapshot: snapshot, ids: { try free.next() })
        guard !absorption.drastic.isEmpty else {
            ids = free
            return absorption
        }
        var left = ids
        let holds = try holds(
            for: absorption.drastic, of: batch.integration, setting.rules.guardTerms, ledger, ids: &left, now: now)
        if holds.isEmpty {
            ids = free
        } else {
            absorption = try Absorb.decide(
                batch, rules: setting.rules, snapshot: snapshot, holding: Set(holds.keys),
                ids: { try left.next() })
            ids = left
        }
        absorption.guarded += absorption.drastic.map { $0.waiting(in: holds[$0.key]?.id) }
        absorption.alarms = holds.filter(\.value.isAlarm).map(\.key)
        return absorption
    }

    /// The holds that changes must wait in, by what they are counted with; none for those that may pass.
    ///
    /// More than the minimum waits at first, for nobody knows yet how much of it will come: at once for a person where
    /// it is more than the share already (an alarm), else until no more of it comes.
    static func holds(
        for items: [GuardItem], of integration: Int64, _ terms: GuardTerms, _ ledger: LedgerTable,
        ids: inout IDBlock, now: Moment
    ) throws -> [GuardKey: (id: Int64, isAlarm: Bool)] {
        guard terms.sharePercent < 100 else { return [:] }
        var holds: [GuardKey: (id: Int64, isAlarm: Bool)] = [:]
        let groups = Dictionary(grouping: items, by: \.key)
        for (key, group) in groups.sorted(by: { $0.key.words < $1.key.words }) {
            let taken = try ledger.takenCount(integration, key, since: now.adding(seconds: -GuardTerms.windowSeconds))
            let known = try ledger.undecidedHold(integration, key)
            guard known != nil || taken + group.count > terms.minimum else { continue }
            // What was taken once counts once, however often it happens.
            let names = Set(group.map(\.name))
            let counted = try ledger.guardItems(integration, key.kind, externalIDs: names.map(\.externalID))
                .filter { $0.decision == .passed && names.contains($0.name) }
            let count = names.count - counted.count
            guard known != nil || taken + count > terms.minimum else { continue }
            let waiting = try known.map { try ledger.waitingCount(in: $0.id) } ?? 0
            // Those of a first reading are linked in this very step.
            let total = max(try ledger.linkedCount(integration, key.kind), taken + waiting + count)
            let isTooMuch = taken + waiting + count > terms.allowed(of: total)
            var hold =
                try known
                ?? GuardHold(
                    id: ids.next(), integration: integration, key, total: total, isOpen: isTooMuch, at: now)
            (hold.grownAt, hold.total) = (now, total)
            if isTooMuch { hold.state = .open }
            try ledger.save(hold)
            holds[key] = (hold.id, isTooMuch && known?.state != .open)
        }
        return holds
    }

    // MARK: Deletions

    /// The links, of those whose counterpart is gone for certain, that are given up now; the others are held.
    static func mayGo(
        _ links: [HubLink], _ integration: Integration, _ ledger: LedgerTable, ids: inout IDBlock, now: Moment
    ) throws -> Set<Int64> {
        guard let kind = links.first?.kind else { return [] }
        let known = Dictionary(
            try links.contains(where: \.isGuarded)
                ? ledger.guardItems(integration.id, kind, externalIDs: links.map(\.externalID))
                    .filter { $0.name.part == HubLink.gonePart }.map { ($0.name.externalID, $0) } : [],
            uniquingKeysWith: { first, _ in first })
        var going: Set<Int64> = []
        var (fresh, kept, ended): ([GuardItem], [GuardItem], [GuardName]) = ([], [], [])
        for link in links {
            let item = GuardItem(gone: link, at: now)
            switch known[link.externalID]?.decision {
            case .waits: continue
            case .released:
                ended.append(item.name)
                going.insert(link.id)
            case .cleared:
                kept.append(item)
                going.insert(link.id)
            case .passed, .discarded, nil: fresh.append(item)
            }
        }
        let holds = try holds(
            for: fresh, of: integration.id, integration.options.guardTerms, ledger, ids: &ids, now: now)
        if holds.isEmpty { going.formUnion(links.filter { link in fresh.contains { $0.name.names(link) } }.map(\.id)) }
        try ledger.save(kept + fresh.map { $0.waiting(in: holds[$0.key]?.id) })
        try ledger.forget(ended, of: integration.id, now: now)
        return going
    }

    /// Holds links that a list of ids does not show, all at once: it is likelier that the list is wrong. Of those it
    /// shows again nothing is held any more.
    ///
    /// - Returns: How many are held by it now.
    static func hold(
        missing: Set<String>, _ kind: RecordKind, _ integration: Integration, _ ledger: LedgerTable,
        ids: inout IDBlock, now: Moment
    ) throws -> Int {
        let links = try ledger.links(integration.id, kind, externalIDs: missing.sorted())
            .filter { $0.isActive && $0.role == HubLink.mainRole && !($0.parts[HubLink.gonePart]?.isHeld ?? false) }
        let items = links.map { GuardItem(gone: $0, at: now) }
        let holds = try holds(
            for: items, of: integration.id, integration.options.guardTerms, ledger, ids: &ids, now: now)
        guard !holds.isEmpty else { return 0 }
        try ledger.save(items.map { $0.waiting(in: holds[$0.key]?.id) })
        try ledger.save(links.map { $0.holding(HubLink.gonePart, true) })
        return links.count
    }

    /// Of what is listed again it is held no more that it is gone.
    static func heal(
        _ listed: Set<String>, _ kind: RecordKind, _ integration: Integration, _ ledger: LedgerTable, now: Moment
    ) throws {
        let back = try ledger.goneItems(integration.id, kind).filter { listed.contains($0.name.externalID) }
        guard !back.isEmpty else { return }
        let links = try ledger.links(integration.id, kind, externalIDs: back.map(\.name.externalID).sorted())
        try ledger.save(links.map { $0.holding(HubLink.gonePart, false) })
        try ledger.forget(back.map(\.name), of: integration.id, now: now)
    }
}

extension GuardItem {
    /// That a counterpart is gone.
    fileprivate init(gone link: HubLink, at now: Moment) {
        self.init(
            integration: link.integration, GuardName(link.kind, link.externalID, HubLink.gonePart), .deleted,
            record: link.record, old: .string(link.externalID), new: .null, at: now)
    }

    /// The change in its hold; as it is where it has none.
    fileprivate func waiting(in hold: Int64?) -> GuardItem {
        guard let hold else { return self }
        var item = self
        (item.hold, item.decision) = (hold, .waits)
        return item
    }
}

extension GuardName {
    fileprivate func names(_ link: HubLink) -> Bool { kind == link.kind && externalID == link.externalID }
}

extension HubLink {
    fileprivate func holding(_ part: String, _ isHeld: Bool) -> HubLink {
        var link = self
        link.hold(part, isHeld)
        return link
    }
}

extension GuardKey {
    /// In an order that is always the same.
    fileprivate var words: String { "\(kind.rawValue) \(sort.rawValue)" }
}
