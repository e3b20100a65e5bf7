import Commerce
import Identity
import Store
import TestStores
import Testing

@Suite("What is tried by those who may not, as it is counted and kept")
struct SecurityTableTests {
    let now = Moment(seconds: 1_800_000_000)

    @Test func oneMinuteOneKindAndOneNeighbourhoodAreOneLine() throws {
        let tally = SecurityTally()
        for number in 0..<100 {
            tally.count(.forgedSignature, from: "203.0.113.\(number)", at: "shop", now: now.adding(seconds: 0.1))
        }
        tally.count(.forgedSignature, from: nil, at: "shop", now: now)
        tally.count(.strangeName, from: "203.0.113.1", at: "sign-in", now: now)
        let lines = try #require(tally.take(now: now)).sorted { $0.times > $1.times }

        #expect(lines.map(\.times) == [100, 1, 1])
        #expect(lines[0].source == "203.0.113.0/24" && lines[0].minute == now && lines[0].place == "shop")
        #expect(Set(lines.map(\.source)) == ["203.0.113.0/24", "unknown"])
        #expect(tally.take(now: now) == nil)
    }

    /// A flood from everywhere makes numbers larger, not rows more, also while the store takes none of them.
    @Test func aFloodFromEverywhereStaysAFewLines() throws {
        let tally = SecurityTally()
        for minute in 0..<200 {
            for number in 0..<300 {
                tally.count(
                    .strangeKey, from: "10.\(minute).\(number % 256).1", at: "x",
                    now: now.adding(seconds: Double(minute) * 60))
            }
        }
        let lines = try #require(tally.take(now: now))

        #expect(lines.count <= SecurityTally.minuteLimit * (SecurityTally.sourceLimit + 1))
        #expect(lines.contains { $0.source == "others" })
    }

    @Test func whatWasTakenIsTakenAgainOnlyAfterAWhileAndWhatIsGivenBackIsThereAgain() throws {
        let tally = SecurityTally()
        tally.count(.callDenied, from: nil, at: "x", now: now)
        let lines = try #require(tally.take(now: now, afterSeconds: 5))
        tally.giveBack(lines)

        #expect(tally.take(now: now.adding(seconds: 4), afterSeconds: 5) == nil)
        #expect(tally.take(now: now.adding(seconds: 5), afterSeconds: 5) == lines)
    }

    @Test func linesAddUpAreCountedListedAndForgotten() async throws {
        let place = TestStore.Place()
        defer { place.remove() }
        let store = try place.open(SecurityTable.migrations)
        let now = now
        func with<Value: Sendable>(
            _ organization: Int64, _ step: @escaping @Sendable (SecurityTable) throws -> Value
        ) async throws -> Value {
            try await store.of(organization).write { try step(SecurityTable($0, organization: organization)) }
        }
        func line(_ kind: SecurityKind, _ minutesAgo: Double, _ times: Int, _ place: String = "a") -> SecurityLine {
            SecurityLine(
                minute: now.adding(seconds: -60 * minutesAgo), kind: kind, source: "203.0.113.0/24", times: times,
                place: place)
        }
        let lines = [line(.forgedSignature, 0, 3), line(.forgedSignature, 5, 2), line(.strangeName, 90, 4)]
        try await with(1) { try $0.add(lines) }
        let more = line(.forgedSignature, 0, 4, "b")
        try await with(1) { try $0.add([more]) }

        let hour = now.adding(seconds: -3600)
        #expect(try await with(1) { try $0.counts(since: hour) } == [.forgedSignature: 9])
        let listed = try await with(1) { try $0.lines(since: hour, limit: 10) }
        #expect(listed == [line(.forgedSignature, 0, 7, "b"), line(.forgedSignature, 5, 2)])
        let old = now.adding(seconds: -86_400)
        #expect(try await with(1) { try $0.lines(since: old, kind: .strangeName, limit: 10) }.map(\.times) == [4])
        #expect(try await with(2) { try $0.counts(since: old) } == [:])

        #expect(try await with(1) { try $0.forget(before: hour) } == 1)
        #expect(try await with(1) { try $0.forget(before: hour) } == 0)
        #expect(try await with(1) { try $0.counts(since: old) } == [.forgedSignature: 9])
        await store.close()
    }
}
