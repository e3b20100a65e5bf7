/// A table that grows with time and is forgotten by time. On a server each span of time is a slice of its own, so that
/// what is old goes with its slice, at once and without a trace; in a file, rows go one by one.
public struct TimeSlices: Sendable {
    /// The table; what no slice takes stands in `TABLE_rest`.
    public let table: String
    /// The column by which it is sliced.
    public let column: String
    /// How long one slice is, in days.
    public let days: Int64
    /// What stands in the column from that moment on.
    public let mark: @Sendable (Moment) -> Int64
    /// A query that finds something which still needs rows from `?1` to before `?2`; nil where nothing can.
    public let need: String?

    /// A table and how it is sliced.
    public init(
        _ table: String, by column: String, days: Int64, need: String? = nil,
        mark: @escaping @Sendable (Moment) -> Int64
    ) {
        self.table = table
        self.column = column
        self.days = days
        self.need = need
        self.mark = mark
    }

    /// A slice: from when, and what stands in the column from its start to before its end.
    public struct Slice: Hashable, Sendable {
        public let name: String
        public let start: Int64
        public let end: Int64

        /// A slice.
        public init(name: String, start: Int64, end: Int64) {
            self.name = name
            self.start = start
            self.end = end
        }
    }

    /// How many slices are made before their time comes.
    public static let ahead: Int64 = 2

    /// The slice of a moment and those that come next.
    public func slices(from now: Moment) -> [Slice] {
        let length = days * 86_400_000
        let current = (now.milliseconds - (now.milliseconds % length + length) % length) / length
        return (current...current + Self.ahead).map { number in
            let (start, end) = (Moment(milliseconds: number * length), Moment(milliseconds: (number + 1) * length))
            return Slice(
                name: "\(table)_" + start.day.replacing("-", with: ""), start: mark(start), end: mark(end))
        }
    }
}
