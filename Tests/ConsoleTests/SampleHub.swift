import Alerts
import Commerce
import ConnectorKit
import Console
import Identity
import Ledger
import Queue
import Store
import Synchronization
import Telemetry
import Wire

@testable import Pipeline

/// A hub that shows what it is told to show and remembers what it was handed.
final class SampleHub: HubPort {
    struct Broken: Error {}

    struct State {
        var now = Moment(milliseconds: 1_800_000_000_000)
        /// How far the clock goes on at each look, in seconds.
        var secondsPerLook = 0.0
        var overview: Overview
        var integrations: [Integration] = []
        /// What each call is answered, by the integration's name; `forged` when nothing is said.
        var receptions: [String: Hub.Reception] = [:]
        var received: [(call: WebhookCall, integration: String)] = []
        var isBroken = false
        var jobs: [JobReport] = []
        var batches: [BatchProgress] = []
        var health = HealthReport([])
        var persons: any PersonsPort = NoPersons()
        var alerts: [Alert] = []
        /// What the last verification came to, and those that were asked for.
        var verification: JSON?
        var verifications: [VerifyTerms] = []
        var gauges: [Gauge] = []
        /// Who asks how it is waits for as long as this is not finished.
        var delay: AsyncStream<Void>?
    }

    let state: Mutex<State>
    let identity: any IdentityPort

    init(_ overview: Overview = .empty, identity: any IdentityPort = Nobody()) {
        self.identity = identity
        state = Mutex(State(overview: overview))
    }

    var now: Moment {
        state.withLock { state in
            defer { state.now = state.now.adding(seconds: state.secondsPerLook) }
            return state.now
        }
    }
    var desk: any IntegrationsPort { SampleDesk() }
    var persons: any PersonsPort { state.withLock { $0.persons } }
    let security = SampleSecurity()
    var strangers: any SecurityPort { security }
    var inbox: any InboxPort { SampleInbox() }
    var catalogue: any CataloguePort { NoRecords() }
    var listeners: any ListenersPort { NoListeners() }
    var watch: any WatchPort { SampleWatch(hub: self) }

    func set(_ change: @Sendable (inout State) -> Void) { state.withLock { change(&$0) } }

    func integration(at publicID: String) async throws -> Integration? {
        try await integrations().first { $0.publicID == publicID }
    }

    func integrations() async throws -> [Integration] {
        let (isBroken, integrations) = state.withLock { ($0.isBroken, $0.integrations) }
        if isBroken { throw Broken() }
        return integrations
    }

    func receive(_ call: WebhookCall, for integration: Integration) async -> Hub.Reception {
        state.withLock { state in
            state.received.append((call, integration.name))
            return state.receptions[integration.name] ?? .forged
        }
    }

    func receive(_ call: WebhookCall, connector: String, source: String?) async -> Hub.Reception {
        guard let all = try? await integrations() else { return .unavailable("broken") }
        for integration in all where integration.connector == connector {
            let reception = await receive(call, for: integration)
            guard case .forged = reception else { return reception }
        }
        return .forged
    }

    func jobs(in states: [JobState], limit: Int) async throws -> [JobReport] {
        let (isBroken, jobs) = state.withLock { ($0.isBroken, $0.jobs) }
        if isBroken { throw Broken() }
        return Array(jobs.filter { states.contains($0.state) }.prefix(limit))
    }

    func job(_ id: Int64) async throws -> JobReport? {
        try await jobs(in: JobState.allCases, limit: .max).first { $0.id == id }
    }

    func batches(limit: Int) async throws -> [BatchProgress] {
        let (isBroken, batches) = state.withLock { ($0.isBroken, $0.batches) }
        if isBroken { throw Broken() }
        return Array(batches.prefix(limit))
    }

    func batch(_ id: Int64) async throws -> BatchProgress? {
        try await batches(limit: .max).first { $0.id == id }
    }

    func guardReports() async throws -> [GuardReport] { try await overview(changeLimit: 0, waitingLimit: 0).guarded }

    func why(job id: Int64, to sight: Sight) async throws -> String? {
        try await job(id).map { "limit of \($0.integration): 12 s" }
    }

    func health() async throws -> HealthReport {
        if let delay = state.withLock({ $0.delay }) { for await _ in delay {} }
        let (isBroken, health) = state.withLock { ($0.isBroken, $0.health) }
        if isBroken { throw Broken() }
        return health
    }

    func overview(changeLimit: Int, waitingLimit: Int) async throws -> Overview {
        let (isBroken, overview) = state.withLock { ($0.isBroken, $0.overview) }
        if isBroken { throw Broken() }
        return overview
    }
}

extension Overview {
    static let sampleTime = Moment(milliseconds: 1_800_000_000_000)

    /// Nothing connected, nothing there.
    static var empty: Overview {
        Overview(
            now: sampleTime, integrations: [], records: [:], changes: [], jobs: [:], waiting: [], conflicts: [],
            rejections: [], rejectionCount: 0, holdCount: 0, conflictCount: 0)
    }

