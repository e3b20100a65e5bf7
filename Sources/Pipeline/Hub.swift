import Alerts
import Audit
import Backup
import ConnectorKit
import Foundation
import Grants
import Identity
import Intake
import Ledger
import Notices
import Queue
import Reconcile
import Repeats
import Store
import Synchronization
import Telemetry

/// The hub of one organization: what it stands on, and the six verbs that carry a record along the one path.
///
///     arrives        is understood     is compared      is written     is announced      is delivered
///     receive   ->   understand   ->   absorb (Reconcile, Ledger, Announce: one transaction)   ->   deliver
///
/// Every verb loads, decides and saves in steps; what waits for the outside world stands between two steps.
public final class Hub: Sendable {
    /// Where it remembers.
    public let store: any Store
    /// Where ids come from.
    public let ids: IDPool
    /// Whose records these are.
    public let organization: Int64
    let registry: [String: any ConnectorType.Type]
    let surroundings: ConnectorSurroundings
    private let time: @Sendable () -> Moment
    let keyRing: KeyRing
    let personalRing: PersonalRing
    let logger: Logger
    /// By what its waits are measured.
    let clock: any Clock<Duration>
    let machineClock: MachineClock
    /// This process's name as an owner of leases.
    let owner: String
    let addressBook = AddressBook()
    /// Rung when there may be new work.
    let bell = Bell()
    let scheduleDuty = HeldDuty()
    let passwords = PasswordDesk()
    let passwordCost: PasswordCost
    let strangeNames = StrangeNames()
    let security = SecurityTally()
    let doorLimits = RequestLimits()
    let noticeWay: NoticeWay
    private let connectors = Mutex<[Int64: Made]>([:])
    /// The peers that were made, each with the integration as it was then.
    private let peersMade = Mutex<[Int64: (integration: Integration, peer: Peer)]>([:])
    /// The jobs this process's workers are at work on.
    let inHand = Mutex<Set<Int64>>([])

    /// The hub's public address, for the vendors' calls; nil when nobody outside can reach it.
    public let publicURL: String?

    /// From where this hub can be reached.
    let reach: HubReach

    /// What was made of an integration's settings. Each call asks for some of it: it is not copied for that.
    private final class Made: Sendable {
        let settings: [UInt8]
        let connector: Connector
        let ear: LimitEar
        let door: DoorRules
        let receiver: (any WebhookReceiver)?

        init(
            settings: [UInt8], connector: Connector, ear: LimitEar, door: DoorRules, receiver: (any WebhookReceiver)?
        ) {
            (self.settings, self.connector, self.ear) = (settings, connector, ear)
            (self.door, self.receiver) = (door, receiver)
        }
    }

    /// All migrations, in the order of their names.
    public static let migrations =
        [IDPool.migration] + LedgerMigrations.all + QueueMigrations.all + IntakeMigrations.all + BackupTable.migrations
        + AuditTable.migrations + IdentityTable.migrations + RepeatTable.migrations + SecurityTable.migrations
        + NoticeMigrations.all + AlertTable.migrations + GrantTable.migrations

