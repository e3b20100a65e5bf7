import Commerce
import Store
import Synchronization
import Wire

/// The end of a process: nobody may catch it and go on, because nothing lets the dead do anything any more.
struct Death: Error {}

/// What all parts of a rehearsal share: the world as one value, the executor, the hub's disk.
final class Stage: Sendable {
    let world: Mutex<World>
    let executor = HandExecutor()
    let disk: any InlineStore

    init(_ world: World, disk: any InlineStore) {
        self.world = Mutex(world)
        self.disk = disk
    }

    // MARK: - What the hub's tasks wait for

    /// Waits that many seconds of the world's time; for ever when the process is dead: what comes after is not done.
    func sleep(_ life: Int, seconds: Double, isRest: Bool = false) async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            world.withLock { world in
                guard world.isAlive(life) else { return }
                world.sleep(Sleep(life: life, isRest: isRest, continuation: continuation), seconds: seconds)
            }
        }
    }

    /// Sends a request on its way and waits for what comes of it.
    func send(_ request: HTTPRequest, of life: Int) async -> Result<HTTPResponse, TransportFailure> {
        await withUnsafeContinuation { continuation in
            world.withLock { world in
                guard world.isAlive(life) else { return }
                world.post(request, of: life, continuation)
            }
        }
    }

    // MARK: - Life and death

    /// Ends a process at once: its memory is gone, and its tasks never wake from what they wait for.
    func kill(_ life: Int, _ words: String) {
        world.withLock { $0.bury(life, words) }
        noteUnsent()
    }

    /// A number that was decided, and whose process died before it could send it, came to nothing; the next one cannot
    /// know that.
    private func noteUnsent() {
        let rows = try? disk.look { session in
            try session.rows(
                """
                SELECT natural_key, integration.name, was - quantity, stock_offer.id, quantity FROM stock_offer
                JOIN integration ON integration.id = stock_offer.integration_id
                JOIN record ON record.id = stock_offer.record_id
                WHERE outcome = 'open' AND was > quantity ORDER BY stock_offer.id
                """, []
            ).map { row in
                (
                    offer: row.integer(3), number: row.optionalText(0) ?? "", vendor: row.text(1),
                    pieces: Int(row.integer(2) / 1_000_000), left: Int(row.integer(4) / 1_000_000)
                )
            }
        }
        world.withLock { world in
            for row in rows ?? [] {
                guard let vendor = world.vendors.firstIndex(where: { $0.name == row.vendor }) else { continue }
                world.oracle.stock.unsent(
                    row.offer, of: row.number, at: vendor, takingOff: row.pieces, leaving: row.left, world.now)
            }
        }
    }

    /// Runs something to its end while the world stands still but for what it waits for.
    func perform(_ work: @escaping @Sendable () async throws -> Void) throws {
        let end = Mutex<Result<Void, any Error>?>(nil)
        let task = Task(executorPreference: executor) {
            let result: Result<Void, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            end.withLock { $0 = result }
        }
        executor.runUntilAllWait()
        guard let result = end.withLock({ $0 }) else {
            task.cancel()
            throw RehearsalError("something waits for the outside world where nothing may")
        }
        try result.get()
    }
}

/// A rehearsal that could not be held.
public struct RehearsalError: Error, CustomStringConvertible {
    /// One sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// A task that sleeps.
struct Sleep: Sendable {
    var life: Int
    /// Whether it only waits for work: then it is woken when there may be some.
    var isRest: Bool
    var continuation: UnsafeContinuation<Void, Never>
}

/// A request of the hub that is under way.
struct Call: Sendable {
    var life: Int
    var vendor: Int
    var request: HTTPRequest
    var fault: Fault?
    /// Nil once the caller has been answered, or is dead.
    var continuation: UnsafeContinuation<Result<HTTPResponse, TransportFailure>, Never>?
    var sentAt: Moment
    var answer: Result<HTTPResponse, TransportFailure>?
    /// When its vendor answered; nil while it is on its way there.
    var servedAt: Moment?
    var hasArrived: Bool { servedAt != nil }
    /// What the answer shows, for the oracle.
    var shows: [Showing] = []
    /// What it may show: a member of it was not what it was.
    var mayShow: [Showing] = []
    /// Whether it goes to who is told of changes.
    var isNotice = false
}

/// A process of the hub.
struct Life: Sendable {
    /// Which of the hub's processes it is the life of.
    var process: Int
    var hub: HubProcess?
    var isDead = false
    /// Until when it stands still; nil when it does not.
    var pausedUntil: Moment?
    var task: Task<Void, Never>?
    /// The steps that wait for its writer.
    var waiting: [WaitingStep] = []
    /// How often its workers found nothing, one after the other.
    var idle = 0
}
