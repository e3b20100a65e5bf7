import Ledger
import Reconcile
import Testing

/// A draft that shows what was merged already costs a look at its digest. What must be looked at all the same is not
/// passed over.
@Suite("A draft that shows what was merged already")
struct DigestTests {
    private let takes: Set<String> = ["name", "sku"]

    private func draft(_ parts: [String: JSON], hold: String? = nil) -> Draft {
        Draft(kind: .product, externalID: "7", parts: Parts(parts), title: "Tea", hold: hold)
    }

    private func digest(_ parts: [String: JSON], hold: String? = nil) -> String {
        Absorb.digest(draft(parts, hold: hold), takes: takes)
    }

    /// What is decided of a product named Tea that the side shows, of which that digest is remembered.
    private func decide(
        _ shown: Draft, remembered: String?, digests: [String] = [], _ change: (inout HubLink) -> Void = { _ in }
    ) throws -> Absorption {
        let now = Moment(milliseconds: 1_000_000)
        var record = HubRecord(id: 1, kind: .product, title: "Tea", now: now)
        record.parts["name"] = HubPart(value: "Tea", origin: 5, changed: ChangeInterval(at: now))
        var link = HubLink(id: 2, record: 1, integration: 5, kind: .product, externalID: "7")
        link.parts["name"] = LinkedPart(sent: "Tea", seen: "Tea")
        link.digest = remembered
        change(&link)
        var snapshot = Snapshot()
        snapshot.links[ExternalKey(.product, "7")] = link
        snapshot.records[1] = record
        snapshot.linksOfRecord[1] = [link]
        snapshot.digests = digests
        snapshot.number = 1
        let batch = ObservedBatch(
            integration: 5, drafts: [shown], askedAt: 1, requestedAt: now.adding(seconds: 1),
            observedAt: now.adding(seconds: 2))
        var id: Int64 = 100
        return try Absorb.decide(
            batch, rules: MergeRules(takes: [.product: takes], matched: [], issued: []), snapshot: snapshot,
            ids: {
                id += 1
                return id
            })
    }

    @Test func itIsCountedAsUnchangedAndNothingIsWritten() throws {
        let shown = draft(["name": "Tea"])
        let absorption = try decide(shown, remembered: digest(["name": "Tea"]))

        #expect(absorption.counts.unchanged == 1)
        #expect(absorption.links.isEmpty && absorption.records.isEmpty && absorption.changes.isEmpty)
    }

    @Test func whatShowsSomethingElseIsTaken() throws {
        let absorption = try decide(draft(["name": "Coffee"]), remembered: digest(["name": "Tea"]))

        #expect(absorption.records[1]?.parts["name"]?.value == "Coffee")
        #expect(absorption.links[2]?.digest == digest(["name": "Coffee"]))
    }

    @Test func whatIsNotRememberedOrIsDoubtedIsLookedAtAgain() throws {
        let same = digest(["name": "Tea"])
        let shown = draft(["name": "Tea"])

        #expect(try decide(shown, remembered: nil).links[2]?.digest == same)
        #expect(try decide(shown, remembered: same) { $0.missingSince = Moment(milliseconds: 5) }.links[2] != nil)
        #expect(try decide(shown, remembered: same) { $0.isActive = false }.links[2]?.isActive == true)
    }

    /// Digests that were made for another list of drafts, one of them longer, say nothing of this one.
    @Test func digestsOfAnotherListAreNotTakenForThoseOfThisOne() throws {
        let same = digest(["name": "Tea"])
        let absorption = try decide(draft(["name": "Coffee"]), remembered: same, digests: [same, "of another draft"])

        #expect(absorption.records[1]?.parts["name"]?.value == "Coffee")
    }

    @Test func theDigestHoldsEveryPartThatIsTakenAndTheReasonToHold() {
        let all = [
            digest([:]), digest(["name": "Tea"]), digest(["sku": "Tea"]), digest(["name": .null]),
            digest(["name": "T", "sku": "ea"]), digest(["name": "Te", "sku": "a"]),
            digest(["name": "Tea"], hold: "off"),
        ]

        #expect(Set(all).count == all.count)
        #expect(digest(["name": "Tea", "price": "7"]) == digest(["name": "Tea", "price": "8"]), "it is not taken")
    }
}
