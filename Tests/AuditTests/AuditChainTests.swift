import Commerce
import Store
import TestStores
import Testing
import Wire

@testable import Audit

/// Whatever is done to the lines behind the hub's back is found; what the hub writes itself never is.
@Suite("The audit's chain")
struct AuditChainTests {
    @Test func anAuditThatNobodyTouchedIsWhole() async throws {
        let book = try await Book()

        let verdict = try await book.verify()

        #expect(verdict.problems == [] && verdict.lines == Int64(Book.lines) && verdict.head?.number == 6)
        #expect(try await Book(isEmpty: true).verify() == AuditVerdict())
    }

    @Test(arguments: 1...Book.lines)
    func everyColumnOfEveryLineIsSealed(number: Int) async throws {
        let book = try await Book()
        let changes = [
            "at = at + 1", "actor_kind = 'key'", "actor = 'eve'", "origin = 'elsewhere'", "request = 'req_0'",
            "action = 'job.run'", "subject = 'batch'", "subject_id = '77'", "before = '[7]'", "after = 'null'",
            "after = '['", "number = number + 100",
        ]
        for change in changes {
            let copy = try await book.copy()
            try await copy.run("UPDATE audit SET \(change) WHERE number = \(number)")
            #expect(try await !copy.verify().problems.isEmpty, "\(change)")
        }
    }

    @Test(arguments: 1...Book.lines)
    func aLineThatWasRemovedIsMissed(number: Int) async throws {
        let book = try await Book()

        try await book.run("DELETE FROM audit WHERE number = \(number)")

        #expect(try await book.verify().problems.first == "line \(number) is missing")
    }

    @Test(arguments: Book.links)
    func aLinkThatWasRemovedOrAlteredIsMissed(number: Int) async throws {
        let book = try await Book()
        for change in [
            "DELETE FROM audit_link WHERE number = \(number)",
            "UPDATE audit_link SET seal = (SELECT end_seal FROM audit_link WHERE number = 6) WHERE number = \(number)",
            "UPDATE audit_link SET first = first - 1 WHERE number = \(number)",
            "UPDATE audit_link SET number = number + 1 WHERE number = \(number)",
            "UPDATE audit_link SET sealed_with = 'ffffffff' WHERE number = \(number)",
        ] {
            let copy = try await book.copy()
            try await copy.run(change)
            #expect(try await !copy.verify().problems.isEmpty, "\(change)")
        }
    }

    @Test(arguments: Book.links)
    func linesThatWereCutOffTheEndWithTheirLinksAreMissed(number: Int) async throws {
        let book = try await Book()

        for table in ["audit", "audit_link"] { try await book.run("DELETE FROM \(table) WHERE number >= \(number)") }

        #expect(try await !book.verify().problems.isEmpty)
    }

    @Test func theRowThatSaysThatThereIsAnAuditIsMissed() async throws {
        let book = try await Book()

        try await book.run("DELETE FROM audit_head")

        #expect(try await book.verify().problems == ["what says how many lines there are is gone"])
    }

    /// The proof of the end fits no other end, and is missed.
    @Test(arguments: Book.links)
    func theProofOfTheEndCannotBeCarriedElsewhere(number: Int) async throws {
        let book = try await Book()
        let proof = "(SELECT end_seal FROM audit_link WHERE number = 6)"

        try await book.run("UPDATE audit_link SET end_seal = \(proof) WHERE number = \(number)")
        if number == 6 {
            #expect(try await book.verify().problems == [])
            try await book.run("UPDATE audit_link SET end_seal = NULL WHERE number = 6")
        }
        for table in ["audit", "audit_link"] { try await book.run("DELETE FROM \(table) WHERE number > \(number)") }

        #expect(try await !book.verify().problems.isEmpty)
    }

    @Test func twoLinesThatChangedPlacesAreFound() async throws {
        let book = try await Book()

        try await book.run(
            "UPDATE audit SET number = CASE number WHEN 2 THEN 103 ELSE 102 END WHERE number IN (2, 3)",
            "UPDATE audit SET number = number - 100 WHERE number > 100")

        #expect(try await !book.verify().problems.isEmpty)
    }

    @Test func aLineThatSomebodyAddedIsFound() async throws {
        let book = try await Book()

        try await book.run(
            """
            INSERT INTO audit SELECT organization_id, 7, at, actor_kind, actor, origin, request, action, subject,
                subject_id, before, after FROM audit WHERE number = 6
            """)

        #expect(try await book.verify().problems == ["1 lines at the end are sealed by no link: they were added"])
    }

