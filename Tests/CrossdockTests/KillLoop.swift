import Commerce
import Foundation
import GnuCashBook
import Pipeline
import SeededRandom
import Store
import StorePostgres
import TestPrograms
import TestStores
import Testing

@testable import crossdock

/// A living shop and a living book, a hub between them that is struck at random instants again and again, and the
/// questions at the end: is every order booked exactly once, and is every acknowledged call in the store?
final class KillLoop {
    let kills: Int
    let blows: [Blow]
    let form: BookForm
    let seed: UInt64
    let program: Program
    var dice: Dice
    let faults: Faults
    /// The server of its own that holds the hub's store; nil where that is a file.
    let cluster: TestCluster?
    let caller: Caller
    private let standIn: RunningProgram
    let shop: ShopVisitor
    let hubPort: Int
    private var placed = 0
    private var shopEdits: [String: String] = [:]
    private var bookEdits: [String: String] = [:]
    private(set) var struck = 0
    private var lastInHand: Set<String> = []

    /// The shortest and the longest life of a hub, in milliseconds.
    private static let life = 50...900
    /// How long the hub may take at the end: a lease lasts 15 s, and a call that was cut is waited out for 75 s.
    private static let patienceSeconds = 240

    /// How long a hub stays down that is away for a while, in milliseconds: longer than a lease and a cut call last.
    private static let absenceMilliseconds: Int64 = 120_000

    var book: String { program.path("books.gnucash") }

