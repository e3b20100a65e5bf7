// swift-tools-version: 6.1
import PackageDescription

// The rows of the house: a target may use any row beneath it, never its own row or one above.
// `House.targets` refuses an arrow that points up or sideways, so a wrong dependency fails before anything is built.
//
// CROSSDOCK_ONLY=Name,Name narrows the package to these targets and what they stand on, for a quick build of one part.

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")

/// One room of the house: a target, the row it stands in, the rooms and packages it uses.
struct Room {
    var name: String
    var row: Int
    var path: String
    var uses: [String] = []
    var packages: [Target.Dependency] = []
    var resources: [Resource] = []
    var isExecutable = false
    var linked: [LinkerSetting] = []
}

let rooms: [Room] = [
    Room(name: "Commerce", row: 0, path: "Sources/Commerce"),
    Room(name: "Telemetry", row: 0, path: "Sources/Telemetry", packages: [logging, metrics]),
    Room(name: "Files", row: 0, path: "Sources/Files"),
    Room(name: "SeededRandom", row: 0, path: "Sources/SeededRandom"),
    Room(name: "Wire", row: 1, path: "Sources/Wire", uses: ["Commerce"], packages: [crypto]),
    Room(name: "Mail", row: 2, path: "Sources/Mail", uses: ["Commerce"]),
    Room(name: "Reconcile", row: 2, path: "Sources/Reconcile", uses: ["Commerce"]),
    Room(name: "Mapping", row: 2, path: "Sources/Mapping", uses: ["Commerce", "Wire"]),
    Room(
        name: "Store", row: 2, path: "Sources/Store", uses: ["Commerce", "Telemetry", "CSQLiteSetup"],
        packages: [grdb, sqlite, metrics]),
    Room(
        name: "WireHTTP", row: 2, path: "Sources/WireHTTP", uses: ["Wire", "Telemetry"],
        packages: [hummingbird, asyncHTTPClient]),
    Room(
        name: "StorePostgres", row: 3, path: "Sources/StorePostgres", uses: ["Commerce", "Store", "CPostgres"]),
    Room(name: "MailCurl", row: 3, path: "Sources/MailCurl", uses: ["Wire", "Mail", "CCurl"]),
    Room(
        name: "Backup", row: 3, path: "Sources/Backup", uses: ["Commerce", "Files", "Wire", "Store"],
        packages: [crypto]),
    Room(
        name: "Identity", row: 3, path: "Sources/Identity", uses: ["Commerce", "Wire", "Store"],
        packages: [crypto, cryptoExtras, metrics]),
    Room(name: "Audit", row: 3, path: "Sources/Audit", uses: ["Commerce", "Wire", "Store"]),
    Room(name: "Alerts", row: 3, path: "Sources/Alerts", uses: ["Commerce", "Store"]),
    Room(name: "Grants", row: 3, path: "Sources/Grants", uses: ["Commerce", "Wire", "Store"]),
    Room(name: "Repeats", row: 3, path: "Sources/Repeats", uses: ["Commerce", "Wire", "Store"]),
    Room(name: "Notices", row: 3, path: "Sources/Notices", uses: ["Commerce", "Wire", "Store"]),
    Room(name: "ConnectorKit", row: 3, path: "Sources/ConnectorKit", uses: ["Commerce", "Wire", "Mapping"]),
    Room(name: "Ledger", row: 3, path: "Sources/Ledger", uses: ["Commerce", "Wire", "Reconcile", "Store"]),
    Room(
        name: "Queue", row: 3, path: "Sources/Queue", uses: ["Commerce", "Telemetry", "Store"], packages: [metrics]),
    Room(
        name: "Intake", row: 4, path: "Sources/Intake",
        uses: ["Commerce", "Wire", "Store", "Queue", "ConnectorKit"]),
    Room(
        name: "Announce", row: 4, path: "Sources/Announce",
        uses: ["Commerce", "Reconcile", "Ledger", "Queue", "ConnectorKit"]),
    Room(
        name: "Deliver", row: 4, path: "Sources/Deliver",
        uses: ["Commerce", "Wire", "Reconcile", "Store", "Ledger", "Queue", "ConnectorKit"]),
    Room(name: "Sandbox", row: 4, path: "Sources/Sandbox", uses: ["Commerce", "SeededRandom", "Wire"]),
    Room(name: "TestKit", row: 4, path: "Sources/TestKit", uses: ["Commerce", "Wire", "ConnectorKit"]),
    Room(
        name: "Pipeline", row: 5, path: "Sources/Pipeline",
        uses: [
            "Commerce", "Telemetry", "Wire", "Mail", "Reconcile", "Store", "Backup", "Alerts", "Audit", "Identity",
            "Repeats", "Notices", "Grants",
            "Ledger", "Queue", "ConnectorKit", "Intake", "Announce", "Deliver",
        ],
        packages: [logging, metrics]),
    Room(
        name: "Console", row: 6, path: "Sources/Console",
        uses: [
            "Commerce", "Telemetry", "Wire", "Store", "Alerts", "Audit", "Identity", "Repeats", "Notices", "Ledger",
            "Queue",
            "ConnectorKit", "Intake", "Pipeline",
        ],
        packages: [mustache, jwt, metrics], resources: [.copy("Templates"), .copy("Assets")]),
]

