import Commerce
import Repeats
import Store
import TestStores
import Testing
import Wire

/// Requests under a key, on both stores.
@Suite("Requests that are sent again")
struct RepeatTableTests {
    private let place = TestStore.Place()
    private static let start = Moment(milliseconds: 1_800_000_000_000)
    private static let vault = Vault(bytes: Array(repeating: 3, count: 32))

    private func asked(_ text: String, key: String = "k1") -> KeyedRequest {
        KeyedRequest(key: key, asked: Array(text.utf8))
    }

    private func begin(
        _ store: any Store, _ request: KeyedRequest, after seconds: Double = 0, organization: Int64 = 1
    ) async throws -> RequestStanding {
        try await store.write {
            try RepeatTable($0, organization: organization, vault: Self.vault)
                .begin(request, token: "token \(seconds)", now: Self.start.adding(seconds: seconds))
        }
    }

    private func keep(_ store: any Store, _ text: String, _ claim: RequestClaim) async throws -> Bool {
        try await store.write {
            try RepeatTable($0, organization: 1, vault: Self.vault)
                .keep(KeptAnswer(status: 201, body: Array(text.utf8)), of: claim)
        }
    }

    private func begun(_ standing: RequestStanding) throws -> RequestClaim {
        guard case .begun(let claim) = standing else {
            Issue.record("\(standing)")
            throw StoreFailure.closed
        }
        return claim
    }

    @Test func whoAsksAgainGetsTheSameAnswer() async throws {
        defer { place.remove() }
        let store = try place.open(RepeatTable.migrations)

        let claim = try begun(await begin(store, asked("a")))
        #expect(try await keep(store, "made", claim))

        #expect(
            try await begin(store, asked("a"), after: 5) == .answered(KeptAnswer(status: 201, body: Array("made".utf8)))
        )
        #expect(try await begin(store, asked("b"), after: 5) == .otherRequest)
        _ = try begun(await begin(store, asked("b", key: "k2"), after: 5))
        _ = try begun(await begin(store, asked("a"), after: 5, organization: 2))
        await store.close()
    }

    @Test func anAnswerOutlivesTheProgram() async throws {
        defer { place.remove() }
        let store = try place.open(RepeatTable.migrations)
        _ = try await keep(store, "made", begun(begin(store, asked("a"))))
        await store.close()

        let again = try place.open(RepeatTable.migrations)
        #expect(
            try await begin(again, asked("a"), after: 60)
                == .answered(KeptAnswer(status: 201, body: Array("made".utf8))))
        await again.close()
    }

    @Test func oneUnderWayIsNotBegunASecondTimeUntilItsProcessCountsAsDead() async throws {
        defer { place.remove() }
        let store = try place.open(RepeatTable.migrations)
        let first = try begun(await begin(store, asked("a")))

        #expect(try await begin(store, asked("a"), after: 1) == .underWay(retryInSeconds: 119))
        #expect(try await begin(store, asked("a"), after: -30) == .underWay(retryInSeconds: 120))
        let second = try begun(await begin(store, asked("a"), after: 121))

        #expect(try await keep(store, "late", first) == false)
        #expect(try await keep(store, "made", second))
        #expect(try await keep(store, "twice", second) == false)
        await store.close()
    }

    @Test func aKeyThatWasGivenUpIsFree() async throws {
        defer { place.remove() }
        let store = try place.open(RepeatTable.migrations)
        let claim = try begun(await begin(store, asked("a")))
        try await store.write { try RepeatTable($0, organization: 1, vault: Self.vault).giveUp(claim) }

        let other = try begun(await begin(store, asked("b"), after: 1))
        _ = try await keep(store, "made", other)
        try await store.write { try RepeatTable($0, organization: 1, vault: Self.vault).giveUp(other) }

        #expect(try await begin(store, asked("a"), after: 2) == .otherRequest)
        await store.close()
    }

    @Test func aKeyIsForgottenAfterADay() async throws {
        defer { place.remove() }
        let store = try place.open(RepeatTable.migrations)
        _ = try await keep(store, "made", begun(begin(store, asked("a"))))
        _ = try await keep(store, "kept", begun(begin(store, asked("c", key: "k2"), after: 3600)))

        let forgotten = try await store.write {
            try RepeatTable($0, organization: 1, vault: Self.vault).forget(before: Self.start.adding(seconds: 1))
        }

        #expect(forgotten == 1)
        #expect(try await begin(store, asked("x", key: "k2"), after: 80_000) == .otherRequest)
        _ = try begun(await begin(store, asked("x", key: "k2"), after: 3600 + 86_400))
        await store.close()
    }

    @Test func nothingOfWhatWasAskedIsStored() async throws {
        defer { place.remove() }
        let store = try place.open(RepeatTable.migrations)
        _ = try await begin(store, asked("a secret word"))

        let rows = try await store.read { try $0.rows("SELECT * FROM keyed_request", []) }

        #expect(rows.count == 1)
        #expect(!"\(rows[0].values)".contains("secret"))
        #expect(rows[0].values.contains { if case .blob(let bytes) = $0 { bytes.count == 32 } else { false } })
        await store.close()
    }
}