    /// A hub on a store. Reaches nothing.
    ///
    /// `masters` gives the master keys as they are now, the current one first; nil: that of `vault`, for ever. `now`:
    /// the clock of all hubs on this store; nil: that of the surroundings. `passwordCost`: how much work it is to try a
    /// password. `noticeWay`: the way to whoever is told of changes; nil: that of the surroundings, by https alone.
    public init(
        store: any Store, organization: Int64 = 1, connectors types: [any ConnectorType.Type],
        surroundings: ConnectorSurroundings, vault: Vault,
        masters: (@Sendable () throws -> [[UInt8]])? = nil, publicURL: String? = nil, logger: Logger,
        clock: any Clock<Duration> = ContinuousClock(), now: (@Sendable () -> Moment)? = nil,
        passwordCost: PasswordCost = .standard, noticeWay: NoticeWay? = nil, reach: HubReach = .unknown
    ) {
        let ring = KeyRing(vault, masters: masters)
        let personalRing = PersonalRing(vault: { ring.vault }) { session in
            try ring.hold(LedgerTable(session, organization: organization).dataKeys())
        }
        self.store = SealingStore(
            store.of(organization), ring: personalRing, organization: organization, now: now ?? surroundings.now,
            random: surroundings.random)
        (keyRing, self.personalRing) = (ring, personalRing)
        ids = IDPool(self.store)
        self.organization = organization
        registry = Dictionary(types.map { ($0.card.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.surroundings = surroundings
        self.publicURL = publicURL
        self.reach = reach.narrowed(by: publicURL)
        self.logger = logger
        self.clock = clock
        self.passwordCost = passwordCost
        self.noticeWay = noticeWay ?? .plain(surroundings.transport)
        time = now ?? surroundings.now
        machineClock = MachineClock(wall: time(), beside: clock)
        owner = Signature.hex(surroundings.random(8))
    }

    /// The clock that leases, limits and all that is due go by. Far sides are spoken to by that of the surroundings.
    public var now: Moment { time() }

    /// The connectors that can be connected, by name.
    public var cards: [Card] { registry.values.map { $0.card }.sorted { $0.name < $1.name } }

    // MARK: Integrations as the steps need them

    /// The connector of an integration, made from its settings once and kept until they change.
    ///
    /// - Throws: `HubError` when its settings cannot be opened or its connector does not exist.
    func connector(of integration: Integration) throws(HubError) -> Connector { try made(of: integration).connector }

    private func made(of integration: Integration) throws(HubError) -> Made {
        if let made = connectors.withLock({ $0[integration.id] }), made.settings == integration.settings { return made }
        guard let type = registry[integration.connector] else {
            throw HubError("\(integration.name): there is no connector named \(integration.connector)")
        }
        let ear = LimitEar(
            surroundings.transport, clock: surroundings.now, meters: CallMeters(integration.connector))
        var surroundings = surroundings
        surroundings.transport = ear
        let connector: Connector
        let door: DoorRules
        do {
            let json = try JSON(parsing: vault.open(integration.settings, context: integration.publicID))
            let settings = try Settings(json, by: type.card.settings, of: integration.name)
            if let terms = type.authorization(settings) {
                surroundings.transport = GrantedWay(
                    hub: self, integration: integration, terms: terms, transport: ear)
            }
            connector = try type.make(settings, surroundings)
            door = try DoorRules(settings)
        } catch {
            throw HubError("\(integration.name): \(error)")
        }
        let made = Made(
            settings: integration.settings, connector: connector, ear: ear, door: door,
            receiver: receiver(of: connector, door))
        connectors.withLock { $0[integration.id] = made }
        return made
    }

    /// Who may call an integration, and how often.
    ///
    /// - Throws: `HubError` as `connector(of:)`.
    func door(of integration: Integration) throws(HubError) -> DoorRules { try made(of: integration).door }

    /// What proves and reads the calls to an integration; nil where it takes none.
    ///
    /// - Throws: `HubError` as `connector(of:)`.
    func receiver(of integration: Integration) throws(HubError) -> (any WebhookReceiver)? {
        try made(of: integration).receiver
    }

    /// The vendor's calls, and where there is a secret for them those in the hub's own words.
    func receiver(of connector: Connector, _ door: DoorRules) -> (any WebhookReceiver)? {
        guard door.scheme != nil || door.takesKeys else { return connector.webhooks }
        return OwnCalls(door.scheme, beside: connector, now: time)
    }

    /// What hears the answers of an integration; nil before it was called for the first time.
    func ear(of integration: Integration) -> LimitEar? { connectors.withLock { $0[integration.id]?.ear } }

    /// What travels between the hub and an integration.
    ///
    /// - Throws: `HubError` as `connector(of:)`.
    func peer(_ integration: Integration) throws(HubError) -> Peer {
        if let made = peersMade.withLock({ $0[integration.id] }), made.integration == integration { return made.peer }
        let connector = try connector(of: integration)
        let kinds = connector.kinds ?? registry[integration.connector]?.card.kinds ?? []
        let peer = Peer(
            id: integration.id, name: integration.name, isActive: integration.state == .active, kinds: kinds,
            directions: integration.options.directionsByKind)
        peersMade.withLock { $0[integration.id] = (integration, peer) }
        return peer
    }

    /// All peers that can be made; one whose settings are broken is left out and said so in the log.
    func peers(_ integrations: [Integration]) -> [Peer] {
        integrations.compactMap { integration in
            do {
                return try peer(integration)
            } catch {
                logger.warning("\(error)", metadata: ["integration": "\(integration.name)"])
                return nil
            }
        }
    }

    /// What decides when an integration's drafts are merged.
    func rules(_ integration: Integration, _ peer: Peer, all: [Integration]) -> MergeRules {
        var rules = MergeRules(
            takes: Dictionary(uniqueKeysWithValues: peer.kinds.map { ($0, peer.takes($0)) }),
            matched: peer.kinds.filter { peer.matches($0) }, issued: peer.kinds.filter { peer.issues($0) })
        rules.policies = integration.options.rules(integration: integration, all: all)
        rules.guardTerms = integration.options.guardTerms
        rules.orderStock = peer.orderStock
        rules.readsOrders = readsOrders(integration, peer)
        rules.connectedAt = integration.createdAt
        if let targets = try? connector(of: integration).targets {
            rules.normalForm = { kind, part, value in targets[kind]?.normalForm(of: part, value) ?? value }
        }
        return rules
    }

    /// The integration of that name.
    ///
    /// - Throws: `HubError` naming those there are.
    public func integration(named name: String) async throws -> Integration {
        let all = try await integrations()
        if let found = all.first(where: { $0.name == name || $0.publicID == name || String($0.id) == name }) {
            return found
        }
        let known = all.map(\.name).joined(separator: ", ")
        throw HubError(
            "there is no integration named \"\(name)\"; "
                + (known.isEmpty ? "none is connected yet (crossdock connect)" : "there are: \(known)"))
    }

    /// All integrations, by name.
    ///
    /// - Throws: `StoreFailure`.
    public func integrations() async throws -> [Integration] {
        let organization = organization
        let all = try await store.read { try LedgerTable($0, organization: organization).integrations() }
        // Another process may have sealed with a key that is newer than what this one knows.
        if !all.allSatisfy(canOpen) { try await refreshKeys() }
        return all
    }
}

/// Something an operator asked for that cannot be done, in a sentence.
public struct HubError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) { self.description = description }
}
