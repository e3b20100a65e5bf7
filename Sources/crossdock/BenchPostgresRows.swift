import ArgumentParser
import Commerce
import ConnectorKit
import Foundation
import Intake
import Ledger
import Pipeline
import Queue
import Store
import StorePostgres
import Synchronization
import Telemetry

/// What steps cost on a server while jobs and change log hold a hundred thousand rows and while they hold many, and how
/// claims fare beside a transaction that somebody holds open.
struct BenchPostgresRows {
    let bench: BenchPostgres

    func run() throws -> [BenchFigure] {
        let few = try told(rows: Self.few)
        let many = try told(rows: bench.rows)
        let words = bench.rows >= 1_000_000 ? "\(bench.rows / 1_000_000) million" : "\(bench.rows)"
        let costs = ["claim", "intake", "changes"].map { name in
            BenchFigure(
                "postgres: \(name) with \(words) rows / with 100,000", number(many, name) / number(few, name), "",
                .atMost(1.5))
        }
        let beside = try BenchProcess.answer(arguments: ["bench", "held", "--store", try bench.freshStore()])
        return costs + [
            BenchFigure(
                "postgres: carried beside an open transaction / without", number(beside, "during"), "", .atLeast(0.65)),
            BenchFigure(
                "postgres: carried once it has ended / before it began", number(beside, "after"), "", .atLeast(0.9)),
        ]
    }

    private static let few = 100_000

    private func told(rows: Int) throws -> JSON {
        let arguments = ["bench", "rows", "--store", try bench.freshStore(), "--rows", "\(rows)"]
        return try BenchProcess.answer(arguments: arguments)
    }

    private func number(_ told: JSON, _ name: String) -> Double {
        told[name]?.string.flatMap { Double($0) } ?? .nan
    }
}

/// `crossdock bench rows`: the work of `BenchPostgresRows`, in a process of its own.
struct BenchRowsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rows", abstract: "Time steps on a server that holds many rows.", shouldDisplay: false)

    @Option(help: "The address of a PostgreSQL database that holds nothing.")
    var store: String
    @Option(help: "How many rows jobs and change log hold: of the jobs one half waits, the other is done.")
    var rows: Int
    func run() async throws {
        try await Terminal.run {
            Telemetry.bootstrapMeters()
            let address = try PostgresAddress(store)
            let queue = BenchQueue(on: try PostgresStore(address, migrations: Hub.migrations))
            for start in stride(from: 0, to: rows, by: Self.filledAtOnce) {
                try PostgresStore.run(Self.filling(start, min(Self.filledAtOnce, rows - start)), at: address)
                // A commit would else wait for the disk behind all that was filled.
                try PostgresStore.run("CHECKPOINT", at: address)
            }
            try PostgresStore.run("ANALYZE job, change", at: address)
            let told: [String: JSON] = [
                "claim": .string(String(try await queue.claimMicroseconds())),
                "intake": .string(String(try await intakeMicroseconds(queue))),
                "changes": .string(String(try await changesMicroseconds(queue))),
            ]
            await queue.store.close()
            BenchAnswer.write(.object(told))
        }
    }

    /// How many rows one statement fills, so that it ends within the time a statement has.
    private static let filledAtOnce = 250_000

    private static func filling(_ start: Int, _ count: Int) -> String {
        """
        INSERT INTO job (organization_id, id, queue, integration_id, kind, key, priority, state, is_open, run_at,
            payload, created_at, updated_at)
        SELECT 1, 1000000000 + n, 'task', 0, '', 'filled/' || n, 100, CASE n % 2 WHEN 0 THEN 'available'
            ELSE 'completed' END, 1 - n % 2, n, '{"text":"' || repeat('x', 289) || '"}', n, n
        FROM generate_series(\(start) + 1, \(start) + \(count)) AS n;
        INSERT INTO change (organization_id, number, record_id, kind, part, old, new, rule, at)
        SELECT 1, n, n % 50000, 'product', 'title', '"old"', '"new"', 'latest', n
        FROM generate_series(\(start) + 1, \(start) + \(count)) AS n
        """
    }

    private func intakeMicroseconds(_ queue: BenchQueue) async throws -> Double {
        let body = [UInt8](repeating: 7, count: 1500)
        return try await BenchTimes.middle { round in
            let block = try await queue.ids.draw(2)
            let parcel = Intake.Parcel(
                WebhookCall(headers: [:], body: body), repeatKey: "\(round)", topic: "order.updated",
                now: OpenHub.systemNow())
            _ = try await Intake.store(parcel, integration: 1, organization: 1, ids: block, in: queue.store)
        }
    }

    private func changesMicroseconds(_ queue: BenchQueue) async throws -> Double {
        let last = Int64(rows)
        return try await BenchTimes.middle { _ in
            _ = try await queue.store.read { try LedgerTable($0, organization: 1).lastChanges(after: last - 20) }
        }
    }
}

