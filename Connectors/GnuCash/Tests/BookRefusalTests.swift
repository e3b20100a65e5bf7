import Foundation
import Testing

@testable import GnuCashBook

/// What cannot be read or written is refused with its reason, and the folder is as it was.
@Suite("Books that are refused")
struct BookRefusalTests {
    /// The failure of a piece of work; the test fails when there is none or it is of another kind.
    private func failure(_ body: () throws -> Void) throws -> BookFailure {
        do {
            try body()
        } catch {
            return try #require(error as? BookFailure)
        }
        throw Unexpected.success
    }

    private enum Unexpected: Error { case success }

    /// All files of a folder with their bytes.
    private func snapshot(_ folder: BookFolder) throws -> [String: Data] {
        try Dictionary(uniqueKeysWithValues: folder.names.map { ($0, try folder.bytes($0)) })
    }

    /// Applies an edit that must be refused, and proves that nothing in the folder changed.
    private func refusal(_ shop: BookShop, _ edit: BookEdit, disk: Disk = .system) throws -> BookFailure {
        let file = try BookFile.open(shop.path, disk: disk)
        let before = try snapshot(shop.folder)
        var randomness = SeededGUIDs("refused")
        let found = try failure { try file.apply(edit, now: testNow, using: &randomness) }
        #expect(try snapshot(shop.folder) == before)
        #expect(!found.description.isEmpty)
        return found
    }

    private func sale(_ shop: inout BookShop) throws -> BookEdit {
        var edit = BookEdit()
        edit.newTransactions = [try shop.transfer(100, from: "Income:Sales", to: "Assets:Bank")]
        return edit
    }

    // MARK: - What is no book

    @Test(arguments: [
        ("", "empty"), ("%PDF-1.7 ...", "PDF"), ("PK\u{3}\u{4}....", "ZIP"), ("<html><body>", "web page"),
        ("!Type:Bank\n", "QIF"), ("\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>", "byte order mark"),
        ("<?xml version=\"1.0\"?><gnc-v2/>", "encoding"),
        ("<?xml version=\"1.0\" encoding=\"utf-8\"?><kmm/>", "first element"), ("just words", "another program"),
    ])
    func anotherProgramsFileIsNamedAsSuch(content: String, sign: String) throws {
        let folder = try BookFolder()
        try folder.write(Data(content.utf8), to: "book")

        let found = try failure { _ = try BookFile.open(folder.file("book")) }

        guard case .notABook(_, let said) = found else {
            Issue.record("\(found)")
            return
        }
        #expect(said.contains(sign))
        #expect(try folder.bytes("book") == Data(content.utf8))
    }

