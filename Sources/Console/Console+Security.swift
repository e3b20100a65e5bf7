import Commerce
import Identity
import Pipeline
import Wire

/// What was tried by those who may not, over HTTP.
extension Console {
    /// The addresses of it.
    static let securityRoutes: [Route] = [
        Route(
            "GET", "/api/security/events", .those(.audit), "What was tried by those who may not, by the minute.",
            .data(.securityEvents).asking(
                Contract.Parameter(
                    "minutes", .integer(1...securityMinutes.most), "How far back; \(securityMinutes.usual) unless said."
                ), Contract.Parameter("kind", .word(of: SecurityKind.self), "Only these."), .limit(securityLimit))
        ) {
            await $0.securityEvents($1)
        }
    ]

    /// How far back is looked, in minutes: unless said, and at most (lines are kept for thirty days).
    private static let securityMinutes = (usual: 60, most: 43_200)
    /// How many lines one answer lists: unless said, and at most.
    private static let securityLimit = (usual: 200, most: 1000)

    /// `GET /api/security/events?minutes=&kind=&limit=`.
    private func securityEvents(_ visit: Visit) async -> HTTPResponse {
        let envelope = visit.envelope
        return await looked(envelope) {
            var (minutes, limit) = (Self.securityMinutes.usual, Self.securityLimit.usual)
            var kind: SecurityKind?
            for item in visit.request.address.query {
                switch item.name {
                case "minutes":
                    guard let number = Int(item.value), (1...Self.securityMinutes.most).contains(number) else {
                        return envelope.failure(
                            .badRequest, "minutes must be a number from 1 to \(Self.securityMinutes.most)")
                    }
                    minutes = number
                case "limit":
                    guard let number = Int(item.value), (1...Self.securityLimit.most).contains(number) else {
                        return envelope.failure(
                            .badRequest, "limit must be a number from 1 to \(Self.securityLimit.most)")
                    }
                    limit = number
                case "kind":
                    guard let known = SecurityKind(rawValue: item.value) else {
                        let words = SecurityKind.allCases.map(\.rawValue).joined(separator: ", ")
                        return envelope.failure(.badRequest, "kind must be one of \(words)")
                    }
                    kind = known
                default:
                    return envelope.failure(
                        .badRequest, "\"\(item.name.prefix(60))\" means nothing here; there are: minutes, kind, limit")
                }
            }
            let lines = try await hub.strangers.securityEvents(seconds: Double(minutes) * 60, kind: kind, limit: limit)
            let counts = try await hub.strangers.securityCounts(seconds: Double(minutes) * 60)
            return envelope.success([
                "minutes": .integer(minutes), "events": .array(lines.map(\.json)),
                "counts": .object(
                    Dictionary(
                        counts.map { ($0.rawValue, JSON.integer($1)) }, uniquingKeysWith: { first, _ in first })),
            ])
        }
    }
}
