import Store

/// The walk over the sorts of waiting jobs on a server: through both indexes in step, each trip to the next sort of
/// each, and past what is known to be empty.
extension JobTable {
    /// The sorts of jobs that wait, each with its first job, and with the first trip the answer to another question.
    func sorts<Value>(asking other: Question<Value>, now: Moment) throws -> ([JobSort], Value) {
        let emptied = session.lowMarks?.emptied(of: organization, now: now) ?? []
        var walks = [Waiting.ready, .timed].map { waiting in
            SortWalk(organization, waiting, past: emptied.filter { $0.line.isTimed == (waiting == .timed) })
        }
        var sorts: [JobSort] = []
        func step(_ found: [JobSort?]) {
            for (index, sort) in zip(walks.indices, found) {
                walks[index].goOn(behind: sort)
                sort.map { sorts.append($0) }
            }
        }
        let (first, answer) = try session.ask(Question(all: walks.map(\.next)).with(other))
        step(first)
        while walks.contains(where: { !$0.isOver }) { step(try session.ask(Question(all: walks.map(\.next)))) }
        if let marks = session.lowMarks {
            for sort in sorts { marks.met(sort.place, in: sort.line(organization)) }
        }
        return (sorts.filter(\.isReady) + sorts.filter { !$0.isReady }, answer)
    }
}

/// One of the two walks.
struct SortWalk {
    /// A place between two sorts, or between two priorities of one.
    private struct Place: Comparable {
        var integration = Int64.min
        var queue = ""
        var kind = ""
        var priority = Int64.max

        static func < (left: Place, right: Place) -> Bool {
            (left.integration, left.queue, left.kind, left.priority)
                < (right.integration, right.queue, right.kind, right.priority)
        }
    }

    private let organization: Int64
    private let waiting: JobTable.Waiting
    private var at = Place()
    /// What is known to be empty and lies ahead, in its order.
    private var gaps: [(place: Place, runAt: Int64)]
    private(set) var isOver = false

    init(
        _ organization: Int64, _ waiting: JobTable.Waiting, past emptied: [(line: LowMarks.Line, below: LowMarks.Place)]
    ) {
        self.organization = organization
        self.waiting = waiting
        gaps = emptied.map { line, below in
            let priority = waiting == .ready ? below.priority : .max
            return (
                Place(integration: line.integration, queue: line.queue, kind: line.kind, priority: priority),
                below.runAt
            )
        }.sorted { $0.place < $1.place }
    }

    /// Goes on behind a sort; where none was found, behind the first gap, or nowhere.
    mutating func goOn(behind sort: JobSort?) {
        if let sort {
            at = Place(integration: sort.integration, queue: sort.queue, kind: sort.kind)
            gaps.removeAll { $0.place <= at }
        } else if gaps.isEmpty {
            isOver = true
        } else {
            at = gaps.removeFirst().place
        }
    }

    /// The first job of the next sort; none where there is none before the end of the next gap's line.
    var next: Question<JobSort?> {
        if isOver { return Question(known: nil) }
        guard let gap = gaps.first else { return at.priority == .max ? step : all(pieces(upTo: nil)) }
        return all(pieces(upTo: gap.place) + [behind(gap)])
    }

    private func all(_ pieces: [Question<JobSort?>]) -> Question<JobSort?> {
        Question(all: pieces).map { $0.lazy.compactMap(\.self).first }
    }

    private var step: Question<JobSort?> {
        ask(JobTable.step(waiting), [.integer(at.integration), .text(at.queue), .text(at.kind)])
    }

    /// What lies between here and another place, in pieces that each look at one column behind those that are given: a
    /// server stops such a look where it ends, but not one that compares several columns at once.
    private func pieces(upTo end: Place?) -> [Question<JobSort?>] {
        let low = values(at)
        let high = end.map(values)
        let shared = high.map { high in zip(low, high).prefix { $0 == $1 }.count } ?? 0
        guard shared < low.count else { return [] }
        let behind = (shared + 1..<max(low.count, shared + 1)).reversed().filter { $0 < 3 || at.priority < .max }
            .map { piece(Array(low[..<$0]), above: low[$0], below: nil) }
        let between = piece(Array(low[..<shared]), above: low[shared], below: high?[shared])
        let before = high.map { high in
            (shared + 1..<max(high.count, shared + 1)).map { piece(Array(high[..<$0]), above: nil, below: high[$0]) }
        }
        return behind + [between] + (before ?? [])
    }

    private func values(_ place: Place) -> [SQLValue] {
        let sort: [SQLValue] = [.integer(place.integration), .text(place.queue), .text(place.kind)]
        return waiting == .ready ? sort + [.integer(place.priority)] : sort
    }

    private func piece(_ given: [SQLValue], above: SQLValue?, below: SQLValue?) -> Question<JobSort?> {
        let sql = Self.pieces[waiting]?[given.count]?[above == nil ? 1 : below == nil ? 0 : 2] ?? ""
        return ask(sql, given + [above, below].compactMap(\.self))
    }

    /// What is left behind a gap, of its own line and priority.
    private func behind(_ gap: (place: Place, runAt: Int64)) -> Question<JobSort?> {
        ask(
            Self.pieces[waiting]?[values(gap.place).count]?[0] ?? "",
            values(gap.place) + [.integer(gap.runAt - 1)])
    }

    private func ask(_ sql: String, _ values: [SQLValue]) -> Question<JobSort?> {
        let isReady = waiting == .ready
        return Question(sql, [.integer(organization)] + values) { rows in
            rows.first.map { row in
                JobSort(
                    integration: row.integer(0), queue: row.text(1), kind: row.text(2),
                    since: row.moment(3) ?? Moment(milliseconds: 0), priority: Int(row.integer(4)), isReady: isReady)
            }
        }
    }

    /// The statements for pieces: by index, by how many columns are given, and then above, below, or between values of
    /// the next.
    static let pieces: [JobTable.Waiting: [Int: [String]]] = [
        .ready: texts(.ready, ["integration_id", "queue", "kind", "priority", "run_at"]),
        .timed: texts(.timed, ["integration_id", "queue", "kind", "run_at"]),
    ]

    private static func texts(_ waiting: JobTable.Waiting, _ columns: [String]) -> [Int: [String]] {
        Dictionary(
            uniqueKeysWithValues: columns.indices.map { given in
                let same = columns[..<given].enumerated().map { " AND \($1) = ?\($0 + 2)" }.joined()
                let column = columns[given]
                let (first, second) = ("?\(given + 2)", "?\(given + 3)")
                let conditions = ["\(column) > \(first)", "\(column) < \(first)"]
                let texts = (conditions + ["\(column) > \(first) AND \(column) < \(second)"]).map { condition in
                    """
                    SELECT integration_id, queue, kind, run_at, priority FROM job WHERE organization_id = ?1
                        AND \(waiting.rawValue)\(same) AND \(condition)
                    ORDER BY integration_id, queue, kind, \(waiting.order) LIMIT 1
                    """
                }
                return (given, texts)
            })
    }
}

extension JobSort {
    /// Where its first job stands.
    var place: LowMarks.Place {
        LowMarks.Place(priority: isReady ? Int64(priority) : 0, runAt: since.milliseconds)
    }

    func line(_ organization: Int64) -> LowMarks.Line {
        LowMarks.Line(
            organization: organization, integration: integration, queue: queue, kind: kind, isTimed: !isReady)
    }
}