    @Test func anAuditThatWasPutBackToAnEarlierStateIsFoundByTheHeadThatWasKept() async throws {
        let book = try await Book()
        let early = try #require(try await book.verify().head)
        let later = try await book.copy()
        try await later.append([Book.note(9)])
        let head = try #require(try await later.verify().head)

        // What was copied back is whole in itself; only who kept the head knows better.
        #expect(try await book.verify(meeting: early).problems == [])
        #expect(try await later.verify(meeting: early).problems == [])
        #expect(try await book.verify().problems == [])
        #expect(
            try await book.verify(meeting: head).problems
                == ["line 7, whose seal was kept, is not there, or ends no link"])
        #expect(AuditHead(head.description) == head)
    }

    /// What older releases have sealed goes on to fit: the bytes of a line are those of its canonical JSON.
    @Test func whatIsSealedOfALineIsItsCanonicalJSON() async throws {
        var bare = AuditEntry(
            Book.note(7), number: 7, by: AuditActor(.hub, "h\u{e9}\u{1}\"b", origin: nil, request: nil), at: Book.start)
        (bare.before, bare.after) = (nil, .null)
        let full = AuditEntry(
            Book.note(8), number: 8, by: AuditActor(.key, "k", origin: "192.0.2.7", request: "req_1"), at: Book.start)
        for entry in [bare, full] {
            var members = try #require(entry.json.object)
            members["at"] = .integer(entry.at.milliseconds)

            #expect(AuditLine(entry).sealedBytes == JSON.object(members).bytes)
        }
    }

    /// A chain that an older release began is whole after its tables were made anew, and goes on from there.
    @Test func aChainOfAnOlderReleaseIsWholeAfterTheMigrationAndGoesOn() async throws {
        let book = try await Book(isEmpty: true, migrations: [AuditTable.migrations[0]])
        for number in 1...Book.lines { try await book.appendAsBefore(Book.note(number)) }
        let head = try #require(try await book.lastLink())
        let earlier = try await book.entries()

        let newer = try Book(on: book, migrations: AuditTable.migrations)
        let kept = try await newer.entries()
        #expect(try await newer.verify(meeting: head).problems == [])
        try await newer.append([Book.note(7)])
        let verdict = try await newer.verify(meeting: head)

        #expect(kept == earlier && kept.count == Book.lines)
        #expect(verdict.problems == [] && verdict.lines == 7)
        // The older program goes on on what was made anew.
        try await book.appendAsBefore(Book.note(8))
        #expect(try await newer.verify(meeting: head).problems == [])
    }

    /// The seal of an older release is a code itself; made a proof of the end, it fits no seal that has one.
    @Test func theSealOfAnOlderReleaseIsNoProofOfTheEnd() async throws {
        for isDigested in [false, true] {
            let book = try await Book(isEmpty: true)
            for number in 1...3 { try await book.appendAsBefore(Book.note(number)) }
            let seal = try #require(try await book.lastLink()).seal
            try await book.append([Book.note(4)])

            try await book.run("DELETE FROM audit WHERE number > 3", "DELETE FROM audit_link WHERE number > 3")
            try await book.store.write { session in
                let digest = isDigested ? Signature.sha256(seal) : seal
                try session.run(
                    "UPDATE audit_link SET seal = ?1, end_seal = ?2 WHERE number = 3", [.blob(digest), .blob(seal)])
            }

            #expect(try await !book.verify().problems.isEmpty)
        }
    }

    /// Two releases write by turns: whichever wrote last, the chain is whole, and its end cannot be cut off.
    @Test(arguments: ["on", "no", "oon", "ono", "nnoon", "nonon"])
    func anOlderReleaseGoesOnBesideANewerOne(turns: String) async throws {
        for cut in 2...turns.count {
            let book = try await Book(isEmpty: true)
            for (index, turn) in turns.enumerated() {
                let note = Book.note(index)
                if turn == "o" { try await book.appendAsBefore(note) } else { try await book.append([note]) }
                #expect(try await book.verify().problems == [])
            }
            for table in ["audit", "audit_link"] { try await book.run("DELETE FROM \(table) WHERE number >= \(cut)") }
            #expect(try await !book.verify().problems.isEmpty, "cut off at \(cut)")
            // While only an older release writes, what it keeps is all there is.
            guard turns.dropFirst(cut - 1).contains("n") else { continue }
            try await book.run("DELETE FROM audit_head")
            #expect(try await !book.verify().problems.isEmpty, "cut off at \(cut), with what an older release kept")
        }
    }

    @Test func withoutTheKeyNothingIsProvenAndNothingBreaks() async throws {
        let book = try await Book()

        let verdict = try await AuditVerification.run(
            book.store, organization: 1, vault: Vault(bytes: [UInt8](repeating: 5, count: 32)))

        #expect(verdict.lines == 6 && verdict.problems.contains { $0.contains("cannot be checked") })
    }

    @Test func organizationsHaveChainsOfTheirOwn() async throws {
        let book = try await Book()

        try await book.append([Book.note(1)], organization: 2)

        let other = try await AuditVerification.run(book.store, organization: 2, vault: Book.vault)
        #expect(other.lines == 1 && other.problems == [] && other.head?.number == 1)
        #expect(try await book.verify().problems == [])
    }
}
