/// How a notice stands.
public enum NoticeState: String, Hashable, Sendable, CaseIterable {
    /// Waits for its call, the first or the next.
    case waiting
    case delivered
    /// Given up: its schedule came to its end.
    case failed
    /// The listener was disabled before it got through.
    case missed
}

/// One event for one listener. What is told of the record is read when it is sent, so nothing of it is kept here.
public struct Notice: Hashable, Sendable {
    public var id: Int64
    public var listener: Int64
    /// The event, by the name the listener asked for.
    public var event: String
    /// 0 where it is about no record.
    public var record: Int64
    public var kind: RecordKind?
    /// The parts that have changed.
    public var changed: [String]
    /// The integration it came from; nil for a person or the hub.
    public var origin: Int64?
    /// What it is about where that is no record.
    public var detail: JSON?
    /// When what it tells of happened.
    public var at: Moment
    public var state: NoticeState
    /// How often it was sent.
    public var attempts: Int
    /// When it got through or was given up.
    public var settledAt: Moment?

    /// A notice that waits.
    public init(
        id: Int64, listener: Int64, event: String, record: Int64 = 0, kind: RecordKind? = nil, changed: [String] = [],
        origin: Int64? = nil, detail: JSON? = nil, at: Moment
    ) {
        self.id = id
        self.listener = listener
        self.event = event
        self.record = record
        self.kind = kind
        self.changed = changed
        self.origin = origin
        self.detail = detail
        self.at = at
        state = .waiting
        attempts = 0
    }

    /// By which a receiver tells a repeat: the same for every call of this notice.
    public var messageID: String { "msg_\(id)" }

    /// The notice of a message id; nil when it is none.
    public static func id(ofMessage text: String) -> Int64? {
        text.hasPrefix("msg_") ? Int64(text.dropFirst(4)) : nil
    }
}

/// One call of a notice, and what came of it: headers and bodies without secrets and without what is somebody's own.
public struct NoticeAttempt: Hashable, Sendable {
    public var id: Int64
    public var notice: Int64
    public var listener: Int64
    /// 1 for the first.
    public var number: Int
    public var at: Moment
    public var milliseconds: Int64
    /// Nil where no answer came.
    public var status: Int?
    /// Why it failed; nil when it got through.
    public var error: String?
    public var request: String
    public var response: String

    /// A call.
    public init(
        id: Int64, notice: Int64, listener: Int64, number: Int, at: Moment, milliseconds: Int64, status: Int?,
        error: String?, request: String, response: String
    ) {
        self.id = id
        self.notice = notice
        self.listener = listener
        self.number = number
        self.at = at
        self.milliseconds = milliseconds
        self.status = status
        self.error = error
        self.request = request
        self.response = response
    }
}
