import Foundation
import Testing

@testable import GnuCashBook

/// An edit touches what it names and nothing else.
@Suite("Edits of a book")
struct BookEditTests {
    /// A text book with things in it that no version known here writes, in a layout of its own.
    private func foreign(_ form: BookForm) throws -> (shop: BookShop, customer: BookCustomer) {
        var shop = try BookShop(form == .gzip ? .gzip : .xml)
        var edit = BookEdit()
        let customer = shop.customer()
        edit.newCustomers = [customer]
        edit.newTransactions = [try shop.transfer(500, from: "Income:Sales", to: "Assets:Bank")]
        try shop.apply(edit)
        guard form == .xml else { return (shop, customer) }
        var text = String(decoding: try shop.folder.bytes("shop.gnucash"), as: UTF8.self)
        for (place, extra) in Self.extras {
            let parts = text.components(separatedBy: place)
            #expect(parts.count > 1, "\(place)")
            text = parts[0] + extra + parts.dropFirst().joined(separator: place)
        }
        try shop.folder.write(Data(text.utf8), to: "shop.gnucash")
        return (shop, customer)
    }

    /// What is put in the place of the first of each.
    private static let extras = [
        ("<gnc:commodity version", "<!-- a comment > with <marks> --><gnc:commodity version"),
        (
            "</gnc:book>",
            "<gnc:GncNewThing version='9'>\r\n\t<new:a b=\"x>y\"/><![CDATA[<kept>]]></gnc:GncNewThing  >\n</gnc:book>"
        ),
        ("<cust:active>1</cust:active>", "<cust:active>1</cust:active><cust:future><a>1</a></cust:future>"),
        ("<act:type>RECEIVABLE</act:type>", "<act:type >RECEIVABLE</act:type ><act:future/>"),
        (
            "</gnc:transaction>\n",
            """
            </gnc:transaction>
            <gnc:template-transactions><gnc:account version="2.0.0"><act:name>Template Root</act:name>
            <act:id type="guid">00000000000000000000000000000001</act:id><act:type>ROOT</act:type></gnc:account>
            <gnc:transaction version="2.0.0"><trn:id type="guid">00000000000000000000000000000002</trn:id>
            <trn:splits/></gnc:transaction></gnc:template-transactions>

            """
        ),
    ]

    /// All edits at once, on every kind of object.
    private func fullEdit(_ shop: inout BookShop, _ customer: BookCustomer) throws -> BookEdit {
        var edit = BookEdit()
        let table = try shop.taxTable()
        edit.newTaxTables = [table]
        let invoice = try shop.invoice("XD-7", customer: customer.guid, taxTable: table.guid)
        let book = try shop.open().book
        try invoice.addPosted(try shop.terms(), to: &edit, in: book, using: &shop.randomness)
        edit.newTransactions.append(try shop.transfer(42, from: "Income:Sales", to: "Assets:Bank"))
        var changed = customer
        changed.address.phone = "+351 1"
        edit.changedCustomers = [changed]
        let old = try #require(book.transaction(at: 0))
        edit.slotChanges = [
            SlotChange(.transaction(old.guid), ["crossdock", "order_id"], .string("o")),
            SlotChange(.book, ["crossdock", "hub"], .string("h")),
        ]
        return edit
    }

    private func lines(_ data: Data) -> [Substring] {
        String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }

    @Test func unknownElementsAndLayoutSurviveByteForByte() throws {
        var (shop, customer) = try foreign(.xml)
        let before = try shop.folder.bytes("shop.gnucash")

        try shop.apply(try fullEdit(&shop, customer))

        let after = try shop.folder.bytes("shop.gnucash")
        let text = String(decoding: after, as: UTF8.self)
        for (place, extra) in Self.extras {
            let kept = extra.replacingOccurrences(of: place, with: "")
            #expect(text.contains(kept), "\(kept)")
        }
        // Every old line but the counts is there still, in its old order.
        var rest = lines(after)[...]
        for line in lines(before) where !line.hasPrefix("<gnc:count-data") {
            guard let found = rest.firstIndex(of: line) else {
                Issue.record("this line is gone or moved: \(line)")
                return
            }
            rest = rest[(found + 1)...]
        }
        let book = try shop.open().book
        #expect(book.transactionCount == 3)
        #expect(book.customer(customer.guid)?.address.phone == "+351 1")
    }

