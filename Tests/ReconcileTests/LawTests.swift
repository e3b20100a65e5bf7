import Commerce
import Testing

@testable import Reconcile

/// One rule whose histories must obey the laws.
struct LawCase: Sendable, CustomTestStringConvertible {
    var title: String
    var rule: PartRule
    var testDescription: String { title }

    static let all: [LawCase] = [
        LawCase(title: "the hub wins", rule: PartRule(.source(0))),
        LawCase(title: "side 2 wins, else the hub", rule: PartRule(.source(2), fallback: .source(0))),
        LawCase(title: "side 1 wins, else a person", rule: PartRule(.source(1))),
        LawCase(title: "by rank", rule: PartRule(.priority([2, 0, 1, 3, 4]))),
        LawCase(title: "by rank of some", rule: PartRule(.priority([3]), fallback: .source(0))),
        LawCase(title: "by time, else the hub", rule: PartRule(.timestamp, fallback: .source(0))),
        LawCase(title: "by time, else a person", rule: PartRule(.timestamp)),
        LawCase(title: "joined, else by rank", rule: PartRule(.merge, fallback: .priority([1, 2, 3, 4, 0]))),
        LawCase(title: "joined, else a person", rule: PartRule(.merge)),
        LawCase(title: "a person", rule: PartRule(.manual)),
    ]
}

/// One history: what people and machines do, drawn from a seed.
struct History {
    var random: Seeded
    var hub: ModelHub
    private var held: [(index: Int, answer: ModelAnswer)] = []
    private var count = 0

    init(_ seed: UInt64, sides: Int, rule: PartRule, spellings: [Spelling], inStep: Bool = true) {
        random = Seeded(seed)
        hub = ModelHub(sides: sides, rule: rule, spellings: spellings, seed: seed, inStep: inStep)
    }

    mutating func run(_ steps: Int) {
        for _ in 0..<steps { step() }
    }

    private mutating func step() {
        let index = random.below(hub.sides.count)
        switch random.below(12) {
        case 0...2:
            let part = random.one(of: ["name", "tags", "description"]) ?? "name"
            hub.tick()
            hub.sides[index].edit(part, edited(part, hub.sides[index].values[part]))
        case 3, 4:
            let part = random.one(of: ["name", "tags", "description"]) ?? "name"
            hub.edit(part, edited(part, hub.record[part]?.value))
        case 5...6: hub.poll(index)
        case 7...8: hub.push(index)
        case 9: hub.push(index, losesAnswer: true)
        case 10: held.append((index, hub.answer(of: index)))
        default:
            guard !held.isEmpty else { return }
            let late = held.remove(at: random.below(held.count))
            hub.hear(late.answer, from: late.index)
        }
    }

    /// A new value of a part, never one that was there before.
    mutating func edited(_ part: String, _ value: JSON?) -> JSON {
        count += 1
        switch part {
        case "tags":
            var members = value?.array ?? []
            if random.below(2) == 0, !members.isEmpty { members.remove(at: random.below(members.count)) }
            return .array(members + [.string("tag\(count)")])
        case "description":
            var lines = (value?.string ?? "").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            lines[random.below(lines.count)] = "line\(count)"
            return .string(lines.joined(separator: "\n"))
        default: return .string("v\(count)")
        }
    }

    /// Lets machines and people work until nothing is open. Answers whether that ever came.
    mutating func settle() -> Bool {
        for _ in 0..<60 {
            guard hub.settle() != nil else { return false }
            guard let conflict = random.one(of: hub.conflicts) else { return true }
            let own = edited(conflict.part, hub.record[conflict.part]?.value)
            hub.resolve(conflict, random.one(of: [.theirs, .ours, .value(own)]) ?? .ours)
        }
        return false
    }
}

@Suite("Laws on generated histories")
struct LawTests {
    private static let spellings: [[Spelling]] = [
        [.exact], [.exact, .capitals], [.capitals], [.exact, .cut, .capitals],
    ]

    private func histories(_ law: LawCase, _ sides: Int, count: Int, _ check: (inout History, UInt64) -> Void) {
        for seed in Seeds.list(count) {
            let spellings = Self.spellings[Int(seed % UInt64(Self.spellings.count))]
            var history = History(
                seed &* 31 &+ UInt64(sides), sides: sides, rule: law.rule, spellings: spellings, inStep: seed % 5 != 0)
            check(&history, seed)
        }
    }

