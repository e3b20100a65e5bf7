import Audit
import Console
import Identity
import Intake
import Ledger
import Synchronization

@testable import Pipeline

/// Remembers what it was told of, and never writes it down.
final class SampleSecurity: SecurityPort {
    struct Seen: Hashable {
        let kind: SecurityKind
        let address: String?
        let place: String
    }

    let seen = Mutex<[Seen]>([])

    func noteSecurity(_ kind: SecurityKind, from address: String?, at place: String) {
        seen.withLock { $0.append(Seen(kind: kind, address: address, place: place)) }
    }

    func keepSecurityEvents(isUrgent: Bool) async {}

    func securityEvents(seconds: Double, kind: SecurityKind?, limit: Int) async throws -> [SecurityLine] { [] }
    func securityCounts(seconds: Double) async throws -> [SecurityKind: Int] { [:] }
}

/// A hub that no vendor has called.
struct SampleInbox: InboxPort {
    func deliveries(_ filter: DeliveryFilter, limit: Int) async throws -> [DeliveryView] { [] }
    func delivery(_ id: Int64) async throws -> DeliveryView? { nil }
    func replay(deliveries given: [Int64], by actor: AuditActor) async throws -> [Int64] { [] }
    func replay(_ filter: DeliveryFilter, by actor: AuditActor) async throws -> [Int64] { [] }

    func sampleWebhook(to integration: Integration, by actor: AuditActor) async throws -> Hub.Reception { .unknown }
}
