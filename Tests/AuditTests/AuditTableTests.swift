import Store
import Testing
import Wire

@testable import Audit

@Suite("The audit's lines")
struct AuditTableTests {
    private func entries(_ book: Book, limit: Int = 50, _ change: (inout AuditFilter) -> Void = { _ in }) async throws
        -> [AuditEntry]
    {
        var filter = AuditFilter()
        change(&filter)
        let asked = filter
        return try await book.store.read {
            try AuditTable($0, organization: 1, vault: Book.vault).entries(asked, limit: limit)
        }
    }

    @Test func aLineComesBackAsItWasWritten() async throws {
        let book = try await Book()

        let line = try #require(try await entries(book).last)

        let actor = AuditActor(.person, "ann", origin: "192.0.2.7", request: "req_1")
        #expect(line == AuditEntry(Book.note(1), number: 1, by: actor, at: Book.start))
    }

    @Test func linesAreListedTheLatestFirstAndPageByPage() async throws {
        let book = try await Book()

        #expect(try await entries(book).map(\.number) == [6, 5, 4, 3, 2, 1])
        #expect(try await entries(book, limit: 2).map(\.number) == [6, 5])
        #expect(try await entries(book, limit: 2) { $0.before = 5 }.map(\.number) == [4, 3])
    }

    @Test func aFilterLeavesWhatIsMeant() async throws {
        let book = try await Book()

        #expect(try await entries(book) { $0.subjectID = "3" }.map(\.number) == [3])
        #expect(try await entries(book) { $0.actor = "bob" } == [])
        #expect(try await entries(book) { ($0.actor, $0.subject) = ("ann", "job") }.count == 6)
        #expect(try await entries(book) { $0.action = "job.run" } == [])
        #expect(try await entries(book) { $0.since = Book.start }.count == 6)
        #expect(try await entries(book) { $0.until = Book.start } == [])
    }

    /// What somebody gives as a name or a reason is a value and never a part of a statement.
    @Test func aFilterIsNoStatement() async throws {
        let book = try await Book()

        #expect(try await entries(book) { $0.actor = "' OR 1=1 --" } == [])
        #expect(try await entries(book) { $0.subject = "job'; DROP TABLE audit; --" } == [])
        #expect(try await entries(book).count == 6)
    }
}
