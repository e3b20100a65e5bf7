import Commerce
import Store
import TestStores
import Wire

@testable import Audit

/// An audit of six lines in three links, on a store of its own.
final class Book: Sendable {
    static let lines = 6
    /// The numbers of the links: those of their last lines.
    static let links = [1, 3, 6]
    static let vault = Vault(bytes: [UInt8](repeating: 3, count: 32))
    static let start = Moment(seconds: 1_790_000_000)

    let place: TestStore.Place
    let store: any Store
    /// The one whose place this is; nil: this one.
    private let owner: Book?

    /// Another program on the store of one.
    init(on book: Book, migrations: [Migration]) throws {
        (place, owner) = (book.place, book)
        store = try place.open(migrations)
    }

    init(isEmpty: Bool = false, migrations: [Migration] = AuditTable.migrations) async throws {
        (place, owner) = (TestStore.Place(), nil)
        store = try place.open(migrations)
        guard !isEmpty else { return }
        try await append([Self.note(1)])
        try await append([Self.note(2), Self.note(3)])
        try await append([Self.note(4), Self.note(5), Self.note(6)])
    }

    deinit {
        let (store, place, owner) = (store, place, owner)
        Task {
            await store.close()
            if owner == nil { place.remove() }
        }
    }

    /// Another one with the same lines.
    func copy() async throws -> Book { try await Book() }

    static func note(_ number: Int) -> AuditNote {
        AuditNote(
            .jobHeld, "job", Int64(number), before: ["a": .integer(number)],
            after: ["reason": "it's \"odd\"\nand long", "n": .integer(number)])
    }

    func append(_ notes: [AuditNote], organization: Int64 = 1) async throws {
        try await store.write { session in
            try AuditTable(session, organization: organization, vault: Self.vault).append(
                notes, by: AuditActor(.person, "ann", origin: "192.0.2.7", request: "req_1"), at: Self.start)
        }
    }

    /// The number and the seal of the last link.
    func lastLink() async throws -> AuditHead? {
        try await store.read {
            try $0.rows(
                "SELECT number, seal FROM audit_link WHERE organization_id = 1 ORDER BY number DESC LIMIT 1", []
            )
            .first.map { AuditHead(number: $0.integer(0), seal: $0.blob(1)) }
        }
    }

    /// As a release before migration 0502 writes it: what proves the end stands in a row of its own.
    func appendAsBefore(_ note: AuditNote) async throws {
        let end = try await lastLink()
        let chain = AuditChain(Self.vault, organization: 1)
        let number = (end?.number ?? 0) + 1
        let line = AuditLine(AuditEntry(note, number: number, by: AuditActor(.hub, "hub"), at: Self.start))
        let code = try Self.vault.code(for: AuditChain.bytes([line], after: end?.seal), context: "audit 1")
        let head = try chain.sealed(head: number)
        let values: [SQLValue] = [
            .integer(number), SQLValue(line.entry.at), .text(line.entry.subjectID), SQLValue(line.before),
            SQLValue(line.after), .text(code.key), .blob(code.code), .blob(head.code),
        ]
        try await store.write { session in
            try session.run(
                """
                INSERT INTO audit (organization_id, number, at, actor_kind, actor, action, subject, subject_id, before,
                    after) VALUES (1, ?1, ?2, 'hub', 'hub', 'job.held', 'job', ?3, ?4, ?5)
                """, Array(values[..<5]))
            try session.run(
                """
                INSERT INTO audit_link (organization_id, number, first, sealed_with, seal)
                VALUES (1, ?1, ?1, ?2, ?3)
                """, [values[0], values[5], values[6]])
            try session.run(
                """
                INSERT INTO audit_head (organization_id, number, sealed_with, seal) VALUES (1, ?1, ?2, ?3)
                ON CONFLICT (organization_id) DO UPDATE SET number = excluded.number, seal = excluded.seal
                """, [values[0], values[5], values[7]])
        }
    }

    /// Statements of somebody who has the database and not the key.
    func run(_ statements: String...) async throws {
        try await store.write { session in for sql in statements { try session.run(sql, []) } }
    }

    func entries() async throws -> [AuditEntry] {
        try await store.read {
            try AuditTable($0, organization: 1, vault: Self.vault).entries(AuditFilter(), limit: 100)
        }
    }

    func verify(meeting kept: AuditHead? = nil) async throws -> AuditVerdict {
        try await AuditVerification.run(store, organization: 1, vault: Self.vault, meeting: kept)
    }
}
