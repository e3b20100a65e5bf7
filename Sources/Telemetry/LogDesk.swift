import Foundation
import Logging
import Synchronization

/// Where the log lines of this process go, from which level on, and how they look. All of it may be changed while the
/// program runs, for the loggers that there are, too.
public final class LogDesk: Sendable {
    /// That of this process, once `Telemetry.bootstrap` was called.
    public static let shared = LogDesk()

    private struct Place {
        var format = LogFormat.text
        var file: LogFile?
    }

    private let place = Mutex(Place())
    /// The place of the level in `Logger.Level.allCases`: it is asked for each line, also for those that are not told.
    private let rank = Atomic<Int>(0)
    /// The level that was set at the start: to it one that was set for a while goes back.
    private let startRank = Atomic<Int>(0)

    /// Everything to standard error.
    public init(level: Logger.Level = .info) {
        rank.store(Self.rank(of: level), ordering: .relaxed)
        startRank.store(Self.rank(of: level), ordering: .relaxed)
    }

    private static func rank(of level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }

    /// From which level on lines are told.
    public var level: Logger.Level {
        get { Logger.Level.allCases[rank.load(ordering: .relaxed)] }
        set { rank.store(Self.rank(of: newValue), ordering: .relaxed) }
    }

    /// The level of the start.
    public var usualLevel: Logger.Level {
        get { Logger.Level.allCases[startRank.load(ordering: .relaxed)] }
        set {
            startRank.store(Self.rank(of: newValue), ordering: .relaxed)
            level = newValue
        }
    }

    /// How lines look.
    public var format: LogFormat {
        get { place.withLock { $0.format } }
        set { place.withLock { $0.format = newValue } }
    }

    /// Has lines go into a file from now on; nil: to standard error.
    public func write(to file: LogFile?) { place.withLock { $0.file = file } }

    /// Has a file look whether it was moved.
    public func reopen() { place.withLock { $0.file }?.reopen() }

    func put(_ line: LogLine) {
        let (format, file) = place.withLock { ($0.format, $0.file) }
        let text = line.text(as: format)
        if let file { file.write(text) } else { FileHandle.standardError.write(Data(text.utf8)) }
    }
}

/// The log of this house: one line an event, with the trace it belongs to, and without secrets.
struct DeskLogHandler: LogHandler {
    let desk: LogDesk
    let label: String
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    /// Where somebody has set a level of his own for his logger.
    private var ownLevel: Logger.Level?

    init(_ desk: LogDesk, label: String) {
        self.desk = desk
        self.label = label
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? desk.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
        if let provided = metadataProvider?.get() { fields.merge(provided.mapValues { "\($0)" }) { mine, _ in mine } }
        if let error = event.error { fields["error"] = "\(error)" }
        if let trace = Trace.current, fields["trace"] == nil { fields["trace"] = trace.id }
        desk.put(
            LogLine(
                seconds: Date().timeIntervalSince1970, level: event.level, label: label,
                message: event.message.description, fields: fields))
    }
}
