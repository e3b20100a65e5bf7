import ArgumentParser
import Commerce
import Console
import Foundation
import Pipeline
import Telemetry
import Wire
import WireHTTP

/// `crossdock serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the hub: pages, webhooks, schedules and workers.")

    @Option(help: "The port (PORT; else 8008).")
    var port: Int?
    @Option(help: "The address to listen on.")
    var bind = "127.0.0.1"
    @Option(help: "The hub's public address, which vendors call (CROSSDOCK_PUBLIC_URL, API_BASE_URL).")
    var publicURL: String?
    @Option(help: "What this process does: all, api (pages and webhooks) or worker (schedules and deliveries).")
    var role = HubRole.all
    @OptionGroup var door: DoorOptions
    @Flag(help: "Show the page without a token; only on a loopback address.")
    var openOnLoopback = false
    @Option(help: "A standby of the store that pages and lists are read from (CROSSDOCK_READ_REPLICA).")
    var readReplica: String?
    @OptionGroup var log: LogOptions
    @OptionGroup var backups: BackupOptions
    @OptionGroup var options: HubOptions

    static let usualPort = 8008

    func run() async throws {
        try await Terminal.run {
            guard !openOnLoopback || LoopbackHost.isOne(bind) else {
                throw Refusal(
                    "--open-on-loopback shows everything to whoever asks; it needs a loopback --bind, not \(bind)")
            }
            // What is given is looked at before anything is made.
            let environment = try HubEnvironment()
            let door = try Door(door, bind: bind, environment)
            let port = try PortNumber.wished(port, environment)
            let terms = try WatchSettings.terms(environment, decides: role != .api)
            try log.open(environment)
            let open = try OpenHub(
                options, publicURL: publicURL, readReplica: readReplica, reach: role == .worker ? .unknown : door.reach)
            let watch = Watch(open.hub, terms)
            try await open.hub.checkKey()
            if terms.decides { try await open.hub.keep(terms.told) }
            let settings = try BackupSettings(backups, open.environment, role: role)
            let place = try StorePlace(options, open.environment)
            _ = try StorePlace.replica(readReplica, of: place, open.environment)
            if options.store != nil, case .server(let address) = place.kind, address.hasPassword {
                Terminal.note(
                    "the password in --store is seen by whoever lists this machine's processes; put it into a file "
                        + "and name that in CROSSDOCK_STORE_PASSWORD_FILE")
            }
            let rounds = settings.map { BackupRounds(open: open, place: place, settings: $0) }
            if role == .worker {
                Terminal.note("crossdock \(Version.text) works - stop with Ctrl-C")
                await HubService.work(open, rounds, watch)
            } else {
                let service = try await HubService(
                    open, door: door, port: port, openOnLoopback: openOnLoopback, role: role, backups: rounds,
                    watch: watch)
                try await service.run {
                    Terminal.note(
                        "crossdock \(Version.text) listens on \(door.scheme)://\(bind):\($0) - stop with Ctrl-C")
                }
            }
            await open.close()
        }
    }
}

/// What one process of a hub does.
enum HubRole: String, ExpressibleByArgument, CaseIterable, Sendable {
    case all
    /// Pages, the API and webhooks: what comes in is stored and answered.
    case api
    /// Schedules, reads and deliveries; it listens on no port.
    case worker
}

/// A port somebody asked for.
enum PortNumber {
    /// The port that was asked for, or the one the environment names, or the usual one.
    static func wished(_ port: Int?, _ environment: HubEnvironment) throws -> Int {
        if let port { return try checked(port, "--port \(port)") }
        guard let text = try environment.value(["CROSSDOCK_PORT", "PORT"]) else { return ServeCommand.usualPort }
        return try checked(Int(text), "PORT \"\(text)\"")
    }

    /// The port, from 0 (a free one) on.
    static func checked(_ port: Int?, _ word: String) throws -> Int {
        guard let port, (0...65_535).contains(port) else {
            throw Refusal("\(word) is no port; a port is a number from 0 to 65535")
        }
        return port
    }
}

