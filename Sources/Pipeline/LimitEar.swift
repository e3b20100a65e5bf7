import ConnectorKit
import Ledger
import Queue
import Synchronization

/// The way to one integration, on which the hub hears what answers say of how much it may still ask for. Every request
/// and every answer passes as it is.
final class LimitEar: Transport {
    private let transport: any Transport
    private let heard = Mutex<LimitReading?>(nil)

    init(_ transport: any Transport) { self.transport = transport }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let response = try await transport.send(request)
        let reading = LimitReading.headers { response.headers[$0] }
        if reading.form != nil { heard.withLock { $0 = reading } }
        return response
    }

    /// What the latest answer said since it was last asked; nil when answers say nothing.
    func take() -> LimitReading? {
        heard.withLock { heard in
            defer { heard = nil }
            return heard
        }
    }
}

extension Hub {
    /// Lets the limits of an integration learn what its answers said. Reads before it writes: most say what is known.
    ///
    /// - Throws: `StoreFailure`.
    func learnLimits(of integration: Integration) async throws {
        guard let reading = ear(of: integration)?.take() else { return }
        let (organization, now) = (organization, now)
        let isNews = try await store.read {
            try JobTable($0, organization: organization).isNews(reading, of: integration.id, now: now)
        }
        guard isNews else { return }
        try await store.write { session in
            try JobTable(session, organization: organization).hear(reading, of: integration.id, now: now)
        }
    }
}
