import CoreMetrics
@_exported import Logging

/// Where the hub's log lines go. Libraries throw and log at debug; only Deliver, Intake and Console log warnings.
public enum Telemetry {
    /// Makes standard error the place of all log lines, from that level up.
    ///
    /// Call once, before the first logger is made. Standard output stays free for answers.
    public static func bootstrap(level: Logger.Level) {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
    }

    /// Makes `Meters.shared` the place of all counts and times. Call once, before the first is counted.
    public static func bootstrapMeters() { MetricsSystem.bootstrap(Meters.shared) }

    /// The level of that name: swift-log's words in any case, and `verbose` for debug. Nil for anything else.
    public static func level(named text: String) -> Logger.Level? {
        let word = text.lowercased()
        return word == "verbose" ? .debug : (word == "warn" ? .warning : Logger.Level(rawValue: word))
    }
}
