import Commerce
import Testing

@testable import Reconcile

/// A far side of the model: it stores what it is given in its own spelling.
struct ModelSide {
    let id: Int64
    var values: [String: JSON]
    var spelling: Spelling
    /// Counts every change, so that answers can be told old from new.
    var revision = 0
    var writesTaken = 0
    var lastLook: Moment
    /// The write whose answer was lost.
    var intent: Parts?
    var rememberedRevision = 0
    var settledWrites: Int64 = 0

    /// A person at that side edits a part.
    mutating func edit(_ part: String, _ value: JSON) {
        let spelled = spelling.spell(part, value)
        guard values[part] != spelled else { return }
        values[part] = spelled
        revision += 1
    }
}

/// How a far side rewrites what it is sent.
enum Spelling: CaseIterable {
    /// It does not.
    case exact
    /// In capitals; the connector knows, and declares capitals as the normal form.
    case capitals
    /// Cut to six letters, and nobody knows.
    case cut

    func spell(_ part: String, _ value: JSON) -> JSON {
        switch self {
        case .exact: value
        case .capitals: Self.mapped(value) { $0.uppercased() }
        case .cut: part == "name" ? Self.mapped(value) { String($0.prefix(6)) } : value
        }
    }

    func normalForm(_ part: String, _ value: JSON) -> JSON { self == .capitals ? spell(part, value) : value }

    static func mapped(_ value: JSON, _ change: (String) -> String) -> JSON {
        switch value {
        case .string(let text): .string(change(text))
        case .array(let members): .array(members.map { mapped($0, change) })
        default: value
        }
    }
}

/// What a look at a far side saw, perhaps to be told later.
struct ModelAnswer {
    var shown: Parts
    var revision: Int
    var askedAtWrite: Int64
    var askedAt: Moment
}

/// A hub with one record and its far sides, driven step by step. It does what the stops of the path do around
/// `Reconcile`: read before write, drop stale answers, look after a lost answer.
struct ModelHub {
    var record: [String: HubPart]
    var links: [Int64: [String: LinkedPart]] = [:]
    var sides: [ModelSide]
    var rule: PartRule
    var now = Moment(seconds: 1_000_000)
    /// Every value that was pushed aside, for ever.
    var log: Set<JSON> = []
    /// Every value the hub ever came to know.
    var known: Set<JSON> = []
    let seed: UInt64

    static let start: [String: JSON] = [
        "name": "start", "tags": ["red", "blue"], "description": "one\ntwo\nthree\nfour\nfive\nsix\nseven",
    ]

    /// A hub and its sides; in step at the start, or meeting for the first time with values of their own.
    init(sides count: Int, rule: PartRule, spellings: [Spelling] = [.exact], seed: UInt64, inStep: Bool = true) {
        self.rule = rule
        self.seed = seed
        record = Self.start.mapValues {
            HubPart(value: $0, origin: nil, changed: ChangeInterval(at: Moment(seconds: 1)))
        }
        sides = []
        for index in 0..<count {
            let spelling = spellings[index % spellings.count]
            var values = Self.start
            if !inStep { values["name"] = .string("own\(index)") }
            let side = ModelSide(
                id: Int64(index + 1),
                values: Dictionary(uniqueKeysWithValues: values.map { ($0, spelling.spell($0, $1)) }),
                spelling: spelling, lastLook: now)
            sides.append(side)
            guard inStep else { continue }
            links[side.id] = Reconcile.settled(
                kind: .product, wrote: Parts(Self.start), answered: Parts(side.values), link: [:],
                normalForm: spelling.normalForm)
        }
    }

    mutating func tick() { now = now.adding(seconds: 1) }

    /// A person edits the hub's record.
    mutating func edit(_ part: String, _ value: JSON) {
        tick()
        if let old = record[part]?.value { log.insert(old) }
        record[part] = HubPart(value: value, origin: nil, changed: ChangeInterval(at: now))
        known.insert(value)
    }

    /// Looks at a side, to be told now or later.
    func answer(of index: Int) -> ModelAnswer {
        let side = sides[index]
        return ModelAnswer(
            shown: Parts(side.values), revision: side.revision, askedAtWrite: side.settledWrites, askedAt: now)
    }

    /// Merges a late answer, unless it is stale or a write's outcome is unknown. Answers the number of steps.
    @discardableResult
    mutating func hear(_ answer: ModelAnswer, from index: Int) -> Int {
        tick()
        let side = sides[index]
        let isStale = Freshness.isStale(
            revision: "\(answer.revision)", remembered: "\(side.rememberedRevision)",
            askedAtWrite: answer.askedAtWrite, lastSettledWrite: side.settledWrites)
        return isStale || side.intent != nil ? 0 : merge(answer, from: index)
    }

