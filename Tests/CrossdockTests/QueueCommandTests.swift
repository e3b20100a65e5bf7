import Commerce
import Testing

@testable import crossdock

@Suite("Commands for the queue", .serialized)
struct QueueCommandTests {
    /// A hub with one shop that nobody reaches.
    private func program() async throws -> Program {
        let program = try Program()
        let settings = try program.write(ConnectTests.shop.text, to: "shop.json")
        let connected = try await program.run(["connect", "woocommerce", "--name", "shop", "--config", settings])
        try #require(connected.status == 0, "\(connected.said)")
        return program
    }

    private func json(_ program: Program, _ arguments: [String], status: Int32 = 0) async throws -> JSON {
        let answer = try await program.run(arguments + ["--json"])
        #expect(answer.status == status, "\(arguments): \(answer.said)")
        return try JSON(parsing: answer.output)
    }

    @Test func aSyncForLaterIsListedPutOffHeldRunAndDropped() async throws {
        let program = try await program()
        defer { program.close() }
        let made = try await json(program, ["sync", "shop", "--later", "--direction", "pull", "--priority", "5"])
        let batch = try #require(made["batch"]?.integer)
        let progress = try await json(program, ["batches", "--id", "\(batch)"])
        let total = try #require(progress[0]?["total"]?.integer)
        #expect(total > 2)
        #expect(progress[0]?["left"]?.integer == total && progress[0]?["state"]?.string == "under way")

        let jobs = try await json(program, ["jobs"]).array ?? []
        let pulls = jobs.filter { $0["queue"]?.string == "pull" }.compactMap { $0["id"]?.integer }
        #expect(pulls.count == total)
        #expect(jobs.allSatisfy { $0["queue"]?.string != "pull" || $0["priority"]?.integer == 5 })

        let why = try await json(program, ["jobs", "--why", "\(pulls[0])"])
        #expect(why["why"]?.string?.hasPrefix("nothing stands in its way") == true, "\(why.text)")
        #expect(try await program.run(["jobs", "--snooze", "\(pulls[0])", "--minutes", "90"]).status == 0)
        #expect(
            try await json(program, ["jobs", "--why", "\(pulls[0])"])["why"]?.string?.contains("(90 min): put off by")
                == true)
        #expect(try await program.run(["jobs", "--hold", "\(pulls[1])", "--reason", "ask Ben"]).status == 0)
        #expect(
            try await json(program, ["jobs", "--why", "\(pulls[1])"])["why"]?.string?.hasSuffix(": ask Ben") == true)
        #expect(try await program.run(["jobs", "--run", "\(pulls[1])"]).status == 0)

        #expect(try await program.run(["pause", "shop", "--queue", "pull", "--reason", "stocktaking"]).status == 0)
        let paused = try await json(program, ["jobs", "--why", "\(pulls[1])"])["why"]?.string ?? ""
        #expect(paused.hasPrefix("pull work of shop is paused by ") && paused.hasSuffix(": stocktaking"), "\(paused)")
        #expect(try await program.run(["resume", "shop", "--queue", "pull"]).status == 0)

        let dropped = try await json(program, ["batches", "--drop", "\(batch)", "--reason", "not today"])
        #expect(dropped["dropped"]?.integer == total + 1)
        #expect(try await json(program, ["batches"])[0]?["state"]?.string == "ended")
        #expect(try await json(program, ["jobs"]).array?.isEmpty == true)
    }

    @Test func whatWaitsForAShopIsCancelledAndNothingLeftEndsWith1() async throws {
        let program = try await program()
        defer { program.close() }
        _ = try await json(program, ["sync", "shop", "--later", "--entity", "order", "--direction", "pull"])
        #expect(try await json(program, ["cancel", "shop", "--queue", "pull"])["dropped"]?.integer == 1)
        #expect(try await json(program, ["cancel", "shop"], status: 1)["dropped"]?.integer == 0)
    }

    @Test func schedulesAndLimitsAreSetShownAndTakenAway() async throws {
        let program = try await program()
        defer { program.close() }
        let set = try await json(
            program,
            ["schedules", "set", "shop", "order", "--cron", "30 2 * * *", "--zone", "Asia/Colombo", "--catch-up"])
        #expect(set["cadence"]?.string == "30 2 * * * (Asia/Colombo)" && set["afterDowntime"]?.string == "catchUp")
        #expect(set["nextAt"]?.string?.hasSuffix("T21:00:00Z") == true)
        #expect(try await json(program, ["schedules"]).array?.count == 1)
        #expect(try await program.run(["schedules", "remove", "shop", "order"]).status == 0)
        #expect(try await json(program, ["schedules"]).array?.isEmpty == true)

        let limits = try await json(
            program, ["limits", "shop", "--per-second", "2", "--burst", "10", "--per-day", "500", "--at-once", "2"])
        #expect(limits.array?.compactMap { $0["form"]?.string } == ["day", "rate", "together"])
        #expect(try await json(program, ["limits", "shop", "--none"]).array?.isEmpty == true)
    }

    @Test func aBookIsConnectedWithACronLineAndSaysWhenItIsRead() async throws {
        let program = try await program()
        defer { program.close() }
        var form = ConnectTests.books.object ?? [:]
        var inner = form["configuration"]?.object ?? [:]
        inner["sync_frequency"] = "CRON_TZ=Asia/Colombo 0 2 * * *"
        form["configuration"] = .object(inner)
        let good = try program.write(JSON.object(form).text, to: "books.json")
        #expect(try await program.run(["connect", "gnucash", "--config", good]).status == 0)
        let schedules = try await json(program, ["schedules"]).array ?? []
        #expect(!schedules.isEmpty)
        #expect(schedules.allSatisfy { $0["nextAt"]?.string?.hasSuffix("T20:30:00Z") == true })

        inner["sync_frequency"] = "0 0 30 2 *"
        form["configuration"] = .object(inner)
        let bad = try program.write(JSON.object(form).text, to: "bad.json")
        let refused = try await program.run(["connect", "gnucash", "--name", "other", "--config", bad])
        #expect(refused.status == 2 && refused.errors.contains("never fires: Feb has no day 30"), "\(refused.said)")
    }
}
