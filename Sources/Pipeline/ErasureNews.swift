import Ledger
import Notices
import Store

/// Who heard of a person, and is told that he was erased.
struct ErasureNews: Sendable {
    private let records: [HubRecord]
    private let sides: Set<Int64>

    /// The news about a person's records, and what they are called at the sides.
    init(_ records: [HubRecord], _ links: [HubLink]) {
        self.records = records
        sides = Set(links.map(\.integration) + [0])
    }

    /// How many ids the notices of so many records take at most, with the jobs that send them.
    static func most(_ records: Int) -> Int { records * ListenerTable.limit * 2 }

    /// What each listener is told that asks for it: one notice for each record that names him.
    ///
    /// - Throws: `StoreFailure` where the ids do not suffice.
    func notices(
        _ listeners: [Listener], ids: inout IDBlock, now: Moment
    ) throws -> [(listener: Listener, notices: [Notice])] {
        try listeners.filter { sides.contains($0.integration) }.map { listener in
            let notices = try records.compactMap { record -> Notice? in
                let event = EventCatalogue.erased(record.kind)
                guard let event = EventCatalogue.heard(event, by: listener.events) else { return nil }
                return Notice(
                    id: try ids.next(), listener: listener.id, event: event, record: record.id, kind: record.kind,
                    at: now)
            }
            return (listener, notices)
        }
    }

    /// Who hears of changes may have kept what was told of him: a sentence for each.
    func stays(_ listeners: [Listener]) -> [String] {
        let kinds = Set(records.map(\.kind)).sorted { $0.rawValue < $1.rawValue }
        return listeners.filter { sides.contains($0.integration) }.compactMap { listener in
            let heard = EventCatalogue.all.filter { EventCatalogue.heard($0.name, by: listener.events) != nil }
            let told = kinds.filter { kind in
                heard.contains { $0.kind == kind && $0.name != EventCatalogue.erased(kind) }
            }
            guard !told.isEmpty else { return nil }
            let names = Set(heard.map(\.name))
            let rest =
                told.allSatisfy { names.contains(EventCatalogue.erased($0)) } && listener.state == .active
                ? "it is told that he was erased, and must see to it"
                : "it is not told that he was erased; erase him there, too"
            return "webhook \(listener.name): it is told what changes, and may have kept it; \(rest)"
        }
    }
}
