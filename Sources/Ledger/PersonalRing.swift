import Store
import Synchronization
import Wire

/// The keys of persons as one process knows them: opened ones, kept for a short time, because another process may
/// destroy them.
public final class PersonalRing: Sendable {
    /// A key that was asked for.
    enum Held: Sendable {
        case alive(PersonKey)
        /// Destroyed, or never there.
        case gone
    }

    private struct State {
        /// Nil: nobody has looked yet.
        var isOn: Bool?
        var keys: [Int64: Held] = [:]
        var since = Moment(milliseconds: 0)
    }

    /// How long a process goes by what it knows of a key, in seconds, and of how many.
    static let keptSeconds = 60.0
    static let most = 20_000

    private let state = Mutex(State())
    private let vaultNow: @Sendable () -> Vault
    private let relearn: @Sendable (any StoreSession) throws -> Void

    /// A ring. `vault` seals the keys; `relearn` has it read its own keys anew.
    public init(
        vault: @escaping @Sendable () -> Vault, relearn: @escaping @Sendable (any StoreSession) throws -> Void
    ) {
        vaultNow = vault
        self.relearn = relearn
    }

    /// Whether values are sealed here.
    public var isOn: Bool { state.withLock { $0.isOn ?? false } }

    /// Whether that is known, or was only not looked for yet.
    var isKnown: Bool { state.withLock { $0.isOn != nil } }

    var vault: Vault { vaultNow() }

    /// It is known from now on whether values are sealed here.
    public func learn(_ isOn: Bool) { state.withLock { $0.isOn = isOn } }

    func held(_ id: Int64) -> Held? { state.withLock { $0.keys[id] } }

    func hold(_ keys: [Int64: Held], now: Moment) {
        state.withLock { state in
            if state.keys.count + keys.count > Self.most || now.seconds(since: state.since) > Self.keptSeconds {
                state.keys = [:]
                state.since = now
            }
            state.keys.merge(keys) { $1 }
            if !keys.isEmpty { state.isOn = true }
        }
    }

    /// Forgets what is older than it may be.
    func age(to now: Moment) {
        state.withLock { state in
            guard now.seconds(since: state.since) > Self.keptSeconds else { return }
            state.keys = [:]
            state.since = now
        }
    }

    /// Forgets all keys.
    public func forget() { state.withLock { $0.keys = [:] } }

    /// The context in which a key is sealed.
    public static func context(_ organization: Int64, _ id: Int64) -> String { "person \(organization) \(id)" }

    /// A key as it lies in the store; it may be sealed with a data key that this process does not know yet.
    func open(
        _ sealed: [UInt8], _ organization: Int64, _ id: Int64, _ session: any StoreSession
    ) throws -> PersonKey {
        if !vault.hasKey(of: sealed) { try relearn(session) }
        return PersonKey(bytes: try vault.open(sealed, context: Self.context(organization, id)))
    }
}