    /// A shop and its books on a busy day.
    static var busy: Overview {
        func ago(_ seconds: Double) -> Moment { sampleTime.adding(seconds: -seconds) }
        var overview = empty
        overview.integrations = [
            IntegrationReport(
                id: 1, name: "lakeside", connector: "woocommerce", state: .active, reason: nil, closedUntil: nil,
                linked: [.product: 412, .variant: 96, .customer: 1280, .order: 3021],
                pulledAt: [.product: ago(130), .variant: ago(131), .customer: ago(4000), .order: ago(42)],
                webhooks: "9 active", webhookAddress: "https://hub.example/webhooks/4fd1",
                clockOffsetMilliseconds: -95_000,
                credentials: CredentialStanding(setAt: ago(86_400 * 214), usedAt: ago(42))),
            IntegrationReport(
                id: 2, name: "books", connector: "gnucash", state: .active, reason: "the book is open elsewhere",
                closedUntil: sampleTime.adding(seconds: 240), linked: [.customer: 1280, .order: 3019],
                pulledAt: [.customer: ago(900), .account: ago(900)], webhooks: nil, webhookAddress: nil,
                clockOffsetMilliseconds: nil),
            IntegrationReport(
                id: 3, name: "hill shop", connector: "woocommerce", state: .refused,
                reason: "the shop answered 401: its consumer key is unknown", closedUntil: nil, linked: [:],
                pulledAt: [:], webhooks: nil, webhookAddress: nil, clockOffsetMilliseconds: nil,
                credentials: CredentialStanding(setAt: ago(86_400 * 30), expiresAt: sampleTime.adding(seconds: 3000))),
        ]
        overview.records = [.product: 412, .variant: 96, .customer: 1281, .order: 3021, .category: 24, .account: 63]
        overview.changes = changes(ago)
        overview.jobs = [.available: 3, .running: 1, .retryable: 1, .held: 1, .completed: 12_480]
        overview.waiting = jobs(ago)
        overview.conflicts = [
            ConflictReport(
                id: 77, record: 902, kind: .product, title: "Cinnamon quills, 100 g", part: "price",
                integration: "lakeside",
                base: nil, theirs: ["regular": "1450.00 LKR", "currency": "LKR"],
                ours: ["regular": "1390.00 LKR", "currency": "LKR"], openedAt: ago(7300))
        ]
        overview.conflictCount = 1
        overview.rejections = [
            RejectionReport(
                integration: "lakeside", kind: .product, externalID: "5512",
                reason: "price: \"12,50\" is no amount (a comma stands where only digits and one point may)",
                at: ago(300))
        ]
        overview.rejectionCount = 1
        overview.holdCount = 1
        overview.security = [.forgedSignature: 12, .strangeName: 3]
        overview.keys = keys(ago)
        return overview
    }

    private static func keys(_ ago: (Double) -> Moment) -> [APIKey] {
        func key(_ name: String, _ ends: Moment?, used: Moment?) -> APIKey {
            let secret = IssuedSecret(.apiKey) { Array(repeating: 0x3C, count: $0) }
            var key = APIKey(secret, name: name, permissions: [.see], createdAt: ago(86_400 * 200), expiresAt: ends)
            key.usedAt = used
            return key
        }
        return [
            key("reports", sampleTime.adding(seconds: 86_400 * 11), used: ago(7200)), key("till", nil, used: nil),
        ]
    }

    private static func changes(_ ago: (Double) -> Moment) -> [ChangeReport] {
        func change(
            _ number: Int64, _ seconds: Double, _ kind: RecordKind, _ title: String, _ part: String, _ old: JSON?,
            _ new: JSON?, _ origin: String?, loser: JSON? = nil
        ) -> ChangeReport {
            ChangeReport(
                number: number, at: ago(seconds), record: number, kind: kind, title: title, part: part, old: old,
                new: new, loser: loser, origin: origin, rule: "changed there only")
        }
        return [
            change(
                905, 3, .product, "Ceylon black tea, 250 g", "stock", ["isTracked": true, "quantity": "40"],
                ["isTracked": true, "quantity": "38"], "lakeside"),
            change(904, 42, .order, "Order 10482", "status", "pending", "processing", "lakeside"),
            change(
                903, 44, .order, "Order 10482", "content", nil, ["total": "6250.00 LKR", "number": "10482"],
                "lakeside"),
            change(
                902, 380, .product, "Cinnamon quills, 100 g", "price", ["regular": "1290.00 LKR", "currency": "LKR"],
                ["regular": "1390.00 LKR", "currency": "LKR"], "books", loser: ["regular": "1450.00 LKR"]),
            change(
                901, 5400, .customer, "Nadeesha Perera", "phone", "+94 11 200 0001", "+94 11 200 0002", nil),
        ]
    }

    private static func jobs(_ ago: (Double) -> Moment) -> [JobReport] {
        [
            JobReport(
                id: 31, queue: .deliver, integration: "books", kind: .order, title: "Order 10482", state: .retryable,
                attempt: 2, runAt: sampleTime.adding(seconds: 240), reason: "the book is open elsewhere"),
            JobReport(
                id: 30, queue: .deliver, integration: "books", kind: .order, title: "Order 10477", state: .held,
                attempt: 1, runAt: ago(500),
                reason: "the lines add up to 662.99 LKR, the order says 599.99 LKR; the difference is 63.00 LKR"),
            JobReport(
                id: 29, queue: .fetch, integration: "lakeside", kind: .variant, title: "118/441", state: .running,
                attempt: 1, runAt: ago(1), reason: nil),
        ]
    }
}

extension Integration {
    static func sample(_ id: Int64, _ name: String, _ connector: String) -> Integration {
        Integration(
            id: id, name: name, connector: connector, settings: [], options: IntegrationOptions(),
            publicID: "pub-\(name)", createdAt: Overview.sampleTime)
    }
}
