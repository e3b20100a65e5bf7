import ArgumentParser
import Commerce
import ConnectorKit
import Foundation
import Ledger
import Pipeline
import Synchronization

/// Webhooks to others: how many notices a second reach a hundred receivers, and what it costs the others when one of
/// them does not answer.
struct BenchNotices {
    let folder: String

    private static let rounds = 3

    func run() throws -> [BenchFigure] {
        var (whole, other): ([Double], [Double]) = ([], [])
        for _ in 0..<Self.rounds {
            whole.append(try rate(dead: 0))
            other.append(try rate(dead: 1))
        }
        let (all, rest) = (BenchRate.middle(whole), BenchRate.middle(other))
        let (paced, beside) = (try rate(dead: 0, ["--paced"]), try rate(dead: 1, ["--paced"]))
        return [
            BenchFigure("notices: told to 100 receivers", all, "/s", .atLeast(1000)),
            BenchFigure("notices: to each of 99 while one is dead / while none is", rest / all, "", .atLeast(0.9)),
            BenchFigure("notices: told of 1,000 a second that are to be told", paced, "/s", .atLeast(900)),
            BenchFigure(
                "notices: to each of 99, of 1,000 a second, one dead / none", beside / paced, "", .atLeast(0.9)),
        ]
    }

    private func rate(dead: Int, _ more: [String] = []) throws -> Double {
        try BenchRate.told(
            BenchProcess.answer(
                arguments: ["bench", "notices", "--folder", folder + "/notices", "--dead", "\(dead)"] + more))
    }
}

/// `crossdock bench notices`: one round of `BenchNotices`, in a process of its own.
struct BenchNoticesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notices", abstract: "Time how many notices reach receivers.", shouldDisplay: false)

    @Option(help: "The folder of its store.")
    var folder: String
    @Option(help: "How many receivers there are.")
    var receivers = 100
    @Option(help: "How many of them do not answer.")
    var dead = 0
    @Option(help: "Of how many changes each is told.")
    var changes = 100
    @Flag(help: "Change ten products a second, instead of all at once.")
    var paced = false

    func run() async throws {
        try await Terminal.run {
            let crowd = BenchCrowd(dead: dead)
            let hub = try BenchHub.make(folder, crowd)
            for number in 0..<receivers {
                let wish = try ListenerWish([
                    "url": .string("https://r\(number).example/hook"), "events": ["product.updated"],
                    "secret": "a secret of no one", "timeout": 5,
                ])
                _ = try await hub.register(wish, at: nil, by: .hub)
            }
            if !paced { try await change(hub, 1...changes) }
            let wanted = (receivers - dead) * changes
            let (clock, start) = (ContinuousClock(), ContinuousClock.now)
            let engine = Task { await Engine(hub).run() }
            if paced {
                for number in 1...changes {
                    try await change(hub, number...number)
                    try await clock.sleep(until: start.advanced(by: .milliseconds(100 * number)))
                }
            }
            while crowd.count < wanted { try await clock.sleep(for: .milliseconds(2)) }
            let seconds = start.duration(to: clock.now) / .seconds(1)
            // Whoever does not answer is not waited for.
            engine.cancel()
            await hub.store.close()
            // Of every receiver that answers: what one is told in that time, a hundred times.
            let share = Double(wanted) * Double(receivers) / Double(receivers - dead)
            BenchAnswer.write(["perSecond": .string(String(share / seconds))])
        }
    }

    /// Products that have changed, with their lines in the change log.
    private func change(_ hub: Hub, _ numbers: ClosedRange<Int>) async throws {
        let now = OpenHub.systemNow()
        try await hub.store.write { session in
            let ledger = LedgerTable(session, organization: 1)
            let records = numbers.map { HubRecord(id: Int64($0) << 40, kind: .product, title: "Good \($0)", now: now) }
            try ledger.save(records)
            try ledger.append(
                records.map {
                    Change(
                        record: $0.id, kind: .product, part: "price", old: "1.00 LKR", new: "2.00 LKR", origin: nil,
                        rule: "changed there only", at: now)
                })
        }
    }
}

/// Receivers within this process, without sockets. The dead ones let every call wait for as long as it may.
private final class BenchCrowd: Transport {
    private let dead: Set<String>
    private let told = Mutex(0)

    init(dead: Int) { self.dead = Set((0..<dead).map { "r\($0).example" }) }

    /// How many calls were answered.
    var count: Int { told.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        if dead.contains(request.address.host) {
            try? await Task.sleep(for: .seconds(request.timeoutSeconds))
            throw .noAnswer("no answer within \(request.timeoutSeconds) s")
        }
        told.withLock { $0 += 1 }
        return HTTPResponse(status: 200)
    }
}
