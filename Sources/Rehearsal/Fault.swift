/// What can go wrong, each with its own knob.
enum Fault: String, Sendable, CaseIterable {
    /// The connection is refused: nothing was sent.
    case refused
    /// Sent, lost on its way: nothing happened there.
    case lostBefore
    /// It happened there, and the answer is lost.
    case lostAfter
    case throttled
    case throttledWithSeconds
    case throttledWithDate
    case serverError
    /// A gateway gives up (502, 504), and it happens there all the same.
    case gatewayError
    case unauthorized
    /// The answer takes long; longer than the caller waits, now and then.
    case slow
    /// It happened there, and the answer ends in the middle.
    case halfBody
    /// It happened there, and the answer is a page for people.
    case garbled
    case webhookLost
    case webhookLate
    case webhookRepeated
    case webhookReordered
    /// Somebody else calls, without the secret.
    case webhookForged
    /// The hub's clock is set forward or back.
    case clockJump
    /// The process ends between two of its steps.
    case death
    /// The process ends before a commit, and the commit is not kept.
    case deathBeforeCommit
    /// The process ends right after a commit.
    case deathAfterCommit
    /// The process stands still for a while, longer than its leases last.
    case pause
    case diskFull
    /// Other steps come between two of one task.
    case interleaving
    /// The far side cannot prove who it is: nothing was sent.
    case untrusted
    /// A member of the answer is of another type, null, or not there.
    case drifted
    /// One of several records of a write is refused, the others are taken.
    case partRefused
    /// A proved call about what the hub knows nothing of.
    case webhookUnknown
    /// A call of ten megabytes.
    case webhookHuge
    /// A vendor forgets where to call, or switches it off, and says nothing.
    case hookLost
    /// A call of the store fails: a bad sector, a cable.
    case storeError
    /// The machine loses its power: all its processes end, and what the disk was not made to keep is gone.
    case powerLoss

    /// What happens to calls of the hub.
    static let ofCalls: [Fault] = [
        .refused, .lostBefore, .lostAfter, .throttled, .throttledWithSeconds, .throttledWithDate, .serverError,
        .gatewayError, .unauthorized, .slow, .halfBody, .garbled, .untrusted, .drifted, .partRefused,
    ]
    /// Those that only the deeper seeds have.
    static let rarer: [Fault] = [
        .untrusted, .drifted, .partRefused, .webhookUnknown, .webhookHuge, .hookLost, .storeError, .powerLoss,
    ]
    /// Those that each seed may have.
    static let common = allCases.filter { !rarer.contains($0) }
    /// Those a request meets before it has arrived.
    static let onTheWay: Set<Fault> = [.refused, .lostBefore, .untrusted]

    /// The largest share of its occasions at which it happens.
    var most: Double {
        switch self {
        case .refused, .lostBefore, .serverError: 0.06
        case .lostAfter, .gatewayError, .halfBody: 0.08
        case .garbled, .throttled, .throttledWithSeconds, .throttledWithDate: 0.03
        case .unauthorized: 0.004
        case .slow: 0.15
        case .webhookLost, .webhookLate, .webhookRepeated, .webhookReordered: 0.4
        case .webhookForged: 0.02
        case .clockJump, .death, .pause: 1
        case .deathBeforeCommit, .deathAfterCommit: 0.006
        case .diskFull: 0.01
        case .interleaving: 0.5
        case .untrusted, .drifted: 0.04
        case .partRefused: 0.15
        case .webhookUnknown: 0.05
        case .webhookHuge: 0.005
        case .hookLost: 0.02
        case .storeError: 0.004
        case .powerLoss: 1
        }
    }
}

/// What one seed is about: who takes part, what goes wrong and how often, what the merchant has decided.
struct Knobs: Sendable {
    var shops: Int
    var stalls: [StallTraits]
    /// Processes of the hub on one store.
    var processes: Int
    /// How likely each fault is at each of its occasions; absent is never.
    var faults: [Fault: Double] = [:]
    /// How often a person acts, in seconds.
    var haste: ClosedRange<Double>
    /// Which policy decides conflicts; nil is the hub's own.
    var policy: String?
    /// How often kinds are read, in seconds.
    var intervalSeconds: Int
    /// How many goods there are at the start.
    var goods: Int
    /// Whether several vendors begin with the same goods.
    var isShared: Bool
    /// Seconds by which the shops' clocks are ahead.
    var skews: [Double]
    /// What the seed has beyond others.
    var breadth = Breadth()
    /// What it has beyond breadth.
    var depth = Depth()
    /// What it has beyond depth.
    var reach = Reach()
    /// Whether the hub seals the values of persons.
    var seals = false
    /// Who asks to be forgotten.
    var departures = Departures()
    /// Whether every way takes as long each time.
    var isSteady = false
    /// How many listeners are told of changes.
    var listeners = 0

    /// The knobs of a seed. Every fault is on in about half of the seeds, so that what one hides another shows.
    init(_ chance: inout Chance) {
        shops = 1 + chance.below(2)
        let stallCount = shops == 1 ? 1 + chance.below(2) : chance.below(3)
        stalls = []
        for _ in 0..<stallCount { stalls.append(StallTraits(&chance)) }
        processes = chance.happens(0.25) ? 2 : 1
        for fault in Fault.common where chance.happens(0.5) {
            faults[fault] = fault.most * (0.1 + 0.9 * chance.share())
        }
        let pace = chance.seconds(4...40)
        haste = pace / 4...pace * 2
        policy = chance.pick([nil, nil, nil, "manual", "timestamp", "hub_wins", "woocommerce_wins", "priority"]) ?? nil
        intervalSeconds = chance.within(60...400)
        goods = 2 + chance.below(4)
        isShared = chance.happens(0.3)
        skews = []
        for _ in 0..<shops { skews.append(chance.happens(0.3) ? chance.seconds(-200...200) : 0) }
    }

    func share(_ fault: Fault) -> Double { faults[fault] ?? 0 }

    /// The knobs in words.
    var words: String {
        let wrong = Fault.allCases.compactMap { fault in
            faults[fault].map { "\(fault.rawValue) \(Int(($0 * 1000).rounded()))‰" }
        }
        let stallWords = stalls.map(\.words).joined(separator: "; ")
        return "\(shops) shops, \(stalls.count) stalls (\(stallWords)), \(processes) processes, policy "
            + "\(policy ?? "own"), read every \(intervalSeconds) s; faults: "
            + (wrong.isEmpty ? "none" : wrong.joined(separator: ", ")) + breadth.words + depth.words + reach.words
            + (seals ? "; values of persons are sealed\(departures.words)" : "")
    }
}
