import Commerce
import Files
import Store
import Wire

/// What a chunk holds.
enum ChunkKind: UInt8 {
    /// The name and columns of the table whose rows follow.
    case table = 1
    case rows = 2
    /// Counts and sums of all tables; nothing follows.
    case end = 3
}

/// What is read from a backup, piece by piece.
enum BackupPiece {
    case table(TableShape)
    case rows([[SQLValue]])
    case end([TableSum])
}

/// Writes a backup.
struct BackupWriter {
    /// From how many bytes on rows become a chunk.
    static let chunkBytes = 256 << 10

    private let file: NewFile
    private var seal: ChunkSeal
    private var open: [UInt8] = []
    private var sums: [TableSum] = []

    init(_ path: String, _ head: BackupHead, _ key: BackupKey?) throws {
        file = try NewFile(path)
        try file.write(head.bytes)
        seal = ChunkSeal(head: head.bytes, key: key?.ofFile(salt: head.salt))
    }

    mutating func begin(_ shape: TableShape) throws {
        try flush()
        sums.append(TableSum(shape.name))
        let json: JSON = ["table": .string(shape.name), "columns": .array(shape.columns.map(JSON.string))]
        try put(.table, json.bytes)
    }

    mutating func add(_ rows: [Row]) throws {
        for row in rows {
            RowCode.add(row.values, to: &open)
            if open.count >= Self.chunkBytes { try flush() }
        }
        sums[sums.count - 1].add(rows.map(\.values))
    }

    /// Ends the file; what it holds.
    mutating func finish() throws -> [TableSum] {
        try flush()
        try put(.end, JSON.array(sums.map(\.json)).bytes)
        try file.replace()
        return sums
    }

    private mutating func flush() throws {
        guard !open.isEmpty else { return }
        try put(.rows, open)
        open.removeAll(keepingCapacity: true)
    }

    private mutating func put(_ kind: ChunkKind, _ bytes: [UInt8]) throws {
        let label =
            [kind.rawValue] + withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count).bigEndian) { Array($0) }
        try file.write(label + seal.seal(bytes, label))
    }
}

/// Reads a backup. Nothing it hands out is other than what was written, but only its end says that it was all.
struct BackupReader {
    /// The longest chunk: a row of the longest text SQLite keeps.
    static let longestChunk = 1 << 30

    let path: String
    let head: BackupHead
    private let file: OldFile
    private var seal: ChunkSeal
    private var columns = 0

    /// Opens a file.
    ///
    /// - Throws: `BackupFailure`.
    init(_ path: String, _ key: BackupKey?) throws(BackupFailure) {
        let opened = try Self.opened(path)
        (self.path, head, file) = (path, opened.head, opened.file)
        guard let id = head.keyID else {
            seal = ChunkSeal(head: opened.bytes, key: nil)
            return
        }
        guard let key else { throw .needsKey(path) }
        guard key.id == id else { throw .otherKey(path, id: id) }
        seal = ChunkSeal(head: opened.bytes, key: key.ofFile(salt: head.salt))
    }

    /// Reads the head.
    static func opened(_ path: String) throws(BackupFailure) -> (head: BackupHead, file: OldFile, bytes: [UInt8]) {
        let file = try OldFile(path)
        guard try file.read(BackupHead.mark.count) == BackupHead.mark else { throw .notOurs(path) }
        let length = try file.read(4)
        guard length.count == 4 else { throw .cut(path) }
        let count = Int(length.reduce(0) { $0 << 8 | UInt32($1) })
        guard count <= BackupHead.limit else { throw .altered(path) }
        let text = try file.read(count)
        guard text.count == count else { throw .cut(path) }
        return (try BackupHead(text, of: path), file, BackupHead.mark + length + text)
    }

    /// The next piece.
    ///
    /// - Throws: `BackupFailure`.
    mutating func next() throws(BackupFailure) -> BackupPiece {
        let label = try file.read(5)
        guard label.count == 5 else { throw .cut(path) }
        let length = Int(label[1...].reduce(0) { $0 << 8 | UInt32($1) })
        guard let kind = ChunkKind(rawValue: label[0]), length <= Self.longestChunk else { throw .altered(path) }
        let sealed = try file.read(length + seal.tagBytes)
        guard sealed.count == length + seal.tagBytes else { throw .cut(path) }
        guard let bytes = seal.open(sealed, label) else { throw .altered(path) }
        switch kind {
        case .table:
            guard let json = try? JSON(parsing: bytes), let name = json["table"]?.string,
                let columns = json["columns"]?.array?.compactMap(\.string)
            else { throw .altered(path) }
            self.columns = columns.count
            return .table(TableShape(name: name, columns: columns, key: []))
        case .rows:
            guard let rows = RowCode.rows(bytes, columns: columns) else { throw .altered(path) }
            return .rows(rows)
        case .end:
            guard try file.read(1).isEmpty, let sums = (try? JSON(parsing: bytes))?.array?.map({ TableSum($0) })
            else { throw .altered(path) }
            return .end(sums.compactMap { $0 })
        }
    }
}
