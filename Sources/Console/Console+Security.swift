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
                    minutes = try QueryWord.number("minutes", item.value, atMost: Self.securityMinutes.most)
                case "limit": limit = try QueryWord.number("limit", item.value, atMost: Self.securityLimit.most)
                case "kind":
                    guard let known = SecurityKind(rawValue: item.value) else {
                        let words = SecurityKind.allCases.map(\.rawValue).joined(separator: ", ")
                        throw QueryWord.refusal("kind must be one of \(words)")
                    }
                    kind = known
                default: throw QueryWord.unknown(item.name, known: "minutes, kind, limit")
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