/// The parts of a running hub: server, engine and live pages, until a signal ends them.
struct HubService: Sendable {
    private let open: OpenHub
    private let console: Console
    private let door: Door
    private let port: Int
    private let role: HubRole
    private let backups: BackupRounds?
    private let watch: Watch?
    /// The name of the organization a hub serves.
    static let organization = "default"

    init(
        _ open: OpenHub, door: Door, port: Int, openOnLoopback: Bool, role: HubRole = .all,
        backups: BackupRounds? = nil, watch: Watch? = nil
    ) async throws {
        self.open = open
        self.watch = watch
        self.backups = backups
        self.role = role
        self.door = door
        self.port = port
        let tokens = try await TokenKey.tokens(open)
        var options = Console.Options(
            version: Version.text, organization: Self.organization, openOnLoopback: openOnLoopback,
            isBehindTLS: door.tls != nil || open.hub.publicURL?.hasPrefix("https:") ?? false)
        if let word = try open.environment.value(["CROSSDOCK_ENVIRONMENT", "NODE_ENV"]) { options.environment = word }
        console = try Console(
            hub: ReportingHub(hub: open.hub, reports: open.reports), tokens: tokens, options: options,
            random: OpenHub.systemRandom)
    }

    /// Runs until SIGINT, SIGTERM or cancellation; then ends what is under way. `whenReady` is told the port.
    func run(_ whenReady: @escaping @Sendable (Int) async -> Void) async throws {
        let server = HTTPServer(
            host: door.bind, port: port, tls: door.tls, proxies: door.proxies, onBound: whenReady
        ) { await console.respond(to: $0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { await console.run() }
            if role == .all { group.addTask { await Engine(open.hub).run() } }
            if let backups { group.addTask { await backups.run() } }
            if let watch { group.addTask { await watch.run() } }
            group.addTask { await Interruption.eachHangUp { Self.hangUp(door.tls) } }
            group.addTask { await Interruption.wait() }
            _ = try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Works without a server until SIGINT, SIGTERM or cancellation.
    static func work(_ open: OpenHub, _ backups: BackupRounds?, _ watch: Watch) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await Engine(open.hub).run() }
            if let backups { group.addTask { await backups.run() } }
            group.addTask { await watch.run() }
            group.addTask { await Interruption.eachHangUp { hangUp(nil) } }
            group.addTask { await Interruption.wait() }
            _ = await group.next()
            group.cancelAll()
        }
    }

    /// What SIGHUP asks for: files that were changed from outside are looked at again.
    private static func hangUp(_ tls: ServerTLS?) {
        LogDesk.shared.reopen()
        if let tls { Door.reload(tls) }
    }
}

/// The key that signs tokens: given, or derived from the store's key.
enum TokenKey {
    static func tokens(_ open: OpenHub) async throws -> Tokens {
        if let secret = try open.environment.value(["CROSSDOCK_JWT_SECRET", "JWT_SECRET"]) {
            do {
                return try await Tokens(key: Array(secret.utf8))
            } catch {
                throw Refusal(error.description)
            }
        }
        // A token that another key than the store's has signed would open nothing.
        try await open.hub.checkKey()
        let masters = open.masters
        return try await Tokens(key: derived(open.key), older: open.olderKeys.map(derived)) {
            try masters.all().map(derived)
        }
    }

    private static func derived(_ key: [UInt8]) -> [UInt8] {
        Signature.hmacSHA256(Array("crossdock tokens".utf8), key: key)
    }
}

/// Waits for the signals that ask a program to stop.
enum Interruption {
    /// Returns at the first.
    static func wait() async {
        await listen(for: [SIGINT, SIGTERM]) { false }
    }

    /// Does something at each SIGHUP, until cancelled.
    static func eachHangUp(_ work: @escaping @Sendable () -> Void) async {
        await listen(for: [SIGHUP]) {
            work()
            return true
        }
    }

    /// Goes on for as long as the work says so.
    private static func listen(for numbers: [Int32], _ work: () -> Bool) async {
        let (signals, arrived) = AsyncStream<Void>.makeStream()
        let sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { arrived.yield() }
            source.resume()
            return source
        }
        for await _ in signals where !work() { break }
        sources.forEach { $0.cancel() }
    }
}
