import CoreMetrics
@_exported import Logging

/// Where the hub's log lines go. Libraries throw and log at debug; only Deliver, Intake and Console log warnings.
public enum Telemetry {
    /// Makes `LogDesk.shared` the place of all log lines, from that level up: standard error, so that standard output
    /// stays free for answers, until a file is named. Call once, before the first logger is made.
    public static func bootstrap(level: Logger.Level, format: LogFormat = .text) {
        LogDesk.shared.usualLevel = level
        LogDesk.shared.format = format
        LoggingSystem.bootstrap { DeskLogHandler(.shared, label: $0) }
    }

    /// Makes `Meters.shared` the place of all counts and times. Call once, before the first is counted.
    public static func bootstrapMeters() { MetricsSystem.bootstrap(Meters.shared) }

    /// The level of that name: swift-log's words in any case, and `verbose` for debug. Nil for anything else.
    public static func level(named text: String) -> Logger.Level? {
        let word = text.lowercased()
        return word == "verbose" ? .debug : (word == "warn" ? .warning : Logger.Level(rawValue: word))
    }
}
