import Ledger
import Notices
import Queue
import Store

/// *Is announced*, to those outside: what has changed becomes notices for whoever asked to hear of it.
///
/// The change log is what is still to be told: a change and the task to tell it are one row, committed together. Each
/// listener remembers up to which change it was told; notices, their jobs and that number are written in one step.
extension Hub {
    /// How many changes one step looks at.
    static let relayPage = 200
    /// How many groups of listeners, told up to different changes, one step looks at.
    private static let relayGroups = 8
    /// From how many changes on that concern nobody it is noted that they were looked at.
    private static let relayNoteFrom = 100

    /// What one step tells one listener.
    struct RelayStep: Sendable {
        var listener: Listener
        var drafts: [NoticeDraft]
        var last: Int64
        var hasMore: Bool
    }

    /// Puts up notices of what has changed. Whether there is more to look at.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func relay() async throws -> Bool {
        let (organization, now) = (organization, now)
        let steps = try await store.read { try Self.relaySteps($0, organization) }
        guard !steps.isEmpty else { return false }
        let count = steps.reduce(0) { $0 + $1.drafts.count }
        let block = try await ids.draw(count * 2 + 1)
        try await store.write { session in
            var ids = block
            let listeners = ListenerTable(session, organization: organization)
            for step in steps {
                guard try listeners.advance(step.listener.id, from: step.listener.toldNumber, to: step.last) else {
                    continue
                }
                let notices = try step.drafts.map { try $0.notice(for: step.listener, id: ids.next()) }
                try Self.put(notices, for: step.listener, session, organization, ids: &ids, now: now)
            }
        }
        if count > 0 { bell.ring() }
        return steps.contains(where: \.hasMore)
    }

    private static func relaySteps(_ session: any StoreSession, _ organization: Int64) throws -> [RelayStep] {
        let active = try ListenerTable(session, organization: organization).active()
        guard !active.isEmpty else { return [] }
        let (ledger, notices) = (
            LedgerTable(session, organization: organization), NoticeTable(session, organization: organization)
        )
        let end = try ledger.changeNumber()
        let behind = Dictionary(grouping: active.filter { $0.toldNumber < end }, by: \.toldNumber)
        var steps: [RelayStep] = []
        for (number, group) in behind.sorted(by: { $0.key < $1.key }).prefix(relayGroups) {
            let page = try ledger.changes(after: number, upTo: end, limit: relayPage)
            let isOfOne = group.contains { $0.integration != 0 }
            let links = isOfOne ? try ledger.links(ofRecords: Array(Set(page.changes.map(\.change.record)))) : []
            let places = Dictionary(grouping: links, by: \.record).mapValues { Set($0.map(\.integration)) }
            for listener in group where try !notices.isFull(listener.id) {
                let drafts = NoticeDraft.drafts(of: page.changes.map(\.change), for: listener, places: places)
                let isWorthNoting = page.last < end || page.changes.count >= relayNoteFrom
                guard !drafts.isEmpty || isWorthNoting else { continue }
                steps.append(
                    RelayStep(listener: listener, drafts: drafts, last: page.last, hasMore: page.last < end))
            }
        }
        return steps
    }

    /// Writes notices with the jobs that send them.
    static func put(
        _ notices: [Notice], for listener: Listener, _ session: any StoreSession, _ organization: Int64,
        ids: inout IDBlock, now: Moment
    ) throws {
        try NoticeTable(session, organization: organization).add(notices)
        try queue(notices, for: listener, session, organization, ids: &ids, now: now)
    }

    /// Puts the jobs on the queue that send notices.
    static func queue(
        _ notices: [Notice], for listener: Listener, _ session: any StoreSession, _ organization: Int64,
        ids: inout IDBlock, now: Moment
    ) throws {
        let jobs = notices.map { notice in
            NewJob(
                .notify, integration: listener.id, kind: nil, key: String(notice.id), runAt: now,
                lane: listener.options.keepsOrder && notice.record != 0 ? "record \(notice.record)" : nil)
        }
        try JobTable(session, organization: organization).add(jobs, ids: &ids, now: now)
    }
}

/// What a listener is to be told, before it has an id.
struct NoticeDraft: Hashable, Sendable {
    var event: String
    var change: Change
    var changed: [String]

    func notice(for listener: Listener, id: Int64) -> Notice {
        Notice(
            id: id, listener: listener.id, event: event, record: change.record, kind: change.kind, changed: changed,
            origin: change.origin, at: change.at)
    }

    /// What changes are to a listener, in their order; those of one record that are one event to it become one notice.
    ///
    /// `places`: where each record is linked, for listeners of one integration.
    static func drafts(of changes: [Change], for listener: Listener, places: [Int64: Set<Int64>]) -> [NoticeDraft] {
        var drafts: [NoticeDraft] = []
        var known: [Key: Int] = [:]
        for change in changes where concerns(change, listener, places) {
            let events = EventCatalogue.events(
                kind: change.kind, part: change.part, old: change.old, new: change.new, birth: Change.birthPart,
                link: linkPart)
            for event in events.compactMap({ EventCatalogue.heard($0, by: listener.events) }) {
                let parts = [Change.birthPart, linkPart].contains(change.part) ? [] : [change.part]
                let key = Key(record: change.record, event: event)
                if let index = known[key] {
                    drafts[index].change = change
                    drafts[index].changed += parts.filter { !drafts[index].changed.contains($0) }
                } else {
                    known[key] = drafts.count
                    drafts.append(NoticeDraft(event: event, change: change, changed: parts))
                }
            }
        }
        return drafts
    }

    private struct Key: Hashable {
        var record: Int64
        var event: String
    }

    /// The part under which the change log says that a record is gone at one side.
    private static let linkPart = "link"

    private static func concerns(_ change: Change, _ listener: Listener, _ places: [Int64: Set<Int64>]) -> Bool {
        guard listener.integration != 0 else { return true }
        if change.part == linkPart { return change.origin == listener.integration }
        return places[change.record]?.contains(listener.integration) ?? false
    }
}