    @Test(arguments: LawCase.all, [2, 3, 4])
    func everySideComesToHoldTheSame(_ law: LawCase, sides: Int) {
        histories(law, sides, count: 20) { history, seed in
            history.run(60)
            let isSettled = history.settle()

            #expect(isSettled, "it never ends, CROSSDOCK_SEED=\(seed)")
            #expect(history.hub.differences() == [], "CROSSDOCK_SEED=\(seed)")
            #expect(history.hub.conflicts.isEmpty, "CROSSDOCK_SEED=\(seed)")
        }
    }

    @Test(arguments: LawCase.all, [2, 3, 4])
    func noValueIsDestroyed(_ law: LawCase, sides: Int) {
        histories(law, sides, count: 20) { history, seed in
            history.run(60)
            #expect(history.hub.lost() == [], "CROSSDOCK_SEED=\(seed)")

            _ = history.settle()
            #expect(history.hub.lost() == [], "after settling, CROSSDOCK_SEED=\(seed)")
        }
    }

    @Test(arguments: LawCase.all, [2, 3, 4])
    func withoutAChangeNothingIsWritten(_ law: LawCase, sides: Int) {
        histories(law, sides, count: 12) { history, seed in
            history.run(40)
            _ = history.settle()
            let before = history.hub

            for index in before.sides.indices {
                #expect(history.hub.poll(index) == 0, "CROSSDOCK_SEED=\(seed)")
                #expect(history.hub.push(index) == 0, "CROSSDOCK_SEED=\(seed)")
            }
            #expect(history.hub.sides.map(\.writesTaken) == before.sides.map(\.writesTaken), "CROSSDOCK_SEED=\(seed)")
            #expect(history.hub.record == before.record, "CROSSDOCK_SEED=\(seed)")
        }
    }

    @Test(arguments: LawCase.all, [2, 3, 4])
    func aChangeOnOneSideAlwaysTravels(_ law: LawCase, sides: Int) {
        histories(law, sides, count: 15) { history, seed in
            history.run(40)
            _ = history.settle()
            let writes = history.hub.sides.map(\.writesTaken)
            let editor = history.random.below(sides + 1)
            let part = history.random.one(of: ["name", "tags", "description"]) ?? "name"
            let value = history.edited(part, history.hub.record[part]?.value)

            if editor == sides { history.hub.edit(part, value) } else { history.hub.sides[editor].edit(part, value) }
            #expect(history.hub.settle() != nil, "CROSSDOCK_SEED=\(seed)")

            let due = editor == sides ? value : history.hub.sides[editor].spelling.spell(part, value)
            #expect(history.hub.record[part]?.value == due, "CROSSDOCK_SEED=\(seed)")
            #expect(history.hub.differences() == [], "CROSSDOCK_SEED=\(seed)")
            #expect(history.hub.conflicts.isEmpty, "CROSSDOCK_SEED=\(seed)")
            for index in 0..<sides {
                let written = history.hub.sides[index].writesTaken - writes[index]
                #expect(written == (index == editor ? 0 : 1), "one write each, none back, CROSSDOCK_SEED=\(seed)")
            }
        }
    }

    @Test(arguments: Spelling.allCases)
    func aSideThatRewritesWhatItIsSentSettlesAfterOneWrite(_ spelling: Spelling) {
        var hub = ModelHub(sides: 1, rule: PartRule(.manual), spellings: [spelling], seed: 0)
        hub.edit("name", "a longer name")

        #expect(hub.settle() != nil)
        #expect(hub.sides[0].writesTaken == 1)
        #expect(hub.record["name"]?.value == "a longer name")
        #expect(hub.links[1]?["name"]?.isAccepted == (spelling != .cut))
    }

    @Test(arguments: LawCase.all)
    func aWriteWhoseAnswerWasLostIsNoConflict(_ law: LawCase) {
        for spelling in [Spelling.exact, .capitals] {
            var hub = ModelHub(sides: 2, rule: law.rule, spellings: [spelling], seed: 0)
            hub.edit("name", "first")
            #expect(hub.push(0, losesAnswer: true) == 1)
            hub.edit("name", "second")

            #expect(hub.settle() != nil)
            #expect(hub.conflicts.isEmpty)
            #expect(hub.record["name"]?.value == "second")
            #expect(hub.differences() == [])
        }
    }
}
