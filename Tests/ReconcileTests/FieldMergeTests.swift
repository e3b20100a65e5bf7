import Commerce
import Testing

@testable import Reconcile

/// Who must win a contest under one rule.
struct Contested: Sendable, CustomTestStringConvertible {
    enum Winner: Sendable { case theirs, ours, nobody }
    var title: String
    var rule: PartRule
    var winner: Winner
    var name = ""
    var ourTime = ChangeInterval(at: Moment(seconds: 1030))
    var origin: Int64? = Bench.origin

    var testDescription: String { title }

    private static let early = ChangeInterval(at: Moment(seconds: 999))
    private static let late = ChangeInterval(at: Moment(seconds: 1061))

    static let all: [Contested] = [
        Contested(title: "manual", rule: PartRule(.manual), winner: .nobody),
        Contested(title: "this side is the source", rule: PartRule(.source(7)), winner: .theirs, name: "source"),
        Contested(title: "the hub is the source", rule: PartRule(.source(0)), winner: .ours, name: "source"),
        Contested(title: "our origin is the source", rule: PartRule(.source(3)), winner: .ours, name: "source"),
        Contested(title: "the source takes no part", rule: PartRule(.source(9)), winner: .nobody),
        Contested(
            title: "the source takes no part, the fallback decides",
            rule: PartRule(.source(9), fallback: .priority([7, 3])), winner: .theirs, name: "priority"),
        Contested(
            title: "they rank first", rule: PartRule(.priority([7, 3])), winner: .theirs, name: "priority"),
        Contested(title: "we rank first", rule: PartRule(.priority([3, 7])), winner: .ours, name: "priority"),
        Contested(title: "only they rank", rule: PartRule(.priority([7])), winner: .theirs, name: "priority"),
        Contested(title: "only we rank", rule: PartRule(.priority([3])), winner: .ours, name: "priority"),
        Contested(title: "nobody ranks", rule: PartRule(.priority([])), winner: .nobody),
        Contested(
            title: "a person ranks first", rule: PartRule(.priority([0, 7])), winner: .ours, name: "priority",
            origin: nil),
        Contested(
            title: "their own older value stands here", rule: PartRule(.priority([0, 3])), winner: .theirs,
            name: "priority", origin: Bench.side),
        Contested(
            title: "ours is older", rule: PartRule(.timestamp), winner: .theirs, name: "timestamp", ourTime: early),
        Contested(title: "ours is newer", rule: PartRule(.timestamp), winner: .ours, name: "timestamp", ourTime: late),
        Contested(title: "the intervals overlap", rule: PartRule(.timestamp), winner: .nobody),
        Contested(
            title: "the intervals overlap, the fallback decides", rule: PartRule(.timestamp, fallback: .source(0)),
            winner: .ours, name: "source"),
        Contested(title: "counting is not for fields", rule: PartRule(.counter), winner: .nobody),
        Contested(
            title: "no fallback is asked twice", rule: PartRule(.timestamp, fallback: .timestamp), winner: .nobody),
    ]
}

@Suite("A plain field, every combination")
struct FieldMergeTests {
    private static let values: [JSON] = [.null, "A", "B", "C"]

    @Test func theTableHasEveryPatternThereIs() {
        let patterns = Set(Four.all(of: Self.values).map(\.pattern))

        #expect(patterns.count == 52)
        #expect(patterns == Set(Outcome.byPattern.keys))
    }

    @Test(arguments: Contested.all, ["name", "images", "tags", "somethingUndeclared"])
    func everyCombinationComesOutAsTheTableSays(_ contested: Contested, part: String) {
        var bench = Bench(part: part, rule: contested.rule, ourTime: contested.ourTime, ourOrigin: contested.origin)
        bench.part = part
        var counts: [Outcome: Int] = [:]

        for four in Four.all(of: Self.values) {
            guard let outcome = Outcome.byPattern[four.pattern] else { continue }
            counts[outcome, default: 0] += 1
            #expect(bench.step(four) == expected(four, outcome, contested, bench), "\(four)")
        }

        #expect(counts == Outcome.countsOfFourValues)
    }

