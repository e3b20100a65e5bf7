import Backup
import Commerce
import ConnectorKit
import Logging
import Pipeline
import Queue

/// The options of backups that a hub makes by itself.
struct BackupSettings: Sendable {
    let folder: BackupFolder
    let cadence: Cadence
    let key: BackupKey?

    static let usualKept = 14
    static let keptLimit = 1_000

    /// What was said; nil where no folder is named.
    ///
    /// - Throws: `Refusal`, `BackupFailure`.
    init?(_ options: BackupOptions, _ environment: HubEnvironment, role: HubRole) throws {
        let every = try options.backupEvery ?? environment.value(["CROSSDOCK_BACKUP_EVERY"])
        let kept = try options.backupKeep.map(String.init) ?? environment.value(["CROSSDOCK_BACKUP_KEEP"])
        guard let path = try options.backupDir ?? environment.value(["CROSSDOCK_BACKUP_DIR"]) else {
            if options.backupEvery != nil || options.backupKeep != nil {
                throw Refusal("--backup-every and --backup-keep need a folder: --backup-dir DIR")
            }
            return nil
        }
        // A setting of the environment may be the same for all processes; they are made by those that work.
        guard role != .api else {
            if options.backupDir == nil { return nil }
            throw Refusal("a hub with --role api makes no backups; name --backup-dir where workers run")
        }
        guard let count = Int(kept ?? String(Self.usualKept)), (1...Self.keptLimit).contains(count) else {
            throw Refusal("--backup-keep \(kept ?? ""): must be a number from 1 to \(Self.keptLimit)")
        }
        cadence = try Self.cadence(every ?? "daily")
        key = try BackupKeyFile.key(nil, environment)
        folder = try BackupFolder(path, kept: count)
    }

    private static func cadence(_ word: String) throws -> Cadence {
        do {
            if let minutes = Int(word) { return try Cadence(minutes: minutes) }
            return try word.contains(" ") ? Cadence(line: word) : Cadence(word: word)
        } catch {
            throw Refusal("--backup-every: \(error); or a number of minutes, or a cron line")
        }
    }
}

/// Makes backups again and again, where this process runs the schedules.
struct BackupRounds: Sendable {
    let open: OpenHub
    let place: StorePlace
    let settings: BackupSettings
    private let logger = Logger(label: "crossdock.backup")

    init(open: OpenHub, place: StorePlace, settings: BackupSettings) {
        self.open = open
        self.place = place
        self.settings = settings
    }

    /// How often it is looked whether one is due, and how long is waited after a try that failed, in seconds.
    static let (lookSeconds, pauseSeconds) = (5, 300)

    /// Runs until cancelled.
    func run() async {
        var resting = Moment(milliseconds: 0)
        while !Task.isCancelled {
            do {
                if resting <= open.hub.now, try await open.hub.runsSchedules(), try isDue() {
                    if try await make() == false { resting = open.hub.now.adding(seconds: Double(Self.pauseSeconds)) }
                }
            } catch {
                logger.warning("backups: \(error)")
            }
            try? await Task.sleep(for: .seconds(Self.lookSeconds))
        }
    }

    /// By what lies in the folder, so that neither a start nor another process makes one too many.
    private func isDue() throws -> Bool {
        guard let newest = settings.folder.newest else { return true }
        return try settings.cadence.next(after: newest, since: newest) <= open.hub.now
    }

    private func make() async throws -> Bool {
        let name = settings.folder.name(at: open.hub.now)
        do {
            let made = try await BackupCommand.make(Backup(name, key: settings.key), of: place)
            settings.folder.forgetOld(now: open.hub.now)
            try await open.hub.noteBackup(name)
            logger.info("backup \(name): \(made.rows) rows")
            return true
        } catch is CancellationError {
            return false
        } catch {
            try await open.hub.noteBackupFailure(Terminal.sentence(error))
            return false
        }
    }
}
