import ConnectorKit
import Ledger
import Queue
import Synchronization

/// The way to one integration, on which the hub hears what answers say of how much it may still ask for.
///
/// Every answer passes as it is. Once one asks for a pause, no request of this process passes before its end: it is
/// answered here with the rest of that pause, so that what is under way stops with its next call and not with its last.
final class LimitEar: Transport {
    private let transport: any Transport
    private let clock: @Sendable () -> Moment
    private let meters: CallMeters?
    private let heard = Mutex<LimitReading?>(nil)
    private let quiet = Mutex<Quiet?>(nil)

    /// A pause that was asked for. A clock that was set back ends it: the far side will say so again.
    private struct Quiet {
        let from: Moment
        let until: Moment

        func secondsLeft(_ now: Moment) -> Int? {
            now < from || now >= until ? nil : max(1, Int(until.seconds(since: now).rounded(.up)))
        }
    }

    private static let tooMany = 429

    init(_ transport: any Transport, clock: @escaping @Sendable () -> Moment, meters: CallMeters? = nil) {
        self.transport = transport
        self.clock = clock
        self.meters = meters
    }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        if let seconds = quiet.withLock({ $0?.secondsLeft(clock()) }) {
            return HTTPResponse(status: Self.tooMany, headers: ["Retry-After": "\(seconds)"], body: [])
        }
        if let until = CallWindow.until, clock() >= until {
            throw .notSent("the time for this write was over before it could be sent: its process stood still")
        }
        CallTally.current?.add()
        let response = try await timed(request)
        let reading = LimitReading.headers { response.headers[$0] }
        if reading.form != nil { heard.withLock { $0 = reading } }
        if response.status == Self.tooMany { hush(response) }
        return response
    }

    private func timed(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let start = ContinuousClock.now
        do throws(TransportFailure) {
            let response = try await transport.send(request)
            meters?.count(.success(response), took: ContinuousClock.now - start)
            return response
        } catch {
            meters?.count(.failure(error), took: ContinuousClock.now - start)
            throw error
        }
    }

    private func hush(_ response: HTTPResponse) {
        let now = clock()
        let seconds = response.retryAfterSeconds(now: now) ?? Gate.unsaidSeconds
        quiet.withLock { $0 = Quiet(from: now, until: now.adding(seconds: Double(seconds))) }
    }

    /// What the latest answer said since it was last asked; nil when answers say nothing.
    func take() -> LimitReading? {
        heard.withLock { heard in
            defer { heard = nil }
            return heard
        }
    }
}

/// Until when the calls of a write may begin. Who takes a task over waits until then: what a process that stood still
/// sends later could lie over what was done meanwhile.
enum CallWindow {
    /// That of the write that is being made; nil where there is none.
    @TaskLocal static var until: Moment?
}

extension Hub {
    /// Lets the limits of an integration learn what its answers said, and how many calls were made beside the one that
    /// the work began with. Reads before it writes: most answers say what is known.
    ///
    /// - Throws: `StoreFailure`.
    func learnLimits(of integration: Integration, after operation: String? = nil) async throws {
        let reading = ear(of: integration)?.take()
        let owed = CallTally.current.map { $0.isLimited ? $0.takeOwed() : 0 } ?? 0
        let (organization, now) = (organization, now)
        if owed == 0 {
            guard let reading else { return }
            let isNews = try await store.read {
                try JobTable($0, organization: organization).isNews(reading, of: integration.id, now: now)
            }
            guard isNews else { return }
        }
        try await store.write { session in
            let table = JobTable(session, organization: organization)
            try table.debit(owed, FarOperation(integration.id, operation ?? "*"), now: now)
            if let reading { try table.hear(reading, of: integration.id, now: now) }
        }
    }
}
