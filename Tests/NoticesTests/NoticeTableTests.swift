import Commerce
import Notices
import Store
import TestStores
import Testing
import Wire

/// Listeners and notices, on both stores.
@Suite("Webhooks out: what is remembered")
struct NoticeTableTests {
    private let place = TestStore.Place()
    private static let start = Moment(milliseconds: 1_800_000_000_000)

    private func listener(_ id: Int64, integration: Int64 = 0) -> Listener {
        var listener = Listener(
            id: id, publicID: "whk_\(id)", integration: integration, name: "ERP", url: "https://erp.example/hook",
            events: ["order.*", "inventory.changed"], settings: [1, 2, 3], toldNumber: 40, createdAt: Self.start)
        listener.options.retries = 3
        listener.options.timeoutSeconds = 12
        listener.options.keepsOrder = true
        return listener
    }

    private func notice(_ id: Int64, of listener: Int64 = 5, record: Int64 = 7) -> Notice {
        Notice(
            id: id, listener: listener, event: "order.updated", record: record, kind: .order, changed: ["state"],
            origin: 3, at: Self.start)
    }

    private func with<Value: Sendable>(
        _ work: @escaping @Sendable (ListenerTable, NoticeTable) throws -> Value
    ) async throws -> Value {
        let store = try place.open(NoticeMigrations.all)
        let value = try await store.write { session in
            try work(ListenerTable(session, organization: 1), NoticeTable(session, organization: 1))
        }
        await store.close()
        return value
    }

    @Test func aListenerIsReadAsItWasWritten() async throws {
        defer { place.remove() }
        let (one, other) = (listener(5), listener(6, integration: 9))
        try await with { listeners, _ in
            for each in [one, other] { try listeners.save(each) }
        }

        let (all, ofNine, byName) = try await with { listeners, _ in
            (try listeners.all(), try listeners.all(of: 9), try listeners.listener(publicID: "whk_6"))
        }

        #expect(all == [one, other])
        #expect(ofNine == [other])
        #expect(byName == other)
    }

    @Test func oneOfTwoThatTellTheSameChangesComesToIt() async throws {
        defer { place.remove() }
        let one = listener(5)

        let (first, second, told) = try await with { listeners, _ in
            try listeners.save(one)
            return (
                try listeners.advance(5, from: 40, to: 50), try listeners.advance(5, from: 40, to: 50),
                try listeners.listener(5)?.toldNumber
            )
        }

        #expect(first && !second)
        #expect(told == 50)
    }

    @Test func anotherOrganizationSeesNothingOfIt() async throws {
        defer { place.remove() }
        let one = listener(5)
        try await with { listeners, _ in try listeners.save(one) }
        let store = try place.open(NoticeMigrations.all)

        let others = try await store.read { try ListenerTable($0, organization: 2).all() }
        await store.close()

        #expect(others.isEmpty)
    }

    @Test func aNoticeIsCountedWhereItStands() async throws {
        defer { place.remove() }
        let notices = [notice(11), notice(12), notice(13), notice(14, of: 6)]

        let (counts, log, missed) = try await with { _, table in
            try table.add(notices)
            try table.set([.init(11, .delivered, calls: 2, at: Self.start)])
            try table.miss(of: 5, now: Self.start)
            return (
                try table.counts(), try table.notices(of: 5, in: NoticeState.allCases, before: 13, limit: 10),
                try table.oldest(of: 5, in: [.missed], since: Self.start)
            )
        }

        #expect(counts == [5: [.missed: 2], 6: [.waiting: 1]])
        #expect(log.map(\.id) == [12, 11])
        #expect(log.last?.attempts == 2)
        #expect(missed.map(\.id) == [12, 13])
        #expect(missed.first?.changed == ["state"])
    }

    @Test(arguments: [(6.0, [11, 12, 13]), (8.0, [12, 13]), (31.0, [12])] as [(Double, [Int64])])
    func whatIsSettledIsForgottenWithItsCallsAndWhatWaitsIsNot(days: Double, kept: [Int64]) async throws {
        defer { place.remove() }
        let notices = [notice(11), notice(12), notice(13)]
        let attempts = [Int64(11), 13].map { id in
            NoticeAttempt(
                id: id + 10, notice: id, listener: 5, number: 1, at: Self.start, milliseconds: 12, status: 200,
                error: nil, request: "{}", response: "null")
        }

        let (before, left, calls) = try await with { _, table in
            try table.add(notices)
            try table.add(attempts)
            try table.set([
                .init(11, .delivered, calls: 1, at: Self.start), .init(13, .failed, calls: 1, at: Self.start),
            ])
            let before = try table.attempts(of: [11, 12, 13])
            let end = try table.forget(after: 0, now: Self.start.adding(seconds: days * 86_400))
            #expect(end == nil)
            return (before, try table.notices([11, 12, 13]), try table.attempts(of: [11, 12, 13]))
        }

        #expect(before == attempts)
        #expect(left.map(\.id) == kept)
        #expect(calls.map(\.notice) == kept.filter { $0 != 12 })
    }

    @Test func whoIsTakenAwayLeavesNothing() async throws {
        defer { place.remove() }
        let (one, told) = (listener(5), notice(11))

        let (count, left) = try await with { listeners, table in
            try listeners.save(one)
            try table.add([told])
            try listeners.remove(5)
            return (try listeners.count(), try table.notices([11]))
        }

        #expect(count == 0)
        #expect(left.isEmpty)
    }
}
