import Commerce
import Foundation

/// The folder of backups that are made again and again: the newest stay, older ones go.
public struct BackupFolder: Sendable {
    /// The folder.
    public let path: String
    /// How many stay.
    public let kept: Int

    private static let (head, tail) = ("crossdock-", ".backup")

    /// A folder, made when it is not there.
    ///
    /// - Throws: `BackupFailure.file`.
    public init(_ path: String, kept: Int) throws(BackupFailure) {
        self.path = path
        self.kept = kept
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .file(path, reason: "the folder of backups cannot be made: \(error.localizedDescription)")
        }
    }

    /// The name of one that is made at that time; names are in the order of time.
    public func name(at now: Moment) -> String {
        let digits = now.description.filter { $0.isNumber || $0 == "T" }
        return "\(path)/\(Self.head)\(digits.prefix(15))Z\(Self.tail)"
    }

    /// The backups that are there, the oldest first.
    public var all: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
            .filter { $0.hasPrefix(Self.head) && $0.hasSuffix(Self.tail) }.sorted().map { "\(path)/\($0)" }
    }

    /// When the newest was made, by what stands in it; nil where none is.
    public var newest: Moment? {
        for file in all.reversed() {
            if let head = try? Backup.head(of: file) { return head.at }
        }
        return nil
    }

    /// After that many seconds the rest of a try that was killed is taken away.
    static let restSeconds = 86_400.0

    /// Takes away all but the newest, and what was left by a try that was killed.
    public func forgetOld(now: Moment) {
        for file in all.dropLast(kept) { try? FileManager.default.removeItem(atPath: file) }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        where name.hasPrefix(Self.head) && name.contains("Z\(Self.tail).") {
            let file = "\(path)/\(name)"
            let at = (try? FileManager.default.attributesOfItem(atPath: file)[.modificationDate]) as? Date
            guard let at, Double(now.milliseconds) / 1000 - at.timeIntervalSince1970 > Self.restSeconds else {
                continue
            }
            try? FileManager.default.removeItem(atPath: file)
        }
    }
}