    private func expected(_ four: Four, _ outcome: Outcome, _ contested: Contested, _ bench: Bench) -> PartStep? {
        switch (outcome, contested.winner) {
        case (.nothing, _): nil
        case (.take, _): bench.took(four, rule: bench.uncontested(four))
        case (.agree, _): bench.agreed(four)
        case (.contest, .theirs): bench.took(four, rule: contested.name, over: four.ours)
        case (.contest, .ours): bench.kept(four, rule: contested.name)
        case (.contest, .nobody): bench.conflict(four)
        }
    }

    /// Values of one line leave nothing to join, but for one pattern: the hub had come to hold what they showed, and
    /// their change is a change of that very text.
    @Test func joiningTextsOfOneLineDecidesOnlyWhatIsBuiltOnTheSameText() {
        let bench = Bench(rule: PartRule(.merge))
        var joined = 0
        for four in Four.all(of: Self.values) where Outcome.byPattern[four.pattern] == .contest {
            if four.ours == four.seen, four.ours != .null, four.theirs != .null {
                joined += 1
                let event = PartEvent.merged(
                    theirs: four.theirs ?? .null, ours: four.ours ?? .null, result: four.theirs ?? .null)
                #expect(bench.step(four)?.event == event, "\(four)")
                #expect(bench.step(four)?.record?.value == four.theirs, "\(four)")
            } else {
                #expect(bench.step(four) == bench.conflict(four), "\(four)")
            }
        }
        #expect(joined == 24)
    }

    @Test func whetherALastWriteWasAcceptedChangesNoDecision() {
        for four in Four.all(of: Self.values) where Outcome.byPattern[four.pattern] != .contest {
            #expect(Bench(isAccepted: false).step(four) == Bench().step(four), "\(four)")
        }
    }

    @Test func anOpenConflictTakesNothingAndEndsOnlyWhenBothHoldTheSame() {
        var counts = ["nothing": 0, "agreed": 0, "moved": 0, "taken": 0]
        for four in Four.all(of: Self.values) {
            let bench = Bench(rule: PartRule(.source(Bench.side)), isPinned: true)
            let letters = Array(four.pattern)
            let step = bench.step(four)
            switch (letters[1], letters[2], letters[3]) {
            case (_, _, "-"):
                counts["nothing", default: 0] += 1
                #expect(step == nil, "\(four)")
            case (let ours, _, let theirs) where ours == theirs:
                counts["agreed", default: 0] += 1
                #expect(step == bench.agreed(four), "\(four)")
            case (let ours, let seen, let theirs) where seen == theirs && ours != "-":
                counts["nothing", default: 0] += 1
                #expect(step == nil, "\(four)")
            case ("-", let seen, let theirs):
                // A pin without a value of the hub cannot arise; a value is then taken as if there were none.
                counts["taken", default: 0] += 1
                #expect(step == bench.took(four, rule: RuleName.firstValue), "\(four) \(seen) \(theirs)")
            default:
                counts["moved", default: 0] += 1
                let link = LinkedPart(sent: four.sent, seen: four.theirs, isPinned: true)
                let event = PartEvent.pinnedMoved(from: four.seen, to: four.theirs ?? .null)
                #expect(step == PartStep(part: "name", link: link, event: event), "\(four)")
            }
        }
        #expect(counts == ["nothing": 185, "agreed": 100, "moved": 240, "taken": 100])
    }

    @Test func aValueInTheFarSidesOwnSpellingIsOurs() {
        let bench = Bench(
            rule: PartRule(.source(Bench.side)),
            normalForm: { _, value in .string((value.string ?? "").lowercased()) })
        let four = Four(sent: "Blue", ours: "Red", seen: "blue", theirs: "red")

        #expect(bench.step(four) == bench.agreed(four))
    }

    @Test func stepsComeInTheOrderOfTheirParts() {
        let steps = Reconcile.inbound(
            kind: .product, theirs: Parts(["sku": "1", "name": "2", "price": "3"]), link: [:], record: nil,
            observation: Observation(side: 7, askedAt: Moment(seconds: 1)), rule: { _ in PartRule(.manual) })

        #expect(steps.map(\.part) == ["name", "price", "sku"])
    }
}