/// Times of a piece of work.
enum BenchTimes {
    /// The middle of many times, in microseconds. The first rounds warm the caches.
    static func middle(_ work: (Int) async throws -> Void) async throws -> Double {
        let clock = ContinuousClock()
        var times: [Double] = []
        for round in 0..<120 {
            let begin = clock.now
            try await work(round)
            if round >= 20 { times.append(begin.duration(to: clock.now) / .microseconds(1)) }
        }
        return times.sorted()[times.count / 2]
    }
}

/// `crossdock bench held`: carries jobs without and with a transaction that is held open elsewhere, and without again.
struct BenchHeldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "held", abstract: "Carry jobs beside an open transaction.", shouldDisplay: false)

    @Option(help: "The address of a PostgreSQL database that holds nothing.")
    var store: String
    @Option(help: "How many jobs are carried in two rounds of three.")
    var jobs = 20_000

    func run() async throws {
        try await Terminal.run {
            Telemetry.bootstrapMeters()
            let address = try PostgresAddress(store)
            let queue = BenchQueue(on: try PostgresStore(address, migrations: Hub.migrations))
            let before = try await middle(of: queue, from: 0)
            let during = try await queue.besideAnOpenTransaction(
                of: try PostgresStore(address, migrations: Hub.migrations)
            ) {
                try await middle(of: queue, from: 1)
            }
            try PostgresStore.run("VACUUM job", at: address)
            let after = try await middle(of: queue, from: 2)
            await queue.store.close()
            BenchAnswer.write([
                "during": .string(String(during / before)), "after": .string(String(after / before)),
            ])
        }
    }

    /// The middle rate of three rounds: what else the machine does moves one by a half.
    private func middle(of queue: BenchQueue, from phase: Int) async throws -> Double {
        var rates: [Double] = []
        for round in 0..<3 {
            rates.append(try await queue.perSecond(jobs / 2, .singly, from: (3 * phase + round) * jobs))
        }
        return BenchRate.middle(rates)
    }
}

extension BenchQueue {
    /// Does a piece of work while another store's query keeps its snapshot, and with it all rows that were there.
    func besideAnOpenTransaction(
        of other: PostgresStore, _ work: @Sendable () async throws -> Double
    ) async throws -> Double {
        let isOver = Flag()
        let (opened, continuation) = AsyncStream<Void>.makeStream()
        async let held: Void = other.read { session in
            session.watch?.isMeantToBeLong = true
            while !isOver.isSet {
                _ = try session.rows("SELECT 1 FROM (SELECT pg_sleep(0.05)) AS rest", [])
                continuation.yield()
            }
        }
        for await _ in opened { break }
        let rate = try await work()
        isOver.set()
        try await held
        await other.close()
        return rate
    }
}

/// Whether something is over, for one thread to say and another to see.
private final class Flag: Sendable {
    private let state = Mutex(false)

    var isSet: Bool { state.withLock { $0 } }

    func set() { state.withLock { $0 = true } }
}