    @Test func aDatabaseOfAnotherProgramIsNamedAsSuch() throws {
        let folder = try BookFolder()
        let path = folder.file("other.db")
        try SQLiteAccess.run(["CREATE TABLE book (id INTEGER)"], in: path)

        #expect(
            try failure { _ = try BookFile.open(path) }
                == .notABook(path: path, sign: "it is a database without GnuCash's tables"))
    }

    @Test func aMissingBookAndAFolderAreNamedAsSuch() throws {
        let folder = try BookFolder()

        #expect(
            try failure { _ = try BookFile.open(folder.file("none")) } == .notFound(path: folder.file("none")))
        guard case .notABook = try failure({ _ = try BookFile.open(folder.path) }) else {
            Issue.record("a folder was taken for a book")
            return
        }
    }

    @Test(arguments: BookForm.allCases)
    func aBookCutAnywhereIsRefused(form: BookForm) throws {
        var shop = try BookShop(form)
        var edit = try sale(&shop)
        edit.newCustomers = [shop.customer()]
        try shop.apply(edit)
        let whole = try shop.folder.bytes("shop.gnucash")
        // What follows the end tag is white space alone.
        let last = form == .xml ? whole.count - 2 : whole.count - 1

        for length in stride(from: 200, to: last, by: max(1, whole.count / 150)) {
            try shop.folder.write(whole.prefix(length), to: "shop.gnucash")
            let found = try failure { _ = try shop.open() }
            guard case .truncated = found else {
                Issue.record("cut to \(length) of \(whole.count) bytes: \(found)")
                return
            }
        }
    }

    @Test(arguments: BookForm.allCases)
    func aBookWithBrokenBytesNeverTraps(form: BookForm) throws {
        var shop = try BookShop(form)
        var edit = try sale(&shop)
        let customer = shop.customer()
        edit.newCustomers = [customer]
        try shop.invoice("XD-1", customer: customer.guid, taxTable: nil).addDraft(to: &edit, using: &shop.randomness)
        try shop.apply(edit)
        let whole = try shop.folder.bytes("shop.gnucash")
        let seed = "broken bytes"
        var random = SeededGUIDs(seed)

        for round in 0..<300 {
            var bytes = whole
            for _ in 0...(round % 4) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            try shop.folder.write(bytes, to: "shop.gnucash")
            do throws(BookFailure) {
                let book = try BookFile.open(shop.path).book
                book.forEachTransaction { _ = $0.digest }
            } catch {
                #expect(!error.description.isEmpty, "seed \(seed), round \(round)")
            }
        }
    }

    // MARK: - Books that may be read, but not written

    private func replaceText(_ old: String, _ new: String, in shop: BookShop) throws {
        let text = String(decoding: try shop.folder.bytes("shop.gnucash"), as: UTF8.self)
        let changed = text.replacingOccurrences(of: old, with: new)
        #expect(changed != text)
        try shop.folder.write(Data(changed.utf8), to: "shop.gnucash")
    }

    @Test func anUnbalancedTransactionInATextBookStopsWriting() throws {
        var shop = try BookShop(.xml)
        try shop.apply(try sale(&shop))
        try replaceText("<split:value>-100/100", "<split:value>-99/100", in: shop)

        let found = try refusal(shop, try sale(&shop))

        guard case .unbalanced(_, 1, _, "sale", "1/100") = found else {
            Issue.record("\(found)")
            return
        }
    }

    @Test func anUnbalancedTransactionInADatabaseBookStopsWriting() throws {
        var shop = try BookShop(.sqlite)
        try shop.apply(try sale(&shop))
        try SQLiteAccess.run(["UPDATE splits SET value_num = 99 WHERE value_num = 100"], in: shop.path)

        guard case .unbalanced(_, 1, _, "sale", "-1/100") = try refusal(shop, try sale(&shop)) else {
            Issue.record("another failure")
            return
        }
    }

    @Test(arguments: [
        ("<gnc:account version=\"2.0.0\">", "<gnc:account version=\"3.0.0\">", "gnc:account of version 3.0.0"),
        ("<gnc:book version=\"2.0.0\">", "<gnc:book version=\"2.1\">", "gnc:book of version 2.1"),
    ])
    func aTextBookOfANewerVersionIsReadOnly(old: String, new: String, reason: String) throws {
        var shop = try BookShop(.xml)
        try replaceText(old, new, in: shop)

        #expect(try shop.open().book.readOnlyReason == reason)
        #expect(try refusal(shop, try sale(&shop)) == .unknownVersion(path: shop.path, detail: reason))
    }

    @Test(arguments: [
        ("UPDATE versions SET table_version = 6 WHERE table_name = 'splits'", "splits has version 6"),
        ("UPDATE versions SET table_version = 19921 WHERE table_name = 'Gnucash-Resave'", "Gnucash-Resave"),
        ("DELETE FROM versions WHERE table_name = 'lots'", "lots has no version"),
    ])
    func aDatabaseBookOfANewerVersionIsReadOnly(statement: String, reason: String) throws {
        var shop = try BookShop(.sqlite)
        try SQLiteAccess.run([statement], in: shop.path)

        guard case .unknownVersion(_, let detail) = try refusal(shop, try sale(&shop)) else {
            Issue.record("another failure")
            return
        }
        #expect(detail.contains(reason))
    }

    @Test(arguments: BookForm.allCases)
    func aBookWithAFeatureNotKnownHereIsReadOnly(form: BookForm) throws {
        var shop = try BookShop(form)
        if form == .sqlite {
            try SQLiteAccess.run(
                [
                    "INSERT INTO slots (obj_guid, name, slot_type, guid_val) SELECT guid, 'features', 9, "
                        + "'0000000000000000000000000000000a' FROM books",
                    "INSERT INTO slots (obj_guid, name, slot_type, string_val) VALUES "
                        + "('0000000000000000000000000000000a', 'features/Time travel', 4, 'x')",
                ], in: shop.path)
        } else {
            let file = try shop.open()
            var edit = BookEdit()
            edit.slotChanges = [SlotChange(.book, ["crossdock"], .frame(["Time travel": .string("x")]))]
            try file.apply(edit, now: testNow, using: &shop.randomness)
            guard form == .xml else { return }
            try replaceText("<slot:key>crossdock<", "<slot:key>features<", in: shop)
        }

        guard case .unknownVersion(_, let detail) = try refusal(shop, try sale(&shop)) else {
            Issue.record("another failure")
            return
        }
        #expect(detail == "the feature \"Time travel\"")
    }

    // MARK: - Books in use, full disks

    @Test func whatAKilledProcessLeftOfALockIsTakenAwayWithTheNextSave() throws {
        var shop = try BookShop(.xml)
        try shop.folder.write(Data("crossdock\n".utf8), to: "shop.gnucash.LCK.aB3xY9")
        try shop.folder.write(Data(), to: "shop.gnucash.LCK.Zz0123")
        try shop.folder.write(Data("theirs".utf8), to: "shop.gnucash.LCK.theirs")

        try shop.apply(try sale(&shop))

        #expect(shop.folder.names.filter { $0.contains(".LCK") } == ["shop.gnucash.LCK.theirs"])
    }

    @Test(arguments: [BookForm.xml, .gzip])
    func aTextBookThatIsOpenElsewhereIsLeftAlone(form: BookForm) throws {
        var shop = try BookShop(form)
        let edit = try sale(&shop)
        try shop.folder.write(Data(), to: "shop.gnucash.LCK")

        let found = try refusal(shop, edit)

        guard case .locked(_, "lock file shop.gnucash.LCK", let age?) = found else {
            Issue.record("\(found)")
            return
        }
        #expect(age >= 0)
        #expect(try shop.open().lock(now: testNow) != nil)
        #expect(found.description.contains("days"))
    }

    @Test func aDatabaseBookThatIsOpenElsewhereIsLeftAlone() throws {
        var shop = try BookShop(.sqlite)
        let edit = try sale(&shop)
        try SQLiteAccess.run(["INSERT INTO gnclock VALUES ('till', 4242)"], in: shop.path)

        let found = try refusal(shop, edit)

        let expected = BookFailure.locked(path: shop.path, holder: "GnuCash on till, process 4242", ageSeconds: nil)
        #expect(found == expected)
        #expect(try shop.open().lock(now: testNow) == expected)
    }

    @Test(arguments: BookForm.allCases)
    func aBookChangedByAnotherProgramIsNotOverwritten(form: BookForm) throws {
        var shop = try BookShop(form)
        let edit = try sale(&shop)
        let file = try shop.open()
        try shop.apply(try sale(&shop))
        let before = try snapshot(shop.folder)

        let found = try failure { try file.apply(edit, now: testNow, using: &shop.randomness) }

        #expect(found == .changedMeanwhile(path: shop.path))
        #expect(try snapshot(shop.folder) == before)
    }

    @Test(arguments: [BookForm.xml, .gzip], [0, 100, 1500])
    func aFullDiskLeavesATextBookAsItWas(form: BookForm, room: Int) throws {
        var shop = try BookShop(form)
        let left = Countdown(room)
        var disk = Disk.system
        disk.write = { descriptor, bytes, count in
            let granted = left.take(count)
            guard granted > 0 else {
                errno = ENOSPC
                return -1
            }
            return Glibc.write(descriptor, bytes, granted)
        }

        guard case .diskFull = try refusal(shop, try sale(&shop), disk: disk) else {
            Issue.record("another failure")
            return
        }
    }

    @Test func aFullDiskLeavesADatabaseBookAsItWas() throws {
        var shop = try BookShop(.sqlite)
        var edit = BookEdit()
        let text = String(repeating: "long ", count: 20_000)
        edit.newTransactions = [try shop.transfer(1, from: "Income:Sales", to: "Assets:Bank", text: text)]
        var disk = Disk.system
        disk.databasePages = 1

        #expect(try refusal(shop, edit, disk: disk) == .diskFull(path: shop.path))
    }

    @Test func aDiskThatCannotKeepWhatWasWrittenIsReported() throws {
        var shop = try BookShop(.xml)
        var disk = Disk.system
        disk.sync = { _ in
            errno = EIO
            return -1
        }

        guard case .failed = try refusal(shop, try sale(&shop), disk: disk) else {
            Issue.record("another failure")
            return
        }
    }

    @Test(arguments: BookForm.allCases)
    func aFileInTheWayOfANewBookIsKept(form: BookForm) throws {
        let folder = try BookFolder()
        try folder.write(Data("mine".utf8), to: "book")
        var randomness = SeededGUIDs("x")

        let found = try failure {
            _ = try BookFile.create(folder.file("book"), form: form, currency: "EUR", using: &randomness)
        }

        #expect(found == .alreadyExists(path: folder.file("book")))
        #expect(try folder.bytes("book") == Data("mine".utf8))
    }
}

/// So many bytes and no more.
// SAFETY: one test writes from one thread, and nobody else holds it.
private final class Countdown: @unchecked Sendable {
    private var rest: Int

    init(_ rest: Int) {
        self.rest = rest
    }

    func take(_ count: Int) -> Int {
        let granted = min(rest, count)
        rest -= granted
        return granted
    }
}
