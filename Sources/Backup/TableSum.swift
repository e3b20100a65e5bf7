import Commerce
import Store
import Wire

/// How many rows a table has, and a sum over the SHA-256 of each. Rows of one set give one sum in any order, so that
/// stores may read a table by the key that is cheap to them.
public struct TableSum: Hashable, Sendable {
    /// The table.
    public let table: String
    /// How many rows.
    public private(set) var rows = 0
    private var sum = [UInt8](repeating: 0, count: 32)

    /// Of no row.
    public init(_ table: String) { self.table = table }

    /// The sum in hexadecimal.
    public var hash: String { Signature.hex(sum) }

    /// Adds rows.
    public mutating func add(_ all: [[SQLValue]]) {
        var bytes: [UInt8] = []
        for values in all {
            bytes.removeAll(keepingCapacity: true)
            RowCode.add(values.map(Self.plain), to: &bytes)
            add(Signature.sha256(bytes))
            rows += 1
        }
    }

    private mutating func add(_ number: [UInt8]) {
        var carry = 0
        for place in sum.indices.reversed() {
            let digit = Int(sum[place]) + Int(number[place]) + carry
            sum[place] = UInt8(truncatingIfNeeded: digit)
            carry = digit >> 8
        }
    }

    /// PostgreSQL keeps no byte 0; the store writes the replacement character there.
    private static func plain(_ value: SQLValue) -> SQLValue {
        guard case .text(let text) = value, text.utf8.contains(0) else { return value }
        return .text(text.replacing("\0", with: "\u{FFFD}"))
    }

    /// Of a table as it is.
    ///
    /// - Throws: `StoreFailure`.
    public static func of(_ shape: TableShape, _ session: any StoreSession) throws -> TableSum {
        var sum = TableSum(shape.name)
        try shape.eachPage(session) { sum.add($0.map(\.values)) }
        return sum
    }

    var json: JSON { ["table": .string(table), "rows": .integer(rows), "sha256": .string(hash)] }

    init?(_ json: JSON) {
        guard let table = json["table"]?.string, let hash = json["sha256"]?.string, let rows = json["rows"]?.integer
        else { return nil }
        let digits = hash.compactMap { $0.hexDigitValue.map { UInt8(truncatingIfNeeded: $0) } }
        guard digits.count == 64, hash.count == 64 else { return nil }
        self.table = table
        self.rows = Int(rows)
        sum = stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
