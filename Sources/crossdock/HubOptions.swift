import ArgumentParser
import ConnectorKit
import Files
import Foundation
import MailCurl
import Pipeline
import Store
import StorePostgres
import Telemetry
import WireHTTP

/// The options every command has that works on a store.
struct HubOptions: ParsableArguments {
    @Option(help: "The folder of the hub's store and key (CROSSDOCK_DATA; else ~/.crossdock).")
    var data: String?

    @Option(help: "The store: a file, sqlite:FILE, or postgres://USER@HOST/DATABASE (CROSSDOCK_STORE).")
    var store: String?

    @Flag(help: "Answer in JSON.")
    var json = false
}

/// The options of a hub that makes backups by itself.
struct BackupOptions: ParsableArguments {
    @Option(help: "The folder where backups are made again and again (CROSSDOCK_BACKUP_DIR).")
    var backupDir: String?
    @Option(help: "How often: hourly, daily, weekly, minutes, or a cron line (CROSSDOCK_BACKUP_EVERY; else daily).")
    var backupEvery: String?
    @Option(help: "How many stay (CROSSDOCK_BACKUP_KEEP; else 14).")
    var backupKeep: Int?
}

/// A hub opened for one command, with what must be closed after it.
struct OpenHub: Sendable {
    let hub: Hub
    /// The same hub for who only looks: its queries are asked of the replica that the environment names, if any.
    let reports: Hub
    let transport: HTTPTransport
    /// The way to whoever is told of changes: by https alone, but for hosts that are allowed.
    let notices: HTTPTransport
    let environment: HubEnvironment
    let folder: String
    /// The master key, and those from before that are still given.
    let key: [UInt8]
    let olderKeys: [[UInt8]]
    let masters: MasterKeys
    private let surroundings: ConnectorSurroundings
    private let replica: ReplicatedStore?

    /// How many threads books and other files may block at the same time.
    static let blockingThreads = 2

    /// Opens the store a command names.
    ///
    /// `renewsMasterKey`: a new master key is made where there is none beside the old one, and seals from now on.
    ///
    /// - Throws: `Refusal`, `StoreFailure`, `Vault.Failure`.
    init(
        _ options: HubOptions, publicURL: String? = nil, allowedHosts: [String] = [], bookFolders: [String] = [],
        readReplica: String? = nil, renewsMasterKey: Bool = false, reach: HubReach = .unknown
    ) throws {
        let environment = try HubEnvironment()
        try LogSettings.bootstrap(environment)
        self.environment = environment
        let place = try StorePlace(options, environment)
        folder = place.folder
        var keys = try MasterKeys(environment, folder: place.folder)
        try keys.look(at: place)
        if renewsMasterKey {
            try keys.prepareNew()
            keys.prefersNew = true
        }
        let all = try keys.all()
        (masters, key, olderKeys) = (keys, all[0], Array(all.dropFirst()))
        let allowed = try environment.value(["CROSSDOCK_ALLOW_PRIVATE_HOSTS"]) ?? ""
        let hosts = allowed.split(whereSeparator: { ", ".contains($0) }).map(String.init) + allowedHosts
        transport = HTTPTransport(version: Version.text, allowedPrivateHosts: hosts)
        notices = HTTPTransport(version: Version.text, allowedPrivateHosts: hosts, requiresTLS: true)
        let url = try publicURL ?? environment.value(["CROSSDOCK_PUBLIC_URL", "API_BASE_URL"])
        if let url, HTTPAddress(url) == nil {
            throw Refusal("the public address \"\(url)\" is not an http or https address")
        }
        surroundings = ConnectorSurroundings(
            transport: transport, now: Self.systemNow, random: Self.systemRandom,
            blocking: BlockingThreads(count: Self.blockingThreads),
            folders: try BookFolders.named(environment, beside: place.folder) + bookFolders)
        let (surroundings, vault, given) = (surroundings, Vault(bytes: key).adding(olderKeys), keys)
        let mailer = try MailSettings.server(environment).map { CurlMailer($0, blocking: BlockingThreads(count: 1)) }
        let way = NoticeWay(transport: notices, mailer: mailer, problem: notices.problem)
        func made(on store: any Store) -> Hub {
            Hub(
                store: store, connectors: Registry.connectors, surroundings: surroundings, vault: vault,
                masters: given.all, publicURL: url, logger: Logger(label: "crossdock"),
                now: { store.sharedNow ?? Self.systemNow() }, noticeWay: way, reach: reach)
        }
        var named: PostgresAddress?
        if case .server = place.kind { named = try StorePlace.replica(readReplica, of: place, environment) }
        hub = made(on: try place.open(Hub.migrations))
        replica = named.map { [hub] in ReplicatedStore(hub.store, PostgresReplica($0), now: Self.systemNow) }
        reports = replica.map { made(on: $0) } ?? hub
    }

    /// Closes the store and the connections.
    func close() async {
        await replica?.close()
        await hub.store.close()
        await transport.shutdown()
        await notices.shutdown()
    }

    /// The time of this machine.
    static let systemNow: @Sendable () -> Moment = { Moment(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    /// Random bytes of this machine.
    static let systemRandom: @Sendable (Int) -> [UInt8] = { count in
        [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
            // The kernel is asked once, and not for each word.
            if let start = bytes.baseAddress { arc4random_buf(start, count) }
            filled = count
        }
    }
}

/// The key that seals credentials.
enum HubKey {
    /// The key that is given, or the one beside the store; one is made, and said so, when there is none.
    static func bytes(given: String?, folder: String) throws -> [UInt8] {
        if let given {
            return try Vault.keyBytes(given)
        }
        let path = folder + "/crossdock.key"
        if let data = FileManager.default.contents(atPath: path) {
            guard data.count == 32 else { throw Refusal("\(path) must hold 32 bytes; it holds \(data.count)") }
            return Array(data)
        }
        let bytes = OpenHub.systemRandom(32)
        guard try make(bytes, at: path) else { return try Self.bytes(given: nil, folder: folder) }
        Terminal.note("made an encryption key: \(path) (mode 0600). Keep a copy: without it no credential can be read.")
        return bytes
    }

    /// Makes the file whole or not at all, and never over another; false when another process was first.
    static func make(_ bytes: [UInt8], at path: String) throws -> Bool {
        do throws(FileFailure) {
            let file = try NewFile(path)
            try file.write(bytes)
            return try file.putIfNone()
        } catch {
            throw Refusal("the key file \(error)")
        }
    }
}

/// How much is logged.
enum LogSettings {
    static func bootstrap(_ environment: HubEnvironment) throws {
        var word = try environment.value(["CROSSDOCK_LOG_LEVEL"]) ?? environment.value(["LOG_LEVEL"]) ?? "info"
        if try environment.value(["INTEGRATION_DEBUG"]) == "true" { word = "debug" }
        guard let level = Telemetry.level(named: word) else {
            throw Refusal(
                "the log level \"\(word)\" is none of trace, debug (verbose), info, notice, warning, error, critical")
        }
        let look = try environment.value(["CROSSDOCK_LOG_FORMAT", "LOG_FORMAT"]) ?? "text"
        guard let format = LogFormat(rawValue: look.lowercased()) else {
            throw Refusal("the log format \"\(look)\" is neither text nor json")
        }
        Telemetry.bootstrap(level: level, format: format)
        Telemetry.bootstrapMeters()
    }
}