/// The vendors. One line each; `make connector NAME=X` adds one.
let connectors: [Room] = [
    Room(
        name: "GnuCashBook", row: 2, path: "Connectors/GnuCash/Book", uses: ["CZlib", "Files", "SeededRandom"],
        packages: [grdb]),
    connector("GnuCash", uses: ["GnuCashBook"]),
    connector("Custom"),
    connector("WooCommerce"),
]

/// A vendor may use the contract and the words beneath it, and nothing that touches the hub's own store or queue.
func connector(_ name: String, uses: [String] = []) -> Room {
    Room(
        name: name, row: 4, path: "Connectors/\(name)/Sources",
        uses: ["ConnectorKit", "Mapping", "Wire", "Commerce", "Telemetry"] + uses)
}

let executable = Room(
    name: "crossdock", row: 7, path: "Sources/crossdock",
    uses: (rooms + connectors).map(\.name) + ["CMalloc"], packages: [argumentParser, logging], isExecutable: true)

/// The simulator: production code in one thread, and its command. The shipped program holds none of it, and it needs
/// neither NIO nor TLS, so that a release build of it alone is quick.
let rehearsal: [Room] = [
    Room(
        name: "Rehearsal", row: 6, path: "Sources/Rehearsal",
        uses: [
            "Commerce", "Telemetry", "SeededRandom", "Wire", "Reconcile", "Store", "Audit", "Ledger", "Queue",
            "ConnectorKit", "Sandbox", "Pipeline", "WooCommerce",
        ],
        packages: [logging]),
    Room(
        name: "rehearse", row: 7, path: "Sources/rehearse", uses: ["Rehearsal", "StorePostgres", "CMalloc"],
        isExecutable: true),
]

/// What tests of several rooms share.
let testing: [Room] = [
    Room(name: "TestPrograms", row: 1, path: "Sources/TestPrograms", uses: ["CSpawn"]),
    Room(
        name: "TestStores", row: 4, path: "Sources/TestStores",
        uses: ["Commerce", "Store", "StorePostgres", "TestPrograms"]),
]

