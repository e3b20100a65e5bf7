import ConnectorKit
import Foundation
import GnuCashBook
import TestKit
import Testing

@testable import GnuCash

@Suite("GnuCash conformance")
struct GnuCashConformanceTests {
    private static let kinds: [RecordKind] = [.account, .customer, .invoice, .journal]

    /// The recorded book, copied: accounts, customers, invoices and transactions that GnuCash itself wrote.
    private func suite(_ form: String, _ shop: CornerShop) throws -> ConnectorConformance {
        let copy = shop.folder.appending(path: "sample.gnucash").path
        try FileManager.default.copyItem(atPath: Contracts.path("sample-\(form).gnucash"), toPath: copy)
        return ConnectorConformance { transport in
            let settings = try Settings(["file": .string(copy)], by: GnuCash.card.settings, of: "GnuCash")
            var surroundings = CornerShop.surroundings()
            surroundings.transport = transport
            return try GnuCash.make(settings, surroundings)
        }
    }

    private func said(_ form: String) throws -> JSON { try JSON(parsing: Contracts.data("sample-\(form).json")) }

    @Test(
        .enabled(if: Contracts.areThere, "the recorded books are not beside the package"),
        arguments: ["plain", "gzip", "sqlite"], kinds)
    func aSourceKeepsWhatEverySourceMust(form: String, kind: RecordKind) async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let suite = try suite(form, shop)
        let names: [RecordKind: String] = [
            .account: "accounts", .customer: "customers", .invoice: "invoices", .journal: "transactions",
        ]
        let truth = try #require(try said(form)[names[kind] ?? ""]?.array?.compactMap { $0["guid"]?.string })

        #expect(await suite.pagingEndsAndNeverRepeats(kind, limit: 2, expected: Set(truth), in: NoTransport()) == [])
        #expect(await suite.aSavedPositionResumes(kind, limit: 2, in: NoTransport()) == [])
        #expect(await suite.aSavedCursorGivesLittle(kind, limit: 2, atMost: 0, in: NoTransport()) == [])
        #expect(await suite.theSamePayloadGivesTheSameRecord(kind, in: NoTransport()) == [])
        #expect(await suite.aFetchAgreesWithThePage(kind, in: NoTransport()) == [])
    }

    @Test(
        .enabled(if: Contracts.areThere, "the recorded books are not beside the package"),
        arguments: ["plain", "gzip", "sqlite"])
    func recordedInvoicesAreReadWithTheTotalsOfTheEngine(form: String) async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let drafts = try await suite(form, shop).pull(.invoice, limit: 100, in: NoTransport()).flatMap(\.drafts)

        for truth in try said(form)["invoices"]?.array ?? [] {
            let draft = try #require(drafts.first { $0.externalID == truth["guid"]?.string })
            let content = try draft.parts.required(InvoicePart.content)
            let title = Comment(rawValue: draft.title)
            #expect(Fraction(content.total) == truth["total"]?.string.flatMap { Fraction($0) }, title)
            #expect(Fraction(content.tax) == truth["tax"]?.string.flatMap { Fraction($0) }, title)
            #expect(content.isCreditNote == truth["credit_note"]?.bool, title)
            #expect((content.posted != nil) == truth["posted"]?.bool, title)
            #expect(draft.parts[InvoicePart.isPaid] == truth["paid"]?.bool, title)
            #expect(content.lines.count == truth["entries"]?.array?.count, title)
        }
    }

    /// An order booked into a book that GnuCash itself made, with its accounts, is found whole by GnuCash.
    @Test(
        .enabled(if: Contracts.areThere && Engine.isThere, "the recorded books or python3-gnucash are not there"),
        arguments: ["plain", "gzip", "sqlite"])
    func anOrderBookedIntoARecordedBookIsFoundByTheEngine(form: String) async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let suite = try suite(form, shop)
        let path = shop.folder.appending(path: "sample.gnucash").path
        let settings = try Settings(
            [
                "file": .string(path),
                "account_mapping": [
                    "sales_account": "Income:Sales", "receivables_account": "Assets:Accounts Receivable",
                    "shipping_account": "Income:Shipping", "tax_account": "Liabilities:Tax Payable",
                    "bank_account": "Assets:Bank",
                ],
            ], by: GnuCash.card.settings, of: "GnuCash")
        let connector = try GnuCash.make(settings, CornerShop.surroundings())
        let customers = try await suite.pull(.customer, limit: 100, in: NoTransport()).flatMap(\.drafts)
        let owner = try #require(customers.first { $0.title.hasPrefix("Zoë") })
        var order = TestOrder("W-1", customer: owner.externalID)
        order.pay()
        order.returnShirt()

        _ = try await shop.written(connector, .order, order.request())

        let result = try Engine.run([Engine.tool, path, "--scrub"])
        try #require(result.status == 0, Comment(rawValue: String(decoding: result.errors, as: UTF8.self)))
        let now = try JSON(parsing: result.output)
        let booked = try #require(now["invoices"]?.array?.first { $0["id"]?.string == "W-1" })
        #expect(booked["paid"] == true && booked["total"]?.string.flatMap { Fraction($0) } == Fraction(6545, 100))
        #expect(booked["entries"]?.array?.first?["tax_table"]?.string == "VAT 19%", "the table the book had")
        #expect(now["tax_tables"]?.array?.count == (try said(form))["tax_tables"]?.array?.count)
        let before = try said(form)["transactions"]?.array?.count ?? 0
        #expect(now["transactions"]?.array?.count == before + 4)
    }
}
