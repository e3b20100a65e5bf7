import Store

/// A lane of an integration: its jobs run one after the other.
struct Lane: Hashable {
    let integration: Int64
    let name: String
}

extension Job {
    var inLane: Lane? { lane.map { Lane(integration: integration, name: $0) } }
}

/// Where a job stands in its lane.
struct LanePlace {
    let number: Int64
    let isBlocked: Bool
}

/// Lanes: of the open jobs of one, only the first may be claimed. One that fails holds up its own lane and no other,
/// until it succeeds or is given up; those that wait behind it stand in no worker's way, because they are in no index
/// a worker reads.
extension JobTable {
    private static let open = "is_open = 1"

    /// The last place of a lane.
    func nextPlace(in lane: Lane, id: Int64) throws -> LanePlace {
        let last = try session.rows(
            """
            SELECT lane_place FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND lane = ?3
                AND \(Self.open) ORDER BY lane_place DESC LIMIT 1
            """, [.integer(organization), .integer(lane.integration), .text(lane.name)]
        ).first?.optionalInteger(0)
        return LanePlace(number: max(last.map { $0 + 1 } ?? id, id), isBlocked: last != nil)
    }

    /// The job that goes first in a lane.
    ///
    /// - Throws: `StoreFailure`.
    func first(in lane: Lane) throws -> Job? {
        try session.rows(
            """
            SELECT \(Job.columns) FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND lane = ?3
                AND \(Self.open) ORDER BY lane_place LIMIT 1
            """, [.integer(organization), .integer(lane.integration), .text(lane.name)]
        ).first.flatMap(Job.init)
    }

    /// Lets the first of each lane go, after one of them ended.
    func unblock(_ lanes: Set<Lane>) throws {
        for lane in lanes.sorted(by: { ($0.integration, $0.name) < ($1.integration, $1.name) }) {
            try session.tell(
                """
                UPDATE job SET is_blocked = 0 WHERE organization_id = ?1 AND is_blocked = 1 AND id = (
                    SELECT id FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND lane = ?3
                        AND \(Self.open) ORDER BY lane_place LIMIT 1)
                """, [.integer(organization), .integer(lane.integration), .text(lane.name)])
        }
        for integration in Set(lanes.map(\.integration)) { forgetMarks(of: integration) }
    }
}
