import Backup
import Store

/// What is known of backups. Making one belongs to the program; the hub remembers how it went, for all who ask.
extension Hub {
    /// How the backups that are made again and again go; nil where none was ever tried.
    ///
    /// - Throws: `StoreFailure`.
    public func backups() async throws -> BackupState? {
        let organization = organization
        return try await store.read { try BackupTable($0, organization: organization).state() }
    }

    /// One was made.
    ///
    /// - Throws: `StoreFailure`.
    public func noteBackup(_ file: String) async throws {
        let (organization, now) = (organization, now)
        try await store.write { try BackupTable($0, organization: organization).made(file, at: now) }
    }

    /// One could not be made.
    ///
    /// - Throws: `StoreFailure`.
    public func noteBackupFailure(_ problem: String) async throws {
        let (organization, now) = (organization, now)
        logger.warning("the backup failed: \(problem)")
        try await store.write { try BackupTable($0, organization: organization).failed(problem, at: now) }
    }
}
