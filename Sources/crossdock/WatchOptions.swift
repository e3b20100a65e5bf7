import Alerts
import ArgumentParser
import Foundation
import Pipeline
import Telemetry

/// Where a hub that serves logs to.
struct LogOptions: ParsableArguments {
    @Option(help: "A file that log lines are added to; it may be moved away while the hub runs (CROSSDOCK_LOG_FILE).")
    var logFile: String?

    /// Has log lines go into the file that is named, if any.
    ///
    /// - Throws: `Refusal` when it cannot be written.
    func open(_ environment: HubEnvironment) throws {
        guard let path = try logFile ?? environment.value(["CROSSDOCK_LOG_FILE", "LOG_FILE"]) else { return }
        do throws(LogFile.Failure) {
            LogDesk.shared.write(to: try LogFile(path))
        } catch {
            throw Refusal(error.description)
        }
    }
}

/// What a hub watches over, as the environment says.
enum WatchSettings {
    /// The variable of each kind: `0.05`, with the least number of cases behind a slash (`0.05/20`), or `off`.
    private static let variables: [AlertKind: String] = [
        .errorRate: "CROSSDOCK_ALERT_ERROR_RATE", .failureRate: "CROSSDOCK_ALERT_FAILURE_RATE",
        .responseTime: "CROSSDOCK_ALERT_RESPONSE_TIME", .farResponseTime: "CROSSDOCK_ALERT_FAR_RESPONSE_TIME",
        .queueSize: "CROSSDOCK_ALERT_QUEUE_SIZE", .memoryUsage: "CROSSDOCK_ALERT_MEMORY_USAGE",
        .connectionFailures: "CROSSDOCK_ALERT_CONNECTION_FAILURES",
        .connectionTest: "CROSSDOCK_ALERT_CONNECTION_TEST", .webhookDelay: "CROSSDOCK_ALERT_WEBHOOK_DELAY",
        .conflictRate: "CROSSDOCK_ALERT_CONFLICT_RATE", .conflictAge: "CROSSDOCK_ALERT_CONFLICT_AGE",
        .breakerOpen: "CROSSDOCK_ALERT_BREAKER_OPEN", .securityEvents: "CROSSDOCK_ALERT_SECURITY_EVENTS",
        .credentialAge: "CROSSDOCK_ALERT_CREDENTIAL_AGE", .keyEnd: "CROSSDOCK_ALERT_KEY_END",
    ]

    /// The terms of a hub's watch.
    ///
    /// - Throws: `Refusal` naming what cannot be read.
    static func terms(
        _ environment: HubEnvironment, decides: Bool
    ) throws -> Watch.Terms {
        var terms = Watch.Terms()
        terms.decides = decides
        for (kind, name) in variables {
            guard let text = try environment.value([name]) else { continue }
            terms.settings.rules[kind] = try rule(text, name, usual: kind.usual)
        }
        if let minutes = try number(environment, "CROSSDOCK_ALERT_ESCALATION_MINUTES", 1...10_080) {
            terms.settings.escalateSeconds = minutes * 60
        }
        if let text = try environment.value(["CROSSDOCK_CONNECTION_TEST_MINUTES"]) {
            let minutes = text == "off" ? nil : try number(environment, "CROSSDOCK_CONNECTION_TEST_MINUTES", 1...10_080)
            terms.testSeconds = minutes.map { $0 * 60 }
        }
        terms.told = try AlertReaders.wishes(environment)
        return terms
    }

    static func rule(_ text: String, _ name: String, usual: AlertRule) throws -> AlertRule? {
        if text == "off" { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), let threshold = Double(parts[0]), threshold.isFinite, threshold > 0,
            let minimum = parts.count == 2 ? Int(parts[1]) : usual.minimum, (1...1_000_000).contains(minimum)
        else {
            throw Refusal("\(name) \"\(text)\" must be a threshold (0.05), one with the least cases (0.05/20), or off")
        }
        return AlertRule(threshold: threshold, minimum: minimum, isFloor: usual.isFloor)
    }

    private static func number(
        _ environment: HubEnvironment, _ name: String, _ range: ClosedRange<Int>
    ) throws -> Double? {
        guard let text = try environment.value([name]) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw Refusal("\(name) \"\(text)\" must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Double(number)
    }
}
