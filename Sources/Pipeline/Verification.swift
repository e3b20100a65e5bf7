import Commerce
import Ledger

/// How much is looked at when a store is verified.
public struct VerifyTerms: Hashable, Sendable {
    /// How many records of each integration are compared with the real side; 0: none.
    public var samples = 20
    /// The most that can be asked for of one integration.
    public static let samplesLimit = 1000
    /// How many errors of one test are listed; all are counted.
    public static let listed = 100

    /// As usual.
    public init() {}
}

/// What is looked at, in this order.
public enum VerifyTest: String, Hashable, Sendable, CaseIterable {
    case schema, links, records, bases, totals, stock, orphans, work, drift

    /// What is right where it is passed.
    public var purpose: String {
        switch self {
        case .schema: "every table, column and index is there"
        case .links: "every link has its record and its integration"
        case .records: "every record is linked somewhere"
        case .bases: "what both sides last agreed on can be read, and what differs has a task"
        case .totals: "orders add up to their totals, or are held"
        case .stock: "stock is what its movements come to"
        case .orphans: "nothing stands for something that is not there"
        case .work: "tasks, schedules and notices belong to somebody"
        case .drift: "the real sides show what the hub believes they show (a sample)"
        }
    }
}

/// Something that is not as it should be.
public struct VerifyError: Hashable, Sendable {
    /// What it is; nothing that is somebody's own.
    public var sentence: String
    /// The record it is about, with which `crossdock explain` shows what was written of it; nil where there is none.
    public var record: Int64?
    public var kind: RecordKind?

    /// An error.
    public init(_ sentence: String, record: Int64? = nil, kind: RecordKind? = nil) {
        (self.sentence, self.record, self.kind) = (sentence, record, kind)
    }

    /// The command that shows all there is about it; nil where there is no record.
    public var command: String? {
        record.flatMap { id in kind.map { "crossdock explain \($0.rawValue) \(id)" } }
    }

    /// As commands and the API show it.
    public var json: JSON {
        var members: [String: JSON] = ["error": .string(sentence)]
        members["record"] = record.map { .integer($0) }
        members["kind"] = kind.map { .string($0.rawValue) }
        members["command"] = command.map(JSON.string)
        return .object(members)
    }
}

/// What one test came to.
public struct VerifyResult: Hashable, Sendable {
    public let test: VerifyTest
    /// How many rows, or records, were looked at.
    public var checked = 0
    /// The first errors.
    public private(set) var errors: [VerifyError] = []
    /// How many there are in all.
    public private(set) var errorCount = 0
    /// What is no error and worth knowing, a sentence each.
    public private(set) var remarks: [String] = []

    /// A test that has found nothing yet.
    public init(_ test: VerifyTest) { self.test = test }

    /// Whether all that was looked at is as it should be.
    public var isPassed: Bool { errorCount == 0 }

    mutating func add(_ error: VerifyError) {
        errorCount += 1
        if errors.count < VerifyTerms.listed { errors.append(error) }
    }

    mutating func remark(_ sentence: String) {
        if remarks.count < VerifyTerms.listed { remarks.append(sentence) }
    }

    /// In the words of seed 000: `passed` and `errors`.
    public var json: JSON {
        [
            "passed": .bool(isPassed), "checked": .integer(checked), "purpose": .string(test.purpose),
            "errorCount": .integer(errorCount), "errors": .array(errors.map(\.json)),
            "remarks": .array(remarks.map(JSON.string)),
        ]
    }
}

/// What verifying a store came to.
public struct Verification: Hashable, Sendable {
    public var startedAt: Moment
    public var endedAt: Moment
    public var results: [VerifyResult]

    /// Whether every test is passed.
    public var isPassed: Bool { results.allSatisfy(\.isPassed) }

    /// What it came to, in one sentence.
    public var sentence: String {
        let failed = results.filter { !$0.isPassed }
        guard !failed.isEmpty else { return "verified: all \(results.count) tests are passed" }
        let words = failed.map { "\($0.test.rawValue) (\($0.errorCount))" }.joined(separator: ", ")
        return "verified: something is not as it should be: \(words); see crossdock verify"
    }

    /// As commands and the API show it: each test by its name.
    public var json: JSON {
        [
            "passed": .bool(isPassed), "startedAt": .string(startedAt.description),
            "endedAt": .string(endedAt.description),
            "tests": .object(
                Dictionary(results.map { ($0.test.rawValue, $0.json) }, uniquingKeysWith: { first, _ in first })),
        ]
    }
}

/// How far it is, for whoever watches.
public struct VerifyProgress: Hashable, Sendable {
    public var test: VerifyTest
    public var done: Int
    /// Nil where that is not known beforehand.
    public var total: Int?
}