let systemLibraries: [Target] = [
    .systemLibrary(name: "CCurl", path: "Sources/CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CMalloc", path: "Sources/CMalloc"),
    .systemLibrary(name: "CPostgres", path: "Sources/CPostgres", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CSQLiteSetup", path: "Sources/CSQLiteSetup"),
    .systemLibrary(name: "CSpawn", path: "Sources/CSpawn"),
    .systemLibrary(name: "CZlib", path: "Sources/CZlib", providers: [.apt(["zlib1g-dev"])]),
]

/// A test target may use whatever the room it tests may use, the room itself, and the kit for tests.
struct TestRoom {
    var name: String
    var path: String
    var uses: [String]
    var packages: [Target.Dependency] = []
    var resources: [Resource] = []
}

/// What a record meets on its way through the hub, from one vendor to another.
let pathRooms =
    rooms.map(\.name).filter { !["WireHTTP", "Console"].contains($0) }
    + ["WooCommerce", "Custom", "GnuCash", "GnuCashBook"]

let tests: [TestRoom] = [
    TestRoom(name: "CommerceTests", path: "Tests/CommerceTests", uses: ["Commerce", "SeededRandom"]),
    TestRoom(name: "FilesTests", path: "Tests/FilesTests", uses: ["Files"]),
    TestRoom(name: "TestProgramsTests", path: "Tests/TestProgramsTests", uses: ["TestPrograms"]),
    TestRoom(name: "TelemetryTests", path: "Tests/TelemetryTests", uses: ["Telemetry"], packages: [metrics]),
    TestRoom(name: "MailTests", path: "Tests/MailTests", uses: ["Mail", "Commerce"]),
    TestRoom(
        name: "MailCurlTests", path: "Tests/MailCurlTests",
        uses: ["MailCurl", "Mail", "Wire", "Commerce", "TestPrograms"],
        resources: [.copy("Standin")]),
    TestRoom(name: "WireTests", path: "Tests/WireTests", uses: ["Wire", "Commerce"]),
    TestRoom(name: "ConnectorKitTests", path: "Tests/ConnectorKitTests", uses: ["ConnectorKit", "Wire", "Commerce"]),
    TestRoom(name: "ReconcileTests", path: "Tests/ReconcileTests", uses: ["Reconcile", "Commerce", "SeededRandom"]),
    TestRoom(
        name: "StoreTests", path: "Tests/StoreTests", uses: ["Store", "StorePostgres", "TestStores", "Commerce"],
        packages: [grdb]),
    TestRoom(
        name: "StorePostgresTests", path: "Tests/StorePostgresTests",
        uses: ["Store", "StorePostgres", "TestStores", "Commerce"]),
    TestRoom(
        name: "BackupTests", path: "Tests/BackupTests",
        uses: ["Backup", "Store", "StorePostgres", "TestStores", "Commerce", "Wire"]),
    TestRoom(
        name: "IdentityTests", path: "Tests/IdentityTests",
        uses: ["Identity", "Store", "TestStores", "Commerce", "SeededRandom", "Wire"]),
    TestRoom(
        name: "AuditTests", path: "Tests/AuditTests", uses: ["Audit", "Store", "TestStores", "Commerce", "Wire"]),
    TestRoom(name: "AlertsTests", path: "Tests/AlertsTests", uses: ["Alerts", "Store", "TestStores", "Commerce"]),
    TestRoom(
        name: "NoticesTests", path: "Tests/NoticesTests",
        uses: ["Notices", "Store", "TestStores", "Commerce", "Wire"]),
    TestRoom(
        name: "QueueTests", path: "Tests/QueueTests",
        uses: ["Queue", "Store", "TestStores", "Commerce", "SeededRandom"]),
    TestRoom(name: "WireHTTPTests", path: "Tests/WireHTTPTests", uses: ["WireHTTP", "Wire", "Commerce"]),
    TestRoom(
        name: "PipelineTests", path: "Tests/PipelineTests",
        uses: pathRooms + ["TestStores"]),
    TestRoom(name: "SandboxTests", path: "Tests/SandboxTests", uses: ["Sandbox", "Wire", "Commerce"]),
    TestRoom(
        name: "ConsoleTests", path: "Tests/ConsoleTests",
        uses: rooms.map(\.name).filter { $0 != "WireHTTP" } + ["TestStores"]),
    TestRoom(
        name: "RehearsalTests", path: "Tests/RehearsalTests", uses: ["Rehearsal", "Wire", "Commerce"]),
    TestRoom(name: "HouseRulesTests", path: "Tests/HouseRulesTests", uses: ["TestPrograms"]),
    TestRoom(
        name: "CrossdockTests", path: "Tests/CrossdockTests",
        uses: ["crossdock", "TestStores", "TestPrograms"] + executable.uses),
    connectorTests("GnuCash", uses: ["GnuCashBook", "TestPrograms"], resources: [.copy("Fixtures")]),
    connectorTests("Custom", resources: [.copy("Events")]),
    connectorTests("WooCommerce", resources: [.copy("Recordings")]),
]

func connectorTests(_ name: String, uses: [String] = [], resources: [Resource] = [.copy("Recordings")]) -> TestRoom {
    TestRoom(
        name: "\(name)Tests", path: "Connectors/\(name)/Tests",
        uses: [name, "ConnectorKit", "Mapping", "Wire", "Commerce", "TestKit"] + uses, resources: resources)
}

// MARK: - Building the house from its rooms

@MainActor
enum House {
    static let all = rooms + connectors + rehearsal + testing + [executable]
    static let rows = Dictionary(
        uniqueKeysWithValues: all.map { ($0.name, $0.row) } + systemLibraries.map { ($0.name, 0) })

    static func row(of name: String) -> Int {
        guard let row = rows[name] else { fatalError("Package.swift: no room is named \(name)") }
        return row
    }

    /// Refuses an arrow that does not point to a row beneath.
    static func checked(_ room: Room) -> [Target.Dependency] {
        for name in room.uses where row(of: name) >= room.row {
            fatalError("Package.swift: \(room.name) (row \(room.row)) may not use \(name) (row \(row(of: name)))")
        }
        return room.uses.map { .target(name: $0) } + room.packages
    }

    /// The names asked for by CROSSDOCK_ONLY with all they stand on, or nil for the whole house.
    static let only: Set<String>? = {
        guard let text = Context.environment["CROSSDOCK_ONLY"], !text.isEmpty else { return nil }
        var wanted = Set<String>()
        var open = text.split(separator: ",").map(String.init)
        while let name = open.popLast() {
            guard wanted.insert(name).inserted else { continue }
            open += all.first { $0.name == name }?.uses ?? tests.first { $0.name == name }?.uses ?? []
        }
        return wanted
    }()

    static func isWanted(_ name: String) -> Bool { only?.contains(name) ?? true }

    static var targets: [Target] {
        let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)]
        var result: [Target] = systemLibraries.filter { isWanted($0.name) }
        for room in all where isWanted(room.name) {
            result.append(
                room.isExecutable
                    ? .executableTarget(
                        name: room.name, dependencies: checked(room), path: room.path, swiftSettings: settings)
                    : .target(
                        name: room.name, dependencies: checked(room), path: room.path, resources: room.resources,
                        swiftSettings: settings, linkerSettings: room.linked))
        }
        for room in tests where isWanted(room.name) {
            result.append(
                .testTarget(
                    name: room.name, dependencies: room.uses.map { .target(name: $0) } + room.packages, path: room.path,
                    resources: room.resources, swiftSettings: settings))
        }
        return result
    }
}

let package = Package(
    name: "crossdock",
    products: House.isWanted("crossdock") ? [.executable(name: "crossdock", targets: ["crossdock"])] : [],
    traits: [
        .trait(name: "Mutations", description: "Small defects of the hub's own, to test the simulator's oracle with.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: House.targets
)