    @Test func newTransactionsStandBeforeTheTemplatesAndBusinessObjectsAtTheEnd() throws {
        var (shop, customer) = try foreign(.xml)

        try shop.apply(try fullEdit(&shop, customer))

        let text = String(decoding: try shop.folder.bytes("shop.gnucash"), as: UTF8.self)
        let order = ["<trn:num>77<", "<trn:num>XD-7<", "<gnc:template-transactions>", "<gnc:GncInvoice", "</gnc:book>"]
        let places = try order.map { try #require(text.range(of: $0)).lowerBound }
        #expect(places == places.sorted())
    }

    @Test(arguments: [BookForm.xml, .gzip])
    func theCountsSayWhatIsThere(form: BookForm) throws {
        var (shop, customer) = try foreign(form)

        try shop.apply(try fullEdit(&shop, customer))

        let counts = try #require(try shop.open().layout).counts.mapValues(\.value)
        #expect(
            counts == [
                "commodity": 1, "account": 18, "transaction": 3, "gnc:GncCustomer": 1, "gnc:GncEntry": 2,
                "gnc:GncInvoice": 1, "gnc:GncTaxTable": 2,
            ])
    }

    @Test(arguments: BookForm.allCases)
    func theOldBookIsKeptBesideTheNewOne(form: BookForm) throws {
        var shop = try BookShop(form)
        let before = try EngineBook(of: shop.open().book)
        let bytes = try shop.folder.bytes("shop.gnucash")
        var edit = BookEdit()
        edit.newCustomers = [shop.customer()]

        let saved = try shop.open().apply(edit, now: testNow, using: &shop.randomness)

        let copy = try #require(saved.safetyCopy)
        #expect(copy == shop.path + ".20310405060708.crossdock.gnucash")
        #expect(try EngineBook(of: BookFile.open(copy).book) == before)
        if form != .sqlite { #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == bytes) }
        #expect(shop.folder.names == ["shop.gnucash", "shop.gnucash.20310405060708.crossdock.gnucash"])
    }

    @Test(arguments: BookForm.allCases)
    func onlyTheLastSafetyCopiesAreKeptAndThoseOfGnuCashAreNotTouched(form: BookForm) throws {
        var shop = try BookShop(form)
        let theirs = "shop.gnucash.20200101000000.gnucash"
        try shop.folder.write(Data("theirs".utf8), to: theirs)

        for second in 0..<13 {
            var edit = BookEdit()
            edit.newCustomers = [shop.customer("XD-\(second)")]
            let now = BookTime(secondsSince1970: testNow.secondsSince1970 + Int64(second / 2))
            try shop.open().apply(edit, now: now, using: &shop.randomness)
        }

        let copies = shop.folder.names.filter { $0.hasSuffix(SafeReplacement.suffix) }
        #expect(copies.count == BookFile.keptSafetyCopies)
        #expect(copies.last == "shop.gnucash.20310405060714.crossdock.gnucash")
        #expect(try shop.folder.bytes(theirs) == Data("theirs".utf8))
        #expect(try shop.open().book.customers.count == 13)
    }

    @Test func anEmptyEditWritesNothing() throws {
        var shop = try BookShop(.xml)

        let saved = try shop.open().apply(BookEdit(), now: testNow, using: &shop.randomness)

        #expect(saved.safetyCopy == nil)
        #expect(shop.folder.names == ["shop.gnucash"])
    }

    @Test(arguments: BookForm.allCases)
    func formRightsAndLinksAreKept(form: BookForm) throws {
        var shop = try BookShop(form)
        chmod(shop.path, 0o640)
        let link = shop.folder.file("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "shop.gnucash")
        var edit = BookEdit()
        edit.newCustomers = [shop.customer()]

        let saved = try BookFile.open(link).apply(edit, now: testNow, using: &shop.randomness)

        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "shop.gnucash")
        let book = try BookFile.open(link).book
        #expect(book.form == form && book.customers.count == 1)
        for path in [shop.path, try #require(saved.safetyCopy)] {
            let rights = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(rights == 0o640)
        }
    }

    @Test(arguments: BookForm.allCases)
    func textsLongerThanAnyWindowSurvive(form: BookForm) throws {
        var shop = try BookShop(form)
        let long = String(repeating: "0123456789 & <Ünïcödé> \u{1F4E6}\n", count: 60_000)
        var edit = BookEdit()
        edit.newTransactions = [
            try shop.transfer(1, from: "Income:Sales", to: "Assets:Bank", slots: ["notes": .string(long)]),
            try shop.transfer(2, from: "Income:Sales", to: "Assets:Bank"),
        ]
        try shop.apply(edit)
        var second = BookEdit()
        second.slotChanges = [
            SlotChange(.transaction(edit.newTransactions[0].guid), ["crossdock", "a"], .integer(1))
        ]

        try shop.apply(second)

        let book = try shop.open().book
        #expect(book.transaction(at: 0)?.notes == long)
        #expect(book.transaction(at: 0)?.slots.own == ["a": .integer(1)])
        #expect(book.transactionCount == 2)
    }

    @Test func aDatabaseKeepsForeignTablesAndItsSettings() throws {
        var shop = try BookShop(.sqlite)
        try SQLiteAccess.run(["CREATE TABLE theirs (a TEXT)", "INSERT INTO theirs VALUES ('kept')"], in: shop.path)
        let header = try shop.folder.bytes("shop.gnucash").prefix(24)
        var edit = BookEdit()
        edit.newCustomers = [shop.customer()]

        try shop.apply(edit)

        #expect(try shop.folder.bytes("shop.gnucash").prefix(24) == header)
        #expect(throws: BookFailure.self) { try SQLiteAccess.run(["CREATE TABLE theirs (a TEXT)"], in: shop.path) }
    }

    /// A copy of the files as a program leaves them that is killed after half of its save reached the disk.
    private func killedInTheMiddle(_ shop: BookShop) throws -> String {
        let copy = shop.path + ".killed"
        let queue = try SQLiteAccess.open(shop.path, isReadOnly: false)
        try queue.inTransaction(.immediate) { db in
            try db.execute(sql: "PRAGMA cache_size = 1")
            try db.execute(sql: "DELETE FROM accounts")
            try db.execute(sql: "CREATE TABLE half (a TEXT)")
            for _ in 0..<200 { try db.execute(sql: "INSERT INTO half VALUES (hex(randomblob(1000)))") }
            try FileManager.default.copyItem(atPath: shop.path, toPath: copy)
            try FileManager.default.copyItem(atPath: shop.path + "-journal", toPath: copy + "-journal")
            return .rollback
        }
        return copy
    }

    @Test func aDatabaseWhoseSaverWasKilledIsReadAsItWasBeforeThatSave() throws {
        let shop = try BookShop(.sqlite)
        let before = try shop.open().book
        let killed = try killedInTheMiddle(shop)
        try #require(
            try Data(contentsOf: URL(filePath: killed)).count > Data(contentsOf: URL(filePath: shop.path)).count)

        let book = try BookFile.open(killed).book

        #expect(book.accounts.count == before.accounts.count && !book.accounts.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: killed + "-journal"))
    }

