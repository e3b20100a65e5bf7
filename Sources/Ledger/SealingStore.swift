import Store

/// A store whose steps seal the values of persons and open them again. It adds nothing where nothing is sealed.
public struct SealingStore: Store {
    /// The store itself.
    public let base: any Store
    private let ring: PersonalRing
    private let organization: Int64
    private let now: @Sendable () -> Moment
    private let random: @Sendable (Int) -> [UInt8]

    /// The store of one organization, with the keys of its persons.
    public init(
        _ base: any Store, ring: PersonalRing, organization: Int64, now: @escaping @Sendable () -> Moment,
        random: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.base = base
        self.ring = ring
        self.organization = organization
        self.now = now
        self.random = random
    }

    private func with(_ base: any Store) -> SealingStore {
        SealingStore(base, ring: ring, organization: organization, now: now, random: random)
    }

    /// What new keys are made of is drawn before the step, so that it is the same when the step is run again.
    private func setting() -> StepSeals.Setting {
        guard ring.isOn else { return StepSeals.Setting(ring: ring, organization: organization) }
        let now = now()
        ring.age(to: now)
        return StepSeals.Setting(ring: ring, organization: organization, seed: random(32), now: now)
    }

    /// As the store's.
    ///
    /// - Throws: as the store's.
    public func write<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        do {
            let setting = setting()
            return try await base.write(priority) { try step(SealingSession($0, setting)) }
        } catch is StepSeals.NeedsSeed {
            let setting = setting()
            return try await base.write(priority) { try step(SealingSession($0, setting)) }
        }
    }

    /// As the store's.
    ///
    /// - Throws: as the store's.
    public func write<Value: Sendable>(
        _ priority: StepPriority, opening: Opening,
        _ step: @escaping @Sendable (any StoreSession, Int) throws -> Value
    ) async throws -> Value {
        do {
            let setting = setting()
            return try await base.write(priority, opening: opening) { try step(SealingSession($0, setting), $1) }
        } catch is StepSeals.NeedsSeed {
            let setting = setting()
            return try await base.write(priority, opening: opening) { try step(SealingSession($0, setting), $1) }
        }
    }

    /// As the store's.
    ///
    /// - Throws: as the store's.
    public func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        let setting = StepSeals.Setting(ring: ring, organization: organization)
        if ring.isOn { ring.age(to: now()) }
        return try await base.read { try query(SealingSession($0, setting)) }
    }

    /// As the store's.
    public func of(_ organization: Int64) -> any Store { with(base.of(organization)) }
    /// As the store's.
    public var freely: any Store { with(base.freely) }
    /// As the store's.
    public var isShared: Bool { base.isShared }
    /// As the store's.
    public var dialect: StoreDialect { base.dialect }
    /// As the store's.
    public var sharedNow: Moment? { base.sharedNow }
    /// As the store's.
    public func listen(_ wake: @escaping @Sendable () -> Void) { base.listen(wake) }

    /// As the store's.
    ///
    /// - Throws: as the store's.
    public func vitals(now: @escaping @Sendable () -> Moment) async throws -> StoreVitals {
        try await base.vitals(now: now)
    }

    /// As the store's.
    ///
    /// - Throws: as the store's.
    public func slice(_ table: TimeSlices, now: Moment, keepFrom: Moment?) async throws -> [String] {
        try await base.slice(table, now: now, keepFrom: keepFrom)
    }

    /// As the store's.
    ///
    /// - Throws: as the store's.
    public func tidy(isThorough: Bool) async throws -> [String] { try await base.tidy(isThorough: isThorough) }

    /// As the store's.
    public func close() async { await base.close() }
}

/// A session of a step that seals. Lives on the store's thread, as the session beneath it.
private final class SealingSession: StoreSession {
    private let base: any StoreSession
    private let setting: StepSeals.Setting
    private lazy var seals = StepSeals(base, setting)

    init(_ base: any StoreSession, _ setting: StepSeals.Setting) {
        self.base = base
        self.setting = setting
    }

    var personal: (any PersonalSeals)? { seals }

    func rows(_ sql: String, _ values: [SQLValue]) throws -> [Row] { try base.rows(sql, values) }
    func run(_ sql: String, _ values: [SQLValue]) throws -> Int { try base.run(sql, values) }
    func runEach(_ sql: String, _ rows: [[SQLValue]]) throws -> [Int] { try base.runEach(sql, rows) }
    func answers(to asked: [Asked]) throws -> [[Row]] { try base.answers(to: asked) }
    func tell(_ sql: String, _ values: [SQLValue]) throws { try base.tell(sql, values) }
    func afterCommit(_ effect: @escaping @Sendable () -> Void) { base.afterCommit(effect) }
    func save(_ rows: [[SQLValue]], as upsert: Upsert) throws { try base.save(rows, as: upsert) }

    var watch: StatementWatch? { base.watch }
    var prefersSets: Bool { base.prefersSets }
    var lowMarks: LowMarks? { base.lowMarks }
    var hasTurn: Bool { base.hasTurn }
    var emptied: [LowMarks.Line: Int] {
        get { base.emptied }
        set { base.emptied = newValue }
    }
}
