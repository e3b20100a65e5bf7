import Commerce
import Wire

/// What stands first in a backup, readable without its key.
public struct BackupHead: Hashable, Sendable {
    /// The version of the program that made it.
    public var version: String
    /// Which database it was made from.
    public var dialect: String
    /// The migrations of its schema, in order.
    public var schema: [String]
    /// When it was made.
    public var at: Moment
    /// By what the key that encrypts it is known, and what was mixed with it for this file; nil: it is not encrypted.
    var keyID: String?
    var salt: [UInt8]

    /// The first bytes of every backup.
    static let mark = Array("CROSSDOCK BACKUP\n".utf8)
    /// The form this program writes, and the newest it reads.
    static let form = 1
    /// The longest head, in bytes.
    static let limit = 1 << 20

    /// Whether it is encrypted.
    public var isEncrypted: Bool { keyID != nil }

    /// The head's bytes as they stand in the file.
    var bytes: [UInt8] {
        let text = json.bytes
        return Self.mark + withUnsafeBytes(of: UInt32(truncatingIfNeeded: text.count).bigEndian) { Array($0) } + text
    }

    private var json: JSON {
        var members: [String: JSON] = [
            "product": "crossdock", "form": .integer(Self.form), "version": .string(version),
            "dialect": .string(dialect), "schema": .array(schema.map(JSON.string)),
            "at": .integer(at.milliseconds), "time": .string(at.description),
        ]
        if let keyID {
            members["encryption"] = [
                "cipher": "AES-256-GCM", "key": .string(keyID), "salt": .string(Signature.base64(salt)),
            ]
        }
        return .object(members)
    }

    init(version: String, dialect: String, schema: [String], at: Moment, keyID: String?, salt: [UInt8]) {
        self.version = version
        self.dialect = dialect
        self.schema = schema
        self.at = at
        self.keyID = keyID
        self.salt = salt
    }

    /// Reads a head.
    ///
    /// - Throws: `BackupFailure`.
    init(_ bytes: [UInt8], of path: String) throws(BackupFailure) {
        guard let json = try? JSON(parsing: bytes), json["product"]?.string == "crossdock",
            let form = json["form"]?.integer
        else { throw .altered(path) }
        version = json["version"]?.string ?? ""
        guard form <= Self.form else { throw .newer(path, what: "form \(form), version \(version)") }
        guard let dialect = json["dialect"]?.string, let schema = json["schema"]?.array,
            let at = json["at"]?.integer
        else { throw .altered(path) }
        self.dialect = dialect
        self.schema = schema.compactMap(\.string)
        self.at = Moment(milliseconds: Int64(at))
        salt = []
        guard let encryption = json["encryption"] else { return }
        guard let id = encryption["key"]?.string, let salt = encryption["salt"]?.string.flatMap(Signature.bytes) else {
            throw .altered(path)
        }
        keyID = id
        self.salt = salt
    }
}
