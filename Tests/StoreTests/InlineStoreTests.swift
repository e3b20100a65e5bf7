import Store
import TestStores
import Testing

/// What every store without threads does, whichever it is.
@Suite("A store without threads")
struct InlineStoreTests {
    private let table = Migration("0001-thing", "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;")

    private func store() throws -> any InlineStore { try TestStore.Place().openInline([table]) }

    private func kept(_ store: any InlineStore) throws -> [Int64] {
        try store.look { try $0.rows("SELECT id FROM thing ORDER BY id", []).map { $0.integer(0) } }
    }

    private func put(_ id: Int64) -> @Sendable (any StoreSession) throws -> Int {
        { try $0.run("INSERT INTO thing (id) VALUES (?1)", [.integer(id)]) }
    }

    @Test func stepsAreJoinedAndTheRefusedOneIsUndoneAlone() throws {
        let store = try store()
        let (succeeded, refused) = (Deeds(), Deeds())
        let steps = [Int64(1), 1, 2].enumerated().map { place, number in
            WaitingStep(.normal, put(number)) { (result: Result<Int, any Error>) in
                if case .success = result { succeeded.add(place) } else { refused.add(place) }
            }
        }

        let (tell, changes) = store.commitTogether(steps, isDurable: true)
        #expect(succeeded.all.isEmpty && refused.all.isEmpty)
        tell.forEach { $0() }

        #expect(changes == 2 && succeeded.all == [0, 2] && refused.all == [1])
        #expect(try kept(store) == [1, 2])

        // What was written before the refusal and undone was not changed.
        let (third, first) = (put(3), put(1))
        let again = WaitingStep(.normal) { session in
            try third(session) + first(session)
        } _: {
            (_: Result<Int, any Error>) in
        }
        #expect(store.commitTogether([again], isDurable: true).changes == 0)
        #expect(try kept(store) == [1, 2])
    }

    @Test func aStepIsKeptWholeOrNotAtAllAndCountsTheRowsItChanged() throws {
        let store = try store()
        let first = try store.commitCounting(isDurable: true) { session in
            try session.save((1...5).map { [.integer($0)] }, as: Upsert("thing", ["id"]))
            return try session.run("DELETE FROM thing WHERE id > ?1", [.integer(3)])
        }
        #expect(first.value == 2 && first.changes == 7)
        #expect(
            try store.commitCounting(isDurable: true) { try $0.run("DELETE FROM thing WHERE id = 9", []) }.changes == 0)

        let put = put
        #expect(throws: StoreFailure.self) {
            try store.commit { session in
                _ = try put(7)(session)
                return try put(1)(session)
            }
        }
        #expect(try kept(store) == [1, 2, 3])
    }

    @Test func whatIsToBeDoneAfterACommitIsDoneOnceForEachThatWasKept() throws {
        let store = try store()
        let done = Deeds()
        let put = put
        for number in [1, 1, 2] {
            _ = try? store.commit { session in
                session.afterCommit { done.add(number) }
                return try put(Int64(number))(session)
            }
        }
        #expect(done.all == [1, 2])
    }
}
