import Foundation
import GnuCashBook
import TestStores
import Testing

/// `scripts/kill-loop` runs the same with more kills.
@Suite("KillLoop", .serialized)
struct KillLoopTests {
    /// What the environment asks for; else a short loop.
    private static func wish(_ name: String) -> String? {
        ProcessInfo.processInfo.environment["CROSSDOCK_KILL_LOOP_\(name)"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// One loop as the environment wishes it.
    private static func loop(kills: Int, _ blows: [Blow], on cluster: TestCluster? = nil) async throws {
        let kills = try #require(Int(wish("KILLS") ?? "\(kills)"))
        let seed = try #require(UInt64(wish("SEED") ?? "\(UInt64.random(in: 1...999_999))"))
        let form = try #require(BookForm(rawValue: wish("BOOK") ?? "xml"))
        let loop = try await KillLoop(kills: kills, form: form, seed: seed, blows: blows, cluster: cluster)
        var isKept = true
        defer { loop.close(isKept: isKept) }

        let problems = try await loop.run()
        isKept = !problems.isEmpty

        #expect(problems.isEmpty, "seed \(seed):\n\(problems.joined(separator: "\n"))")
    }

    @Test func everyOrderIsBookedExactlyOnceHoweverOftenTheHubIsKilled() async throws {
        try await Self.loop(kills: 25, [.kill])
    }

    @Test func nothingIsLostAndNothingTwiceWhenTheDiskFailsTheLogIsTornAndTheClockGoesBack() async throws {
        let names = Self.wish("BLOWS")?.split(separator: ",").map(String.init)
        let blows = try names?.map { try #require(Blow(rawValue: $0), "no blow is called \($0)") } ?? Blow.ofFiles
        try await Self.loop(kills: 18, blows)
    }

    /// The short form freezes nobody: that takes longer than a lease each time.
    @Test func nothingIsLostAndNothingTwiceWhenTheServerOfTheStoreDiesAndConnectionsAreCut() async throws {
        let names = Self.wish("BLOWS")?.split(separator: ",").map(String.init)
        let blows = try names?.map { try #require(Blow(rawValue: $0), "no blow is called \($0)") }
        let cluster = try await TestCluster.start()
        do {
            try await Self.loop(kills: 12, blows ?? [.kill, .server, .cut], on: cluster)
            await cluster.stop()
        } catch {
            await cluster.stop()
            throw error
        }
    }
}