    /// Reads a side and merges what it shows.
    @discardableResult
    mutating func poll(_ index: Int) -> Int {
        tick()
        let answer = answer(of: index)
        if let intent = sides[index].intent {
            let settled = Reconcile.recovered(
                kind: .product, intent: intent, shown: answer.shown, link: links[sides[index].id] ?? [:],
                normalForm: sides[index].spelling.normalForm)
            links[sides[index].id, default: [:]].merge(settled) { _, new in new }
            sides[index].intent = nil
        }
        return merge(answer, from: index)
    }

    private mutating func merge(_ answer: ModelAnswer, from index: Int) -> Int {
        for (part, value) in answer.shown.values where links[sides[index].id]?[part]?.seen != value {
            known.insert(value)
        }
        let steps = inbound(answer, from: index)
        for step in steps { apply(step, from: sides[index].id) }
        #expect(inbound(answer, from: index) == [], "merging twice is not merging once, seed \(seed)")
        sides[index].lastLook = answer.askedAt
        sides[index].rememberedRevision = answer.revision
        return steps.count
    }

    private func inbound(_ answer: ModelAnswer, from index: Int) -> [PartStep] {
        let side = sides[index]
        return Reconcile.inbound(
            kind: .product, theirs: answer.shown, link: links[side.id] ?? [:], record: record,
            observation: Observation(
                side: side.id, lastSeenAt: side.lastLook, askedAt: answer.askedAt, firstSeenAt: now),
            normalForm: side.spelling.normalForm, rule: { [rule] _ in rule })
    }

    private mutating func apply(_ step: PartStep, from side: Int64) {
        links[side, default: [:]][step.part] = step.link
        if let loser = step.loser { log.insert(loser) }
        switch step.event {
        case .conflict(let base, let theirs, let ours): log.formUnion([base, theirs, ours].compactMap { $0 })
        case .merged(let theirs, let ours, _): log.formUnion([theirs, ours])
        case .pinnedMoved(let from, let to): log.formUnion([from, to].compactMap { $0 })
        case .resolved(let theirs, let ours): log.formUnion([theirs, ours].compactMap { $0 })
        default: break
        }
        guard let new = step.record else { return }
        if let old = record[step.part]?.value { log.insert(old) }
        record[step.part] = new
        known.insert(new.value)
    }

    /// Brings a side in step: reads it, then writes what it lacks. Answers the number of parts written.
    @discardableResult
    mutating func push(_ index: Int, losesAnswer: Bool = false) -> Int {
        poll(index)
        let side = sides[index]
        let patch = Reconcile.outbound(
            kind: .product, record: record.mapValues(\.value), link: links[side.id] ?? [:], gives: { _ in true })
        if patch.values.isEmpty { return 0 }
        for (part, value) in patch.values { sides[index].edit(part, value) }
        sides[index].writesTaken += 1
        if losesAnswer {
            sides[index].intent = patch
            return patch.values.count
        }
        let settled = Reconcile.settled(
            kind: .product, wrote: patch, answered: Parts(sides[index].values), link: links[side.id] ?? [:],
            normalForm: side.spelling.normalForm)
        links[side.id, default: [:]].merge(settled) { _, new in new }
        sides[index].settledWrites += 1
        sides[index].rememberedRevision = sides[index].revision
        return patch.values.count
    }

    /// Polls and pushes all sides until nothing moves any more. Answers the rounds it took; nil when it never ends.
    mutating func settle(limit: Int = 20) -> Int? {
        for round in 0..<limit {
            var moved = 0
            for index in sides.indices { moved += poll(index) }
            for index in sides.indices { moved += push(index) }
            if moved == 0 { return round }
        }
        return nil
    }

    /// The open conflicts, by side and part.
    var conflicts: [(side: Int64, part: String)] {
        links.keys.sorted().flatMap { side in
            (links[side] ?? [:]).filter(\.value.isPinned).keys.sorted().map { (side, $0) }
        }
    }

    /// A person decides one conflict.
    mutating func resolve(_ conflict: (side: Int64, part: String), _ choice: Resolution) {
        tick()
        guard let link = links[conflict.side]?[conflict.part], let part = record[conflict.part] else { return }
        let step = Reconcile.resolve(part: conflict.part, choice: choice, link: link, record: part, now: now)
        apply(step, from: conflict.side)
    }

    /// The parts in which a side does not hold the hub's value in its own spelling.
    func differences() -> [String] {
        sides.flatMap { side in
            record.keys.sorted().filter { part in
                let form = RecordKind.product.shape(of: part).form
                let due = side.spelling.spell(part, record[part]?.value ?? .null)
                return !form.areSame(side.values[part], due)
            }.map { "\(side.id).\($0)" }
        }
    }

    /// The values the hub once knew that stand nowhere any more: not at a side, not in the record, not in the log.
    func lost() -> [JSON] {
        let capitals = { (value: JSON) in Spelling.mapped(value) { $0.uppercased() } }
        let kept = Set((log + record.values.map(\.value) + sides.flatMap(\.values.values)).map(capitals))
        return known.filter { value in value.string != nil && !kept.contains(capitals(value)) }
    }
}
