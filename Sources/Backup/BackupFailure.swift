/// Why a backup could not be made, read or put back. Nothing was changed then.
public enum BackupFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file cannot be read or written, in the words of the system.
    case file(String, reason: String)
    /// The file is something else.
    case notOurs(String)
    /// The file ends before its end.
    case cut(String)
    /// The file is not as it was written.
    case altered(String)
    /// The file's form, or its schema, is of a newer program.
    case newer(String, what: String)
    /// It is encrypted, and no key was given.
    case needsKey(String)
    /// It is encrypted with another key.
    case otherKey(String, id: String)
    /// The store has rows.
    case inUse(table: String)
    /// The store has a schema of its own that is not that of the backup.
    case otherSchema(store: String, backup: String)
    /// What was put back is not what the backup holds.
    case differs(table: String)

    /// What happened and what can be done.
    public var description: String {
        switch self {
        case .file(let path, let reason): "\(path): \(reason)"
        case .notOurs(let path): "\(path) is no backup of Crossdock; give a file that crossdock backup has made"
        case .cut(let path):
            "\(path) is cut short: its end is missing. Copy it again from where it was kept, or take an older backup"
        case .altered(let path):
            "\(path) was altered or damaged after it was made. Copy it again from where it was kept, or take an older "
                + "backup"
        case .newer(let path, let what):
            "\(path) was made by a newer Crossdock (\(what)); restore it with that one"
        case .needsKey(let path):
            "\(path) is encrypted; give the file of its key with --encrypt-key-file or CROSSDOCK_BACKUP_KEY_FILE"
        case .otherKey(let path, let id): "\(path) is encrypted with another key (its id is \(id)); give that one"
        case .inUse(let table):
            "the store is in use: it has rows in table \(table). Restore into an empty place, or stop every hub that "
                + "uses it and say --replace, which takes away all that is in it"
        case .otherSchema(let store, let backup):
            "the store's schema is at \(store) and the backup's at \(backup); restore into a place without a store: "
                + "a new folder, or an empty database or schema"
        case .differs(let table):
            "table \(table) is not what the backup holds after it was put back, so all of it was undone; see that no "
                + "hub uses the store, and try again"
        }
    }
}
