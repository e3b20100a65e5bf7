import Commerce
import Ledger
import Testing

@Suite("An id that is used again")
struct UsedAgainTests {
    private static let side: Int64 = 3

    private func draft(_ number: String) -> Draft {
        var parts = Parts()
        parts[ProductPart.sku] = number
        parts[ProductPart.name] = "Thing \(number)"
        return Draft(kind: .product, externalID: "101", naturalKey: number, parts: parts, title: "Thing \(number)")
    }

    /// The hub knows good `t1` as number 101 there, and the side now shows `number` under that id.
    private func merged(
        _ number: String, isHint: Bool = false, _ change: (inout HubLink) -> Void
    ) throws -> Absorption {
        let record = HubRecord(
            id: 1, kind: .product, naturalKey: "t1", title: "Thing t1", now: Moment(milliseconds: 0))
        var link = HubLink(id: 2, record: 1, integration: Self.side, kind: .product, externalID: "101")
        change(&link)
        var snapshot = Snapshot()
        snapshot.records[1] = record
        snapshot.links[ExternalKey(.product, "101")] = link
        snapshot.linksOfRecord[1] = [link]
        var batch = ObservedBatch(
            integration: Self.side, drafts: [draft(number)], askedAt: 9, requestedAt: Moment(milliseconds: 5000),
            observedAt: Moment(milliseconds: 6000))
        batch.isHint = isHint
        let rules = MergeRules(takes: [.product: ["sku", "name"]], matched: [.product], issued: [])
        var last: Int64 = 10
        return try Absorb.decide(batch, rules: rules, snapshot: snapshot) {
            last += 1
            return last
        }
    }

    @Test func whatBearsTheIdOfSomethingGoneAndAnotherNumberIsSomethingElse() throws {
        let absorption = try merged("t2") { $0.isActive = false }

        let made = absorption.links.values.first { $0.externalID == "101" }
        #expect(absorption.counts.created == 1 && made?.record != 1)
        #expect(absorption.records[1] == nil)
        // The old link stays: what was taken away there is not given again.
        #expect(absorption.links[2].map { !$0.isActive && $0.record == 1 && $0.externalID != "101" } == true)
    }

    @Test func whatWasMissedOnceAndBearsAnotherNumberIsSomethingElse() throws {
        let absorption = try merged("t2") { $0.missingSince = Moment(milliseconds: 1000) }

        #expect(absorption.counts.created == 1)
    }

    /// Seen by rehearsal 205: an old call told of a product with a number it bore before, when it was gone already.
    @Test func anOldCallWithAnOldNumberIsNoOtherProduct() throws {
        let absorption = try merged("t2", isHint: true) { $0.missingSince = Moment(milliseconds: 1000) }

        #expect(absorption.counts.created == 0 && absorption.links.isEmpty)
        #expect(absorption.wanted == [ExternalKey(.product, "101")])
    }

    @Test func whatWasAskedForBeforeItWasMissedIsNoOtherProduct() throws {
        let absorption = try merged("t2") { $0.missingSince = Moment(milliseconds: 5500) }

        #expect(absorption.counts.created == 0 && absorption.wanted == [ExternalKey(.product, "101")])
    }

    @Test func whatWasNeverMissedHasANewNumber() throws {
        let absorption = try merged("t2") { _ in }

        #expect(absorption.counts.created == 0 && absorption.links.values.allSatisfy { $0.record == 1 })
    }

    /// Seen by rehearsal 211: a call eight minutes late told of what had borne the id before the hub ever read it.
    @Test func whatACallTellsUnderAnotherNumberIsReadFirst() throws {
        let absorption = try merged("t2", isHint: true) { _ in }

        #expect(absorption.links.isEmpty && absorption.records.isEmpty)
        #expect(absorption.wanted == [ExternalKey(.product, "101")] && absorption.unread.count == 1)
    }

    @Test func whatComesBackWithItsNumberIsTheSame() throws {
        let absorption = try merged("t1") { $0.isActive = false }

        #expect(absorption.counts.created == 0 && absorption.links[2]?.isActive == true)
    }
}
