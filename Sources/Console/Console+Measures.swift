import Commerce
import Ledger
import Pipeline
import Telemetry
import Wire

/// The hub and its integrations in numbers.
extension Console {
    func integrationMetrics(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            try await hub.desk.measure(visit.names[0]).map {
                visit.envelope.success($0.json(now: visit.envelope.now))
            } ?? nothing(visit)
        }
    }

    func systemMetrics(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            var members = try await hub.desk.measure().json
            members["resources"] = ProcessLook.now.json
            members["uptimeSeconds"] = uptime(visit)
            return visit.envelope.success(.object(members))
        }
    }

    /// The parts of the hub as `/health` shows them, and how many integrations are in which state.
    func systemHealth(_ visit: Visit) async -> HTTPResponse {
        let report = await healthReport()
        guard report.state != .down else {
            return visit.envelope.unavailable("the hub is down: its store does not answer")
        }
        return await looked(visit.envelope) {
            visit.envelope.success([
                "status": .string(report.state.rawValue), "version": .string(options.version),
                "uptimeSeconds": uptime(visit), "checks": report.json,
                "integrations": SystemMeasure.counts(of: try await hub.desk.integrationStates()),
            ])
        }
    }

    private func uptime(_ visit: Visit) -> JSON {
        .integer(Int(max(0, visit.envelope.now.seconds(since: startedAt))))
    }
}

extension ProcessLook {
    var json: JSON {
        [
            "memoryBytes": memoryBytes.map { JSON.integer($0) } ?? .null,
            "memoryLimitBytes": memoryLimitBytes.map { JSON.integer($0) } ?? .null,
            "processorMilliseconds": .integer(Int(processorSeconds * 1000)),
        ]
    }
}
