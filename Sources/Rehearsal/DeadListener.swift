import Commerce
import ConnectorKit
import Ledger
import Pipeline
import Store

/// One dead listener among a hundred: how long notices take to the others, with the death and without it, from the same
/// seed, while a thousand a second are to be told.
public struct DeadListener: Sendable {
    /// How many listeners there are, the dead one included.
    public static let listeners = 100
    /// The most that one death may add to the delays of the others.
    public static let mostExcess = 0.01
    /// The time between two changes, each of which all are told, in seconds.
    static let paceSeconds = 0.1
    /// How long the last notices may take, in seconds.
    static let lastSeconds = 120.0

    /// What came of a seed: the delays without a death, and with one in that manner.
    public var seed: UInt64
    public var alive: DeadVendor.Delays
    public var dead: [DeadVendor.Manner: DeadVendor.Delays]

    /// Holds the runs of a seed with that many changes.
    ///
    /// - Throws: `RehearsalError`, `StoreFailure`.
    public static func hold(seed: UInt64, changes: Int = 100) throws -> DeadListener {
        var dead: [DeadVendor.Manner: DeadVendor.Delays] = [:]
        for manner in DeadVendor.Manner.allCases { dead[manner] = try delays(seed, changes, manner) }
        return DeadListener(seed: seed, alive: try delays(seed, changes, nil), dead: dead)
    }

    private static func delays(_ seed: UInt64, _ changes: Int, _ manner: DeadVendor.Manner?) throws -> DeadVendor.Delays
    {
        var chance = Chance(seed)
        var knobs = Knobs(steadyStalls: 1, &chance)
        knobs.listeners = listeners
        let dying = chance.below(listeners)
        let rehearsal = Rehearsal(seed: seed, knobs: knobs, chance, disk: try Rehearsal.inMemory(Hub.migrations))
        try rehearsal.setUp()
        rehearsal.stage.world.withLock { $0.hearers = Hearers(dying: dying, manner: manner) }
        rehearsal.pass(seconds: 1)
        for change in 0..<changes {
            try rehearsal.change(Int64(change + 1) << 40)
            rehearsal.pass(seconds: paceSeconds)
        }
        rehearsal.pass(seconds: lastSeconds)
        return rehearsal.stage.world.withLock { $0.hearers?.delays(of: changes) ?? DeadVendor.Delays() }
    }
}

extension Rehearsal {
    /// A product has changed, as if a vendor had said so.
    fileprivate func change(_ id: Int64) throws {
        let now = stage.world.withLock { $0.hubNow }
        _ = try stage.disk.commitCounting(isDurable: true) { session in
            let ledger = LedgerTable(session, organization: 1)
            try ledger.save([HubRecord(id: id, kind: .product, title: "Thing \(id)", now: now)])
            try ledger.append([
                Change(
                    record: id, kind: .product, part: "price", old: "1.00 LKR", new: "2.00 LKR", origin: nil,
                    rule: "changed there only", at: now)
            ])
        }
        stage.world.withLock { world in
            world.hearers?.changed(id, world.now)
            if let life = world.life(of: 0) { world.committed(life) }
        }
    }

    /// Registers those who are told of changes.
    func registerListeners(at hub: Hub) async throws {
        for number in 0..<knobs.listeners {
            let wish = try ListenerWish([
                "url": .string("https://\(Hearers.host(number))/hook"), "events": ["product.updated"],
                "secret": "a secret of no one",
            ])
            _ = try await hub.register(wish, at: nil, by: .hub)
        }
    }
}

/// Those who are told of changes, and when they were.
struct Hearers: Sendable {
    let dying: Int
    let manner: DeadVendor.Manner?
    private var changed: [Int64: Moment] = [:]
    private var seconds: [Double] = []

    /// How long a call is on its way, there and back, in seconds.
    static let travelSeconds = 0.1

    init(dying: Int, manner: DeadVendor.Manner?) { (self.dying, self.manner) = (dying, manner) }

    static func host(_ number: Int) -> String { "listener\(number).example" }

    mutating func changed(_ record: Int64, _ now: Moment) { changed[record] = now }

    /// What comes of a call to a listener, and after how many seconds; nil where it goes to somebody else.
    mutating func answer(
        _ request: HTTPRequest, _ now: Moment
    ) -> (answer: Result<HTTPResponse, TransportFailure>, seconds: Double)? {
        guard request.address.host.hasPrefix("listener") else { return nil }
        if request.address.host == Self.host(dying) {
            switch manner {
            case .refuses: return (.failure(.notSent("connection refused")), Self.travelSeconds)
            case .isSilent: return (.failure(.noAnswer("no answer")), Double(request.timeoutSeconds))
            case nil: break
            }
        } else if let json = try? JSON(parsing: request.body), let record = json["data"]?["id"]?.integer,
            let at = changed[Int64(record)]
        {
            seconds.append(now.seconds(since: at))
        }
        return (.success(HTTPResponse(status: 200)), Self.travelSeconds)
    }

    /// How long the calls took to set off to those that live.
    func delays(of changes: Int) -> DeadVendor.Delays {
        DeadVendor.Delays(seconds, missing: changes * (DeadListener.listeners - 1) - seconds.count)
    }
}
