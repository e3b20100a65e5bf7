import Ledger
import Synchronization

/// The integrations by their public addresses, kept for a moment: a burst of calls reads the store once.
///
/// Another process may pause an integration or change its settings; that is seen within `freshSeconds`.
final class AddressBook: Sendable {
    /// How long what was read counts, in seconds.
    static let freshSeconds = 1.0

    private struct Kept {
        var byAddress: [String: Integration] = [:]
        var readAt: Moment?
    }

    private let kept = Mutex(Kept())

    /// The integration at an address; nil when it is not known, or was read too long ago.
    func integration(at publicID: String, now: Moment) -> Integration? {
        kept.withLock { kept in
            guard let at = kept.readAt, (0..<Self.freshSeconds).contains(now.seconds(since: at)) else { return nil }
            return kept.byAddress[publicID]
        }
    }

    /// Keeps what was read.
    func keep(_ integrations: [Integration], now: Moment) {
        let byAddress = Dictionary(integrations.map { ($0.publicID, $0) }, uniquingKeysWith: { first, _ in first })
        kept.withLock { $0 = Kept(byAddress: byAddress, readAt: now) }
    }

    /// Forgets all: something was changed.
    func forget() { kept.withLock { $0 = Kept() } }
}

extension Hub {
    /// The integration at a public address; nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func integration(at publicID: String) async throws -> Integration? {
        if let known = addressBook.integration(at: publicID, now: now) { return known }
        let readAt = now
        let all = try await integrations()
        addressBook.keep(all, now: readAt)
        return all.first { $0.publicID == publicID }
    }
}
