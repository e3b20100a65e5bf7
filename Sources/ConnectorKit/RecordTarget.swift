/// Writes records of one kind.
public protocol RecordTarget: Sendable {
    /// The most writes one call may carry.
    var batchLimit: Int { get }

    /// Writes a batch. Answers one result for each request, in the same order.
    ///
    /// - Throws: `ConnectorFailure` when the call as a whole failed; what befell one entry alone is in its result.
    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult]

    /// Looks for what an earlier attempt at this create may have left, or for what its natural key already names there.
    /// Empty when there is nothing.
    ///
    /// - Throws: `ConnectorFailure`.
    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft]

    /// The form in which two values of a part count as the same at this side ("A & B" and "A &amp; B").
    func normalForm(of part: String, _ value: JSON) -> JSON
}

extension RecordTarget {
    /// The value as it is.
    public func normalForm(of part: String, _ value: JSON) -> JSON { value }
}

/// One record to be brought in step with the far side.
public struct WriteRequest: Hashable, Sendable {
    public var kind: RecordKind
    /// Our own reference, the same at every attempt, unique across all hubs: the far side keeps it where it can.
    public var reference: String
    /// The far side's id; nil to create.
    public var externalID: String?
    /// What the far side may know it by already (SKU, e-mail).
    public var naturalKey: String?
    /// The parts to write: only these may be changed. References in them are external ids of this far side.
    public var changes: Parts
    /// The whole record as the hub has it, for what a write must know beside the changes.
    public var record: Parts
    /// What the far side last showed.
    public var seen: Parts
    /// What the hub last gave it or took from it.
    public var sent: Parts
    /// The far side's revision of what it last showed; nil when it has none.
    public var revision: String?
    /// Other things of this record at the far side, by role (`payment/7` -> its id).
    public var roles: [String: String]
    /// What an operator calls the record.
    public var title: String
    /// Where a document was issued: the integration's name and the document's id there.
    public var issuer: Issuer?

    /// Where a document was issued.
    public struct Issuer: Hashable, Sendable {
        public var integration: String
        public var externalID: String

        /// An issuer.
        public init(integration: String, externalID: String) {
            self.integration = integration
            self.externalID = externalID
        }
    }

    /// A request.
    public init(
        kind: RecordKind, reference: String, externalID: String? = nil, naturalKey: String? = nil,
        changes: Parts = Parts(), record: Parts = Parts(), seen: Parts = Parts(), sent: Parts = Parts(),
        revision: String? = nil, roles: [String: String] = [:], title: String = "", issuer: Issuer? = nil
    ) {
        self.kind = kind
        self.reference = reference
        self.externalID = externalID
        self.naturalKey = naturalKey
        self.changes = changes
        self.record = record
        self.seen = seen
        self.sent = sent
        self.revision = revision
        self.roles = roles
        self.title = title
        self.issuer = issuer
    }
}

/// What became of one write.
public enum WriteResult: Hashable, Sendable {
    case written(Written)
    case failed(ConnectorFailure)
    /// Not written: it waits for a person, for this reason.
    case held(String)
    /// Nothing to write for now, for this reason (an order that is not paid yet); it is asked again when it changes.
    case skipped(String)
    /// Not written: the value of this part belongs to another record there, which is named where the far side does, and
    /// it has none twice. The rest is written without it.
    case taken(part: String, by: String?, detail: String)
}

extension WriteResult {
    /// The same with a remark more; as it is where there is none, or where nothing was written.
    public func remarking(_ remark: String?) -> WriteResult {
        guard let remark, case .written(var written) = self else { return self }
        written.remarks.append(remark)
        return .written(written)
    }
}

/// A write that had its effect.
public struct Written: Hashable, Sendable {
    public var externalID: String
    /// The record as the far side shows it after the write; nil when it does not answer with it (then what was written
    /// counts as seen).
    public var answer: Draft?
    /// Other things made for this record, by role.
    public var roles: [String: String]
    /// Whether nothing was created: the far side had it already, and it is linked as it is.
    public var isAdopted: Bool
    /// Remarks for the change log ("rounding difference of 0.01 EUR booked to Expenses:Rounding").
    public var remarks: [String]

    /// A write that had its effect.
    public init(
        externalID: String, answer: Draft? = nil, roles: [String: String] = [:], isAdopted: Bool = false,
        remarks: [String] = []
    ) {
        self.externalID = externalID
        self.answer = answer
        self.roles = roles
        self.isAdopted = isAdopted
        self.remarks = remarks
    }
}
