import Foundation
import GnuCashBook
import Testing

/// `scripts/kill-loop` runs the same with more kills.
@Suite("KillLoop", .serialized)
struct KillLoopTests {
    /// What the environment asks for; else a short loop.
    private static func wish(_ name: String) -> String? {
        ProcessInfo.processInfo.environment["CROSSDOCK_KILL_LOOP_\(name)"].flatMap { $0.isEmpty ? nil : $0 }
    }

    @Test func everyOrderIsBookedExactlyOnceHoweverOftenTheHubIsKilled() async throws {
        let kills = try #require(Int(Self.wish("KILLS") ?? "25"))
        let seed = try #require(UInt64(Self.wish("SEED") ?? "\(UInt64.random(in: 1...999_999))"))
        let form = try #require(BookForm(rawValue: Self.wish("BOOK") ?? "xml"))
        let loop = try await KillLoop(kills: kills, form: form, seed: seed)
        var isKept = true
        defer { loop.close(isKept: isKept) }

        let problems = try await loop.run()
        isKept = !problems.isEmpty

        #expect(problems.isEmpty, "seed \(seed):\n\(problems.joined(separator: "\n"))")
    }
}