    @Test func whatAKilledCopyLeftIsNoSafetyCopyAndIsTakenAwayByTheNextSave() throws {
        var shop = try BookShop(.sqlite)
        let left = ["", "-journal"].map { shop.path + ".crossdock-tmp-Ab12Cd" + $0 }
        for path in left { try Data("half".utf8).write(to: URL(filePath: path)) }

        var edit = BookEdit()
        edit.newCustomers = [shop.customer()]
        let saved = try shop.open().apply(edit, now: testNow, using: &shop.randomness)

        let safe = try #require(saved.safetyCopy)
        #expect(try BookFile.open(safe).book.accounts.count == shop.open().book.accounts.count)
        let names = try FileManager.default.contentsOfDirectory(atPath: shop.folder.path)
        #expect(!names.contains { $0.contains("crossdock-tmp") || $0.hasSuffix("-journal") }, "\(names)")
    }

    @Test func readingADatabaseLeavesItsBytesAlone() throws {
        let shop = try BookShop(.sqlite)
        let before = try shop.folder.bytes("shop.gnucash")

        _ = try shop.open()
        _ = try shop.open().lock(now: testNow)

        #expect(try shop.folder.bytes("shop.gnucash") == before)
        #expect(shop.folder.names == ["shop.gnucash"])
    }

    @Test func pathsThatFitSeveralAccountsAreReported() throws {
        var shop = try BookShop(.xml)
        var edit = BookEdit()
        let income = try shop.account("Income")
        let make = { (name: String, parent: GUID, guid: GUID) in
            BookAccount(guid: guid, name: name, type: "INCOME", commodity: BookShop.eur, parent: parent)
        }
        let fair = make("Fair", income, shop.randomness.nextGUID())
        edit.newAccounts = [
            fair, make("Stall", fair.guid, shop.randomness.nextGUID()),
            make("Fair:Stall", income, shop.randomness.nextGUID()),
            make("Twin", income, shop.randomness.nextGUID()), make("Twin", income, shop.randomness.nextGUID()),
        ]
        try shop.apply(edit)

        let book = try shop.open().book
        for path in ["Income:Fair:Stall", "Income:Twin"] {
            guard case .ambiguous(let found) = book.account(path: path) else {
                Issue.record("\(path) was guessed")
                continue
            }
            #expect(found.count == 2)
        }
        #expect(book.account(path: "Income:Fair") == .found(fair))
        #expect(book.account(path: "Income.Fair", separator: ".") == .found(fair))
        #expect(book.path(of: edit.newAccounts[1].guid) == "Income:Fair:Stall")
    }
}
