import Commerce
import Foundation
import Pipeline
import Store
import TestPrograms
import Testing

/// The real program on disks and clocks that fail. `KillLoopTests` strikes at random instants; here each fault is
/// looked at on its own, for what the hub answers and says.
@Suite("The program on failing disks and clocks", .serialized)
struct CrashTests {
    /// A hub that serves one shop, with the switches of its faults.
    private struct Served {
        let program: Program
        let faults: Faults
        let hub: RunningProgram
        let caller: Caller

        init() async throws {
            program = try Program()
            faults = try Faults(in: program.folder)
            var shop = ConnectTests.shop.object ?? [:]
            shop["webhookSecret"] = .string(Caller.secret)
            let settings = try program.write(JSON.object(shop).text, to: "shop.json")
            let answer = try await program.run(["connect", "woocommerce", "--config", settings])
            try #require(answer.status == 0, "\(answer.said)")
            hub = try program.start(["serve", "--port", "0"], environment: faults.environment)
            caller = Caller(hubPort: try await hub.port())
        }

        /// Ends the hub and takes everything away.
        func close() {
            hub.send(SIGKILL)
            program.close()
        }
    }

    @Test(arguments: [Faults.Name.full, .readonly, .fsync])
    func aCallThatTheDiskCannotKeepIsRefusedSoThatItComesAgainAndTheHubGoesOn(fault: Faults.Name) async throws {
        let served = try await Served()
        defer { served.close() }
        try #require(await served.caller.callOnce() == 200)

        try served.faults.arm(fault)
        for _ in 0..<40 { await served.caller.callOnce() }
        #expect(await served.caller.callOnce() == 503, "\(fault)")
        let before = await served.caller.acknowledged.count
        served.faults.disarm(fault)

        #expect(await served.caller.callOnce() == 200, "\(served.hub.errors)")
        #expect(await served.caller.acknowledged.count == before + 1)
        #expect(served.hub.isRunning)
        served.hub.send(SIGKILL)
        _ = try await served.hub.ended(withinSeconds: 10)
        let store = try SQLiteStore(
            path: served.program.path("hub/crossdock.sqlite"), migrations: Hub.migrations)
        let key = served.program.path("hub/crossdock.key")
        #expect(try await served.caller.lost(in: store, keyFile: key) == [])
        await store.close()
    }

    @Test(arguments: [Faults.Name.full, .readonly])
    func aHubThatCannotWriteAtItsStartSaysSoAndEnds(fault: Faults.Name) async throws {
        let program = try Program()
        defer { program.close() }
        let faults = try Faults(in: program.folder)
        try faults.arm(fault)
        let answer = try await program.run(["serve", "--port", "0"], environment: faults.environment)
        #expect(answer.status != 0 && answer.status < ChildProgram.signalBase)
        #expect(answer.errors.contains(program.path("hub")), "\(answer.errors)")
        #expect(answer.errors.contains(fault == .full ? "No space left" : "read only"), "\(answer.errors)")

        faults.disarm(fault)
        #expect(try await program.run(["status"]).status == 0)
    }
}
