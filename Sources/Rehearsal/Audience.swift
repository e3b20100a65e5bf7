import Commerce
import Pipeline
import Store
import Wire

/// Those outside who are told of changes, while calls to them fail as others do: what each of them has heard.
struct Audience: Sendable {
    /// Who listens: in any order, and in the order of each record's changes.
    static let hosts = ["listener1.example", "listener2.example"]
    /// How often calls about one notice fail, and at most how many of them: what the hub waits then grows to half an
    /// hour, and to two hours after one more.
    private static let (failingShare, mostFailures) = (0.3, 3)

    private enum Mishap: CaseIterable {
        case refused, lostBefore, lostAfter, serverError, slow
    }

    private var chance: Chance
    private var failures: [String: Int] = [:]
    /// What each was told of a record last, by the time at which the call set off.
    private var last: [String: [Int64: JSON]] = [:]
    private var heard: [String: Set<String>] = [:]
    private(set) var breaches: [String] = []
    private(set) var repeats = 0

    /// A rare state: one notice came twice, for an answer was lost.
    static let toldAgain = "a listener was told again of what it had heard"

    init(seed: UInt64) { chance = Chance(seed ^ 0x5EED_0000_A0D1_0000) }

    /// What comes of a call to a listener, and after how many seconds; nil where it goes to somebody else.
    mutating func answer(
        _ request: HTTPRequest, isStormy: Bool
    ) -> (answer: Result<HTTPResponse, TransportFailure>, seconds: Double)? {
        let host = request.address.host
        guard Self.hosts.contains(host) else { return nil }
        let body = try? JSON(parsing: request.body)
        guard let body, let id = body["id"]?.string else {
            breaches.append("\(host) was called with what is no notice")
            return (.success(HTTPResponse(status: 400)), 0.05)
        }
        let travel = chance.seconds(0.02...0.4)
        let name = "\(host) \(id)"
        let isFailing = isStormy && failures[name, default: 0] < Self.mostFailures && chance.happens(Self.failingShare)
        let mishap = isFailing ? chance.pick(Mishap.allCases) : nil
        if let mishap, mishap != .slow { failures[name, default: 0] += 1 }
        let patience = Double(request.timeoutSeconds)
        switch mishap {
        case .refused: return (.failure(.notSent("connection refused")), travel)
        case .lostBefore: return (.failure(.noAnswer("no answer")), patience)
        case .serverError: return (.success(HTTPResponse(status: 500)), travel)
        case .lostAfter:
            hear(body, id, host)
            return (.failure(.noAnswer("no answer")), patience)
        case .slow:
            hear(body, id, host)
            return (.success(HTTPResponse(status: 200)), patience * chance.seconds(0.1...0.9))
        case nil:
            hear(body, id, host)
            return (.success(HTTPResponse(status: 204)), travel)
        }
    }

    private mutating func hear(_ body: JSON, _ id: String, _ host: String) {
        guard let record = body["data"]?["id"]?.integer.map({ Int64($0) }) else { return }
        last[host, default: [:]][record] = body["data"]?["values"]
        if !heard[host, default: []].insert(id).inserted { repeats += 1 }
    }

    /// Who has not heard how things are: each record that is there, a sentence each. What was told of somebody cannot
    /// be taken back once he is erased.
    ///
    /// - Throws: `StoreFailure`.
    func untold(_ stage: Stage) throws -> [String] {
        let records = try Seals.open(stage) { session in
            try session.rows("SELECT id, kind, natural_key, parts FROM record WHERE erased_at IS NULL ORDER BY id", [])
                .map { row in
                    (row, try session.personal?.opened(row.json(3)) ?? row.json(3))
                }
        }
        return Self.hosts.flatMap { host in
            records.compactMap { row, parts in
                let name = "\(row.text(1)) \(row.optionalText(2) ?? String(row.integer(0)))"
                guard let told = last[host]?[row.integer(0)] else { return "\(host) never heard of \(name)" }
                let kept = (parts.object ?? [:]).compactMapValues { $0["v"] }.filter { !$0.value.isNull }
                let parts = Set(kept.keys).union((told.object ?? [:]).keys).sorted()
                let wrong = parts.filter { (kept[$0] ?? .null).text != (told[$0] ?? .null).text }
                return wrong.first.map { part in
                    "\(host) last heard that \(part) of \(name) is \(told[part]?.text ?? "nothing"); it is "
                        + (kept[part]?.text ?? "nothing")
                }
            }
        }
    }
}

extension Rehearsal {
    /// Registers those who are told of changes, where the seed has any.
    func registerAudience(at hub: Hub) async throws {
        guard stage.world.withLock({ $0.audience != nil }) else { return }
        for (index, host) in Audience.hosts.enumerated() {
            let wish = try ListenerWish([
                "url": .string("https://\(host)/hook"), "events": ["*"], "secret": "a secret of no one",
                "ordered": .bool(index > 0),
            ])
            _ = try await hub.register(wish, at: nil, by: .hub)
        }
    }

    /// What those who are told of changes have not heard.
    ///
    /// - Throws: `StoreFailure`.
    func unheard() throws -> [Oracle.Breach] {
        guard let audience = stage.world.withLock({ $0.audience }) else { return [] }
        if audience.repeats > 0 { stage.world.withLock { $0.coverage.reached(Audience.toldAgain) } }
        return try (audience.breaches + audience.untold(stage)).map {
            Oracle.Breach(invariant: "I14", words: $0, at: Moment(seconds: 0))
        }
    }
}
