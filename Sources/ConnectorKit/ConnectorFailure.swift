import Wire

/// What a call to a vendor came to when it did not succeed, named after what the caller must decide.
///
/// `detail` is for a person; it never holds a secret. For a write, `mayHaveHappened` says that the effect is unknown
/// and the far side is looked at before anything is written again.
public enum ConnectorFailure: Error, Hashable, Sendable {
    /// Retry; counts for the breaker.
    case unavailable(mayHaveHappened: Bool, detail: String)
    /// Wait as told; the breaker does not count it.
    case throttled(retryAfterSeconds: Int?)
    /// Pause the integration and tell its owner.
    case unauthorized(detail: String)
    /// A person decides.
    case refused(code: String, detail: String)
    /// A person decides; the payload is kept for the developer.
    case unreadable(detail: String)
    /// The record is not there (any more).
    case gone(detail: String)
    /// The place is taken by somebody else for now (a book that is open): wait and try again; not an error.
    case busy(detail: String, retryAfterSeconds: Int)
    /// Shutting down; the attempt does not count.
    case cancelled(mayHaveHappened: Bool)

    /// Whether a write that failed this way may still have had its effect.
    public var mayHaveHappened: Bool {
        switch self {
        case .unavailable(let mayHaveHappened, _), .cancelled(let mayHaveHappened): mayHaveHappened
        default: false
        }
    }

    /// Whether trying again later can help without anybody doing anything.
    public var isTransient: Bool {
        switch self {
        case .unavailable, .throttled, .busy, .cancelled: true
        case .unauthorized, .refused, .unreadable, .gone: false
        }
    }

    /// The word under which failures are counted and dead letters are grouped.
    public var errorClass: String {
        switch self {
        case .unavailable: "unavailable"
        case .throttled: "throttled"
        case .unauthorized: "unauthorized"
        case .refused(let code, _): "refused:\(code)"
        case .unreadable: "unreadable"
        case .gone: "gone"
        case .busy: "busy"
        case .cancelled: "cancelled"
        }
    }

    /// Whether it speaks of what was asked for alone, so that other kinds may still be read at once.
    public var isOfOneKind: Bool {
        switch self {
        case .refused, .unreadable, .gone: true
        case .unavailable, .throttled, .unauthorized, .busy, .cancelled: false
        }
    }

    /// What happened, in a sentence for an operator.
    public var sentence: String {
        switch self {
        case .unavailable(let unclear, let detail):
            "the call to the far side failed (\(detail))" + (unclear ? "; the write may have happened" : "")
        case .throttled(let seconds):
            "the far side asks us to slow down" + (seconds.map { ", for \($0) s" } ?? "")
        case .unauthorized(let detail): "the far side refuses our credentials (\(detail))"
        case .refused(let code, let detail): "the far side refused it: \(detail) [\(code)]"
        case .unreadable(let detail): "the answer cannot be understood: \(detail)"
        case .gone(let detail): "it is not there any more (\(detail))"
        case .busy(let detail, _): detail
        case .cancelled: "stopped because the hub is shutting down"
        }
    }

    /// The failure of a call that got no answer. `writes` says whether the request could change anything.
    public init(_ failure: TransportFailure, writes: Bool) {
        switch failure {
        case .notSent(let detail): self = .unavailable(mayHaveHappened: false, detail: detail)
        case .noAnswer(let detail): self = .unavailable(mayHaveHappened: writes, detail: detail)
        case .tooLarge(let limit):
            self =
                writes
                ? .unavailable(mayHaveHappened: true, detail: "answer larger than \(limit) bytes")
                : .unreadable(detail: "answer larger than \(limit) bytes")
        case .cancelled: self = .cancelled(mayHaveHappened: writes)
        }
    }
}
