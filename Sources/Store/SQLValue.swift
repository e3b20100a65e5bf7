@_exported import Commerce

/// A value bound to or read from a column.
public enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
    /// The keys of a set query, bound as one value: `IN {2}` in the statement's text names the second parameter.
    case keys([String])
    /// Whole-number keys of a set query.
    case ids([Int64])

    /// A text, or null.
    public init(_ text: String?) { self = text.map(SQLValue.text) ?? .null }
    /// A whole number, or null.
    public init(_ value: Int64?) { self = value.map(SQLValue.integer) ?? .null }
    /// A moment as milliseconds, or null.
    public init(_ moment: Moment?) { self = moment.map { .integer($0.milliseconds) } ?? .null }
    /// A JSON value as its canonical text.
    public init(_ json: JSON) { self = .text(json.text) }
}

/// A row that was read: values by position, in the order of the statement's columns.
public struct Row: Sendable {
    /// Those of all rows of an answer, row by row: one array for all of them costs less than one for each.
    private let cells: [SQLValue]
    private let start: Int
    private let width: Int

    /// The rows of an answer, whose values follow each other.
    public static func all(_ cells: [SQLValue], width: Int) -> [Row] {
        stride(from: 0, to: cells.count, by: max(width, 1)).map { Row(cells: cells, start: $0, width: width) }
    }

    /// The values.
    public var values: [SQLValue] { Array(cells[start..<start + width]) }

    private func value(_ index: Int) -> SQLValue? { 0..<width ~= index ? cells[start + index] : nil }

    /// The text at that position; empty when it is null or no text.
    public func text(_ index: Int) -> String { optionalText(index) ?? "" }

    /// The text at that position, or nil.
    public func optionalText(_ index: Int) -> String? {
        if case .text(let text) = value(index) { text } else { nil }
    }

    /// The whole number at that position; zero when it is null or no number.
    public func integer(_ index: Int) -> Int64 { optionalInteger(index) ?? 0 }

    /// The whole number at that position, or nil.
    public func optionalInteger(_ index: Int) -> Int64? {
        if case .integer(let number) = value(index) { number } else { nil }
    }

    /// The bytes at that position; empty when it is null or no blob.
    public func blob(_ index: Int) -> [UInt8] {
        if case .blob(let bytes) = value(index) { bytes } else { [] }
    }

    /// The moment at that position, or nil.
    public func moment(_ index: Int) -> Moment? { optionalInteger(index).map(Moment.init(milliseconds:)) }

    /// The JSON at that position; null when there is none or it cannot be read.
    public func json(_ index: Int) -> JSON { optionalText(index).flatMap { try? JSON(parsing: $0) } ?? .null }
}
