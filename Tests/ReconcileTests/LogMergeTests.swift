import Commerce
import Testing

@testable import Reconcile

@Suite("A log, every combination")
struct LogMergeTests {
    private static let first: JSON = ["key": "1", "text": "A"]
    private static let changed: JSON = ["key": "1", "text": "B"]
    private static let second: JSON = ["key": "2", "text": "A"]
    private static let values: [JSON] = [.null, [], [first], [changed], [first, second]]

    private func texts(_ value: JSON?) -> [String: String] {
        Dictionary(
            (value?.array ?? []).map { ($0["key"]?.string ?? "", $0["text"]?.string ?? "") },
            uniquingKeysWith: { first, _ in first })
    }

    @Test func entriesAreOnlyEverAdded() {
        let bench = Bench(kind: .order, part: "payments")
        var (silent, added, clashed) = (0, 0, 0)
        for four in Four.all(of: Self.values) {
            guard let theirs = four.theirs, theirs != four.seen else {
                silent += 1
                #expect(bench.step(four) == nil, "\(four)")
                continue
            }
            let step = bench.step(four)
            let (shown, held) = (texts(theirs), texts(four.ours))
            let new = Set(shown.keys).subtracting(held.keys)
            let clashing = held.keys.filter { shown[$0] != nil && shown[$0] != held[$0] }

            #expect(texts(step?.record?.value ?? four.ours) == held.merging(shown) { ours, _ in ours }, "\(four)")
            #expect((step?.record == nil) == (four.ours != nil && new.isEmpty), "\(four)")
            #expect(step?.link.seen == theirs, "\(four)")
            #expect(Set(texts(step?.link.sent).keys) == Set(texts(four.sent).keys).union(shown.keys), "\(four)")
            #expect((step?.loser?.array?.count ?? 0) == clashing.count, "\(four)")
            added += new.isEmpty ? 0 : 1
            clashed += clashing.isEmpty ? 0 : 1
        }
        // 6 ways for each of the four; silent: theirs absent, or the same as one of 5 values seen.
        #expect(silent == 216 + 5 * 36)
        #expect(added == 330 && clashed == 120, "added \(added), clashed \(clashed)")
    }

    @Test func anEntryWithAnotherContentIsDroppedAndShownOnce() {
        let bench = Bench(kind: .order, part: "refunds")
        let four = Four(sent: [Self.first], ours: [Self.first], seen: [Self.first], theirs: [Self.changed])
        let step = bench.step(four)

        #expect(step?.event == .kept(loser: [Self.changed], rule: "log"))
        #expect(
            bench.step(Four(sent: step?.link.sent, ours: four.ours, seen: step?.link.seen, theirs: four.theirs)) == nil)
    }

    @Test func anIdNowATextNowANumberIsOneKey() {
        let bench = Bench(kind: .order, part: "payments")
        let four = Four(
            sent: nil, ours: [["key": "7", "text": "A"]], seen: nil, theirs: [["key": 7, "text": "A"]])

        #expect(bench.step(four)?.record == nil)
    }

    @Test func anEntryWithoutAKeyIsKnownByItsContent() {
        let bench = Bench(kind: .order, part: "payments")
        let four = Four(sent: nil, ours: [["text": "A"]], seen: nil, theirs: [["text": "A"], ["text": "B"]])

        #expect(bench.step(four)?.event == .added(entries: [["text": "B"]], clashing: []))
    }

    @Test func whatIsNoLogIsRefused() {
        let bench = Bench(kind: .order, part: "payments")
        let four = Four(sent: nil, ours: [Self.first], seen: nil, theirs: "paid")

        #expect(bench.step(four) == bench.refused(four, reason: "payments is no list of entries"))
    }

    @Test func anEntryThatVanishedThereIsNotSentAgain() {
        let bench = Bench(kind: .order, part: "payments")
        let four = Four(sent: [Self.first], ours: [Self.first], seen: [Self.first], theirs: [])
        let link = bench.step(four)?.link ?? LinkedPart()

        #expect(
            Reconcile.outbound(
                kind: .order, record: ["payments": [Self.first]], link: ["payments": link], gives: { _ in true })
                == Parts())
    }
}

@Suite("A counter, every combination")
struct CounterTests {
    private static let values: [JSON] = [.null, "A", "B", "C"]

    @Test func aReportIsCountedAndNeverOverwritesTheStock() {
        let bench = Bench(part: "stock", rule: PartRule(.source(Bench.side)))
        var counts = ["nothing": 0, "agreed": 0, "counted": 0]
        for four in Four.all(of: Self.values) {
            let step = bench.step(four)
            if four.theirs == nil || four.theirs == four.seen {
                counts["nothing", default: 0] += 1
                #expect(step == nil, "\(four)")
            } else if four.seen == nil, four.theirs == four.ours {
                counts["agreed", default: 0] += 1
                #expect(step == bench.agreed(four), "\(four)")
            } else {
                counts["counted", default: 0] += 1
                let link = LinkedPart(sent: four.theirs, seen: four.theirs)
                let event = PartEvent.counted(expected: four.seen, theirs: four.theirs ?? .null)
                #expect(step == PartStep(part: "stock", link: link, event: event), "\(four)")
            }
        }
        #expect(counts == ["nothing": 225, "agreed": 20, "counted": 380])
    }

    @Test func stockIsOverwrittenOnlyWhereThatIsDemanded() {
        let rule = PartRule(.source(Bench.side), isStockOverwritten: true)
        let bench = Bench(part: "stock", rule: rule)
        let four = Four(sent: "A", ours: "B", seen: "A", theirs: "C")

        #expect(bench.step(four) == bench.took(four, rule: "source", over: "B"))
    }
}
