import Testing

@Suite("Rows")
struct RowTests {
    let plan = Floorplan(manifest: House.text("Package.swift"))

    @Test func thePlanIsReadWhole() {
        let names = Set(plan.rooms.map(\.name))

        #expect(
            names.isSuperset(of: [
                "Commerce", "Wire", "Store", "Ledger", "Pipeline", "Console", "WooCommerce", "GnuCash",
            ]))
        #expect(
            plan.rooms.first { $0.name == "GnuCash" }?.uses.isSuperset(of: ["GnuCashBook", "ConnectorKit"]) == true)
        #expect(plan.systemLibraries.contains("CZlib"))
        #expect(plan.row(of: "Pipeline") == 5)
    }

    @Test func everyArrowPointsToALowerRow() {
        let found = plan.rooms.flatMap { room in
            room.uses.filter { (plan.row(of: $0) ?? .max) >= room.row }.map { "\(room.name) uses \($0)" }
        }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func everyShippedFileStandsInARoom() {
        let programs = ["Sources/crossdock/", "Sources/rehearse/"]
        let found = House.shipped.map(\.path).filter { path in
            plan.room(of: path) == nil && !programs.contains { path.hasPrefix($0) } && !path.contains("/_Template/")
        }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func everyImportOfARoomIsDeclaredAndPointsDown() {
        let found = House.shipped.flatMap { file in unfit(file, in: plan) }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func anImportOfTheSameOrAHigherRowIsNoticed() {
        let upward = SourceFile(path: "Sources/Wire/A.swift", text: "import Ledger\nimport Foundation")
        let sideways = SourceFile(path: "Sources/Queue/A.swift", text: "@testable import Ledger")
        let undeclared = SourceFile(path: "Sources/Reconcile/A.swift", text: "public import struct Wire.Secret")

        for file in [upward, sideways, undeclared] { #expect(unfit(file, in: plan).count == 1, "\(file.path)") }
        let declared = SourceFile(path: "Sources/Wire/A.swift", text: "import Commerce")
        #expect(unfit(declared, in: plan).isEmpty)
    }

    @Test func anUpwardArrowInThePlanIsNoticed() {
        let manifest =
            "Room(name: \"Low\", row: 1, path: \"Sources/Low\", uses: [\"High\"]),\n"
            + "Room(name: \"High\", row: 2, path: \"P\")"
        let plan = Floorplan(manifest: manifest)

        #expect(plan.rooms.map(\.name) == ["Low", "High"])
        #expect(plan.row(of: "High") ?? 0 >= plan.rooms[0].row)
    }

    private func unfit(_ file: SourceFile, in plan: Floorplan) -> [String] {
        guard let room = plan.room(of: file.path) else { return [] }
        return file.code.indices.filter { index in
            guard let module = importedModule(file.code[index]), let row = plan.row(of: module) else { return false }
            return row >= room.row || !room.uses.contains(module)
        }.map(file.place)
    }
}

@Suite("What a connector imports")
struct ConnectorImportTests {
    let plan = Floorplan(manifest: House.text("Package.swift"))

    static let allowed: Set<String> = [
        "ConnectorKit", "Mapping", "Wire", "Commerce", "Telemetry", "Foundation", "FoundationXML", "Synchronization",
    ]
    /// The module of each package a room may name.
    static let modules = ["grdb": "GRDB", "crypto": "Crypto"]
    /// What a book or another format beneath a connector needs of the system: fsync, rename, locks.
    static let system: Set<String> = ["Glibc", "Darwin", "Musl"]
    /// Rooms of the lowest row that know nothing of commerce: a format beneath a connector may use them.
    static let plain: Set<String> = ["Files", "SeededRandom"]

    @Test func aConnectorImportsTheContractAndNothingOfTheHub() {
        let found = House.shipped.filter { $0.path.hasPrefix("Connectors/") }.flatMap(strangers)

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func anImportOfTheStoreOrOfAnotherVendorIsNoticed() {
        for module in ["Store", "Ledger", "Queue", "WireHTTP", "GRDB", "WooCommerce", "NIOCore"] {
            let file = SourceFile(
                path: "Connectors/GnuCash/Sources/A.swift", text: "import Foundation\nimport \(module)")
            #expect(strangers(in: file).count == 1, "\(module)")
        }
        let own = SourceFile(
            path: "Connectors/GnuCash/Sources/A.swift", text: "import GnuCashBook\nimport ConnectorKit")
        #expect(strangers(in: own).isEmpty)
    }

    private func strangers(in file: SourceFile) -> [String] {
        let parts = file.path.split(separator: "/")
        let isContract = parts.count > 2 && parts[2] == "Sources"
        let own = plan.rooms.filter { $0.path.hasPrefix("Connectors/\(parts[1])/") }
        var allowed = plan.systemLibraries.union(own.map(\.name))
        if isContract {
            allowed.formUnion(Self.allowed)
        } else {
            allowed.formUnion(Self.system.union(Self.plain).union(["Foundation", "FoundationXML", "Synchronization"]))
            allowed.formUnion(plan.room(of: file.path)?.packages.compactMap { Self.modules[$0] } ?? [])
        }
        return file.code.indices.filter { index in
            importedModule(file.code[index]).map { !allowed.contains($0) } ?? false
        }.map(file.place)
    }
}