    /// Starts the shop, makes the book and connects both. `older`: the program that does so.
    init(
        kills: Int, form: BookForm, seed: UInt64, blows: [Blow] = [.kill], cluster: TestCluster? = nil,
        older: String? = nil
    ) async throws {
        (self.kills, self.form, self.seed, self.blows) = (kills, form, seed, blows)
        self.cluster = cluster
        dice = Dice(seed)
        var program = try Program()
        program.environment["CROSSDOCK_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
        program.environment["LOG_LEVEL"] = "warning"
        program.environment["CROSSDOCK_STORE"] = cluster?.url()
        self.program = program
        faults = try Faults(in: program.folder)
        standIn = try program.start([
            "sandbox", "woocommerce", "--port", "0", "--products", "20", "--customers", "12", "--orders", "10",
            "--seed", "\(seed)",
        ])
        shop = ShopVisitor(url: "http://127.0.0.1:\(try await standIn.port())")
        // A port that was just free; the shop's webhooks name it, so it stays the same from life to life.
        var first = program
        if let older { first.binary = older }
        let probe = try first.start(["serve", "--port", "0", "--data", program.path("probe")])
        hubPort = try await probe.port()
        probe.send(SIGKILL)
        caller = Caller(hubPort: hubPort)
        var chance = SystemRandomNumberGenerator()
        _ = try BookFile.create(book, form: form, currency: "LKR", using: &chance)
        try await connect("woocommerce", "shop", shop.settings, by: first)
        try await connect("gnucash", "books", Self.bookSettings(book), by: first)
    }

    /// Ends the shop and takes everything away, unless it is to be looked at.
    func close(isKept: Bool) {
        standIn.send(SIGKILL)
        if !isKept { program.close() }
    }

    static func bookSettings(_ path: String) -> JSON {
        [
            "gnucash_file_path": .string(path), "sync_frequency": "1",
            "account_mapping": [
                "sales_account": "Income:Sales", "receivables_account": "Assets:Accounts Receivable",
                "shipping_account": "Income:Shipping", "fees_account": "Income:Sales",
                "tax_account": "Liabilities:Tax Payable", "rounding_account": "Expenses:Rounding",
                "bank_account": "Assets:Bank",
            ],
        ]
    }

    private func connect(_ connector: String, _ name: String, _ settings: JSON, by program: Program) async throws {
        let file = try program.write(settings.text, to: "\(name).json")
        let answer = try await program.run(
            ["connect", connector, "--name", name, "--config", file, "--every", "60"])
        try #require(answer.status == 0, "\(answer.said)")
    }

    // MARK: Lives

    /// Lives and dies, as often as asked; then one life to the end. Answers what is wrong; nothing for a good end.
    func run() async throws -> [String] {
        let kinds = blows.map(\.rawValue).joined(separator: ",")
        print("kill-loop: \(kills) of \(kinds), \(form.rawValue) book, seed \(seed), in \(program.folder.path)")
        let skus = try await shop.skus()
        let emails = try await shop.all("/customers").compactMap { $0["email"]?.string }
        try #require(!skus.isEmpty && emails.count > 3)
        for kill in 1...kills {
            try await live(kill, skus, emails)
            if kill % 25 == 0 {
                print("kill-loop: \(kill) blows, \(struck) with work in hand, \(placed) orders placed")
            }
        }
        return try await verdict(skus, emails, after: "\(kills) blows (\(struck) with work in hand)")
    }

    /// Lets a hub do what is left, and looks at both sides. Answers what is wrong.
    func verdict(_ skus: [String], _ emails: [String], after words: String) async throws -> [String] {
        // One more order makes the hub write the book once more, and so sweep what the last kill left.
        try await order(skus, emails)
        try await finish()
        let verdict = KillVerdict(loop: self, shop: shop, shopEdits: shopEdits, bookEdits: bookEdits)
        let calls = await caller.acknowledged
        let store = try store()
        let problems = try await verdict.problems() + caller.lost(in: store, keyFile: program.path("hub/crossdock.key"))
        await store.close()
        print(
            "kill-loop: seed \(seed), \(words), \(placed) orders placed, "
                + "\(shopEdits.count + bookEdits.count) customers edited, \(calls.count) calls acknowledged and "
                + "\(await caller.refused) refused: "
                + (problems.isEmpty ? "every order is booked exactly once" : "\(problems.count) problems"))
        problems.forEach { print("kill-loop:   \($0)") }
        // With no hub running, one more order must be missed, or the verdict sees nothing.
        try await order(skus, emails)
        let later = try await verdict.problems()
        try #require(later.contains { $0.contains("is booked 0 times") }, "the verdict missed an order: \(later)")
        return problems
    }

    private func start() throws -> RunningProgram {
        let url = "http://127.0.0.1:\(hubPort)"
        return try program.start(
            ["serve", "--port", "\(hubPort)", "--public-url", url], environment: faults.environment)
    }

    private func live(_ kill: Int, _ skus: [String], _ emails: [String]) async throws {
        // Something waits already when the hub comes to life.
        for _ in 0..<dice.within(1...3) { try await happen(skus, emails) }
        let blow = blows[dice.below(blows.count)]
        if blow == .tear { try faults.arm(.tear, "\(dice.within(1...60))") }
        let life = dice.below(10)
        let isServer = life > 2
        let hub =
            try isServer
            ? start() : program.start(["sync", life == 0 ? "shop" : "books"], environment: faults.environment)
        defer { hub.send(SIGKILL) }
        // Most lives are counted from when the hub listens, or a slow machine would kill it always while it starts.
        let listens = isServer && blow != .tear && dice.below(10) < 8
        if listens { _ = try await hub.port() }
        let calls = isServer ? Task { [caller] in await caller.call() } : nil
        defer { calls?.cancel() }
        let milliseconds = dice.within(Self.life)
        let clock = ContinuousClock()
        let instant = clock.now.advanced(by: .milliseconds(milliseconds))
        try await clock.sleep(for: .milliseconds(dice.below(milliseconds)))
        try await happen(skus, emails)
        // The shop calls its webhooks when somebody visits it.
        _ = try await shop.act("queue", [:])
        try await clock.sleep(until: instant)
        // One that a failing disk meets while it starts may refuse to.
        let isToLive = listens && blow != .kill
        try await strike(blow, hub) { try await self.happen(skus, emails) }
        let wasAlive = hub.isRunning
        if isToLive, !wasAlive { throw RunningProgram.TooSlow(description: "life \(kill), \(blow): \(hub.errors)") }
        hub.send(SIGKILL)
        let status = try await hub.ended(withinSeconds: 20)
        faults.disarmAll()
        if wasAlive, status != ChildProgram.signalBase + SIGKILL, status != 0 {
            throw RunningProgram.TooSlow(description: "life \(kill) ended with \(status): \(hub.errors)")
        }
        if isServer, !wasAlive, blow != .tear, let problem = StartRefusal.problem(status: status, errors: hub.errors) {
            throw RunningProgram.TooSlow(description: "life \(kill), \(blow): \(problem)")
        }
        let inHand = Set(
            try await jobs(["--state", "running"]).map { "\($0["id"]?.text ?? "") \($0["attempt"]?.text ?? "")" })
        if !inHand.subtracting(lastInHand).isEmpty { struck += 1 }
        lastInHand = inHand
        if dice.below(10) < 7 { try await letTimePass() }
    }

    /// The hub stays down for a while, which is not waited for: what is kept until a moment is kept until an earlier
    /// one. Without it every kill but one in 15 s would find the work of the last one still leased.
    private func letTimePass() async throws {
        let store = try store()
        try await store.write { session in
            try session.run(
                """
                UPDATE job SET run_at = run_at - ?1, lease_until = lease_until - ?1,
                    intent_deadline = intent_deadline - ?1
                WHERE state IN ('available', 'scheduled', 'running', 'retryable')
                """, [.integer(Self.absenceMilliseconds)])
            try session.run(
                "UPDATE gate SET closed_until = closed_until - ?1", [.integer(Self.absenceMilliseconds)])
            try session.run(
                "UPDATE breaker SET open_until = open_until - ?1, probe_until = probe_until - ?1",
                [.integer(Self.absenceMilliseconds)])
        }
        await store.close()
    }

    /// The hub's store.
    func store() throws -> any Store {
        guard let cluster else {
            return try SQLiteStore(path: program.path("hub/crossdock.sqlite"), migrations: Hub.migrations)
        }
        return try PostgresStore(try PostgresAddress(cluster.url()), migrations: Hub.migrations)
    }

    /// Something that people do on one of the sides, or nothing.
    func happen(_ skus: [String], _ emails: [String]) async throws {
        switch dice.below(10) {
        case 0...3: try await order(skus, emails)
        case 4:
            // Each side edits customers of its own, so that no conflict asks for a person.
            let email = emails[dice.below(emails.count / 2)]
            let phone = "+94 77 \(dice.within(1_000_000...9_999_999))"
            if try await shop.act("customer", ["email": .string(email), "set": ["billing": ["phone": .string(phone)]]])
                != nil
            {
                shopEdits[email] = phone
            }
        case 5:
            let email = emails[emails.count / 2 + dice.below(emails.count - emails.count / 2)]
            editInTheBook(email, "+94 11 \(dice.within(1_000_000...9_999_999))")
        default: break
        }
    }

    private func order(_ skus: [String], _ emails: [String]) async throws {
        let email = dice.below(4) == 0 ? "visitor\(placed / 2)@example.com" : emails[dice.below(emails.count)]
        guard try await shop.order(sku: skus[dice.below(skus.count)], quantity: dice.within(1...4), email: email) != nil
        else { return }
        placed += 1
    }

    /// What a bookkeeper does between two saves of the hub; nothing when the book is just being written.
    private func editInTheBook(_ email: String, _ phone: String) {
        var chance = SystemRandomNumberGenerator()
        guard let file = try? BookFile.open(book),
            var customer = file.book.customers.first(where: { $0.address.email == email })
        else { return }
        customer.address.phone = phone
        var edit = BookEdit()
        edit.changedCustomers = [customer]
        let now = BookTime(secondsSince1970: Int64(Date().timeIntervalSince1970))
        if (try? file.apply(edit, now: now, using: &chance)) != nil { bookEdits[email] = phone }
    }

    // MARK: The end

    /// Reads both sides whole once more and lets the hub run until nothing waits.
    private func finish() async throws {
        for name in ["shop", "books"] {
            let answer = try await program.run(["sync", name, "--force"], timeoutSeconds: Self.patienceSeconds)
            try #require(answer.status == 0, "sync \(name): \(answer.said)")
        }
        let hub = try start()
        defer { hub.send(SIGKILL) }
        _ = try await hub.port()
        let rest = try await eventually(withinSeconds: Self.patienceSeconds, every: .seconds(1)) { () -> Bool? in
            try #require(hub.isRunning, "the hub ended: \(hub.errors)")
            return try await self.jobs([]).allSatisfy { $0["state"] == "held" } ? true : nil
        }
        let open = rest == true ? [] : try await jobs([])
        try #require(rest == true, "not done in time: \(open.map(\.text))")
        hub.send(SIGTERM)
        let status = try await hub.ended(withinSeconds: 20)
        try #require(status == 0, "\(hub.errors)")
    }

    func jobs(_ options: [String]) async throws -> [JSON] {
        let answer = try await program.run(["jobs", "--json", "--limit", "500"] + options)
        try #require(answer.status == 0, "\(answer.said)")
        return try JSON(parsing: answer.output).array ?? []
    }
}

/// Chance that can be played again.
struct Dice {
    private var numbers: SplitMix64

    init(_ seed: UInt64) { numbers = SplitMix64(seed: seed) }

    private mutating func next() -> UInt64 { numbers.next() }

    mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(next() % UInt64(bound)) : 0 }
    mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }
}
