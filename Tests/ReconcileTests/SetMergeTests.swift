import Commerce
import Testing

@testable import Reconcile

@Suite("A set, every combination")
struct SetMergeTests {
    private static let values: [JSON] = [.null, [], ["x"], ["y"], ["x", "y"]]

    /// Member by member: what they added or removed since they were last seen counts, else what the hub has.
    private func joined(_ four: Four) -> Set<JSON> {
        Set(
            (["x", "y"] as [JSON]).filter { member in
                let was = four.seen?.array?.contains(member) ?? false
                let isThere = four.theirs?.array?.contains(member) ?? false
                return was == isThere ? four.ours?.array?.contains(member) ?? false : isThere
            })
    }

    @Test func changesOfMembersOnBothSidesAreJoined() {
        let bench = Bench(part: "tags", rule: PartRule(.merge))
        var contests = 0
        for four in Four.all(of: Self.values) {
            let step = bench.step(four)
            switch Outcome.byPattern[four.pattern] {
            case .nothing: #expect(step == nil, "\(four)")
            case .take: #expect(step == bench.took(four, rule: bench.uncontested(four)), "\(four)")
            case .agree: #expect(step == bench.agreed(four), "\(four)")
            case .contest, nil:
                contests += 1
                let result = step?.record?.value ?? four.ours
                #expect(Set(result?.array ?? []) == joined(four), "\(four)")
                #expect(step?.link == LinkedPart(sent: four.theirs, seen: four.theirs), "\(four)")
                #expect(step?.loser == nil, "\(four)")
                guard case .merged(let theirs, let ours, let kept)? = step?.event else {
                    Issue.record("\(four): not joined")
                    continue
                }
                #expect(theirs == four.theirs && ours == four.ours && kept == result, "\(four)")
            }
        }
        // 5 values: 3 patterns of two, 6 of three and one of four letters.
        #expect(contests == 4 * 20 + 5 * 60 + 120)
    }

    @Test func theOrderOfMembersIsNoChange() {
        let bench = Bench(part: "tags")

        #expect(bench.step(Four(sent: ["x", "y"], ours: ["x", "y"], seen: ["x", "y"], theirs: ["y", "x"])) == nil)
        #expect(
            bench.step(Four(sent: nil, ours: ["x", "y"], seen: nil, theirs: ["y", "x"]))?.event == .agreed)
    }

    @Test func aRemovalInTheirSpellingFindsOurMember() {
        let lower: @Sendable (String, JSON) -> JSON = { _, value in
            .array((value.array ?? []).map { .string(($0.string ?? "").lowercased()) })
        }
        let bench = Bench(part: "tags", rule: PartRule(.merge), normalForm: lower)
        let four = Four(
            sent: ["Red", "Blue"], ours: ["Red", "Blue", "Green"], seen: ["red", "blue"], theirs: ["blue", "new"])

        #expect(bench.step(four)?.record?.value == ["Blue", "Green", "new"])
    }

    @Test func whatIsNoListFallsToTheSecondPolicy() {
        let bench = Bench(part: "tags", rule: PartRule(.merge, fallback: .source(0)))
        let four = Four(sent: ["x"], ours: ["y"], seen: ["x"], theirs: "x, y")

        #expect(bench.step(four) == bench.kept(four, rule: "source"))
    }
}
