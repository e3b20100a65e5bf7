import Commerce
import Foundation
import Ledger
import Pipeline
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

/// What this process uses of its machine.
struct ProcessLook {
    /// Memory that is really there, in bytes; nil where the system does not tell.
    var memoryBytes: Int?
    /// Time on a processor since the start, in seconds.
    var processorSeconds: Double

    /// As it is now.
    static var now: ProcessLook {
        // Pages in use stand second (proc(5), statm).
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return ProcessLook(
            memoryBytes: pages.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) },
            processorSeconds: Double(clock()) / Double(CLOCKS_PER_SEC))
    }

    var json: JSON {
        [
            "memoryBytes": memoryBytes.map { JSON.integer($0) } ?? .null,
            "processorMilliseconds": .integer(Int(processorSeconds * 1000)),
        ]
    }
}
