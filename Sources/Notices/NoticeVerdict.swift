/// What came of one call.
public enum NoticeOutcome: Sendable {
    case answered(HTTPResponse)
    case unanswered(TransportFailure)

    /// The status, where there is one.
    public var status: Int? { if case .answered(let response) = self { response.status } else { nil } }
}

/// What follows from one call: decided from what came of it, and from nothing else.
public enum NoticeVerdict: Hashable, Sendable {
    case delivered
    /// It is repeated. `pauseSeconds`: how long the receiver asks to be left alone. `isAway`: whether nobody is there,
    /// or all of it is unwell, so that other notices need not be tried now.
    case failed(String, pauseSeconds: Int?, isAway: Bool)
    /// The receiver says that it is gone for good.
    case gone
    /// The hub stops; the call does not count.
    case stopped

    /// The verdict on a call at that time.
    public init(_ outcome: NoticeOutcome, now: Moment) {
        switch outcome {
        case .unanswered(.cancelled): self = .stopped
        case .unanswered(.notSent(let why)): self = .failed(why, pauseSeconds: nil, isAway: true)
        case .unanswered(.noAnswer(let why)): self = .failed("no answer: \(why)", pauseSeconds: nil, isAway: true)
        case .unanswered(.tooLarge(let limit)):
            self = .failed("the answer is larger than \(limit) bytes", pauseSeconds: nil, isAway: false)
        case .answered(let response): self = Self.verdict(on: response, now: now)
        }
    }

    private static func verdict(on response: HTTPResponse, now: Moment) -> NoticeVerdict {
        // A time that has passed asks for nothing.
        let pause = response.retryAfterSeconds(now: now).flatMap {
            $0 > 0 ? min($0, NoticeSchedule.longestPauseSeconds) : nil
        }
        switch response.status {
        case 200..<300: return .delivered
        case 410: return .gone
        case 300..<400:
            return .failed("status \(response.status): redirects are not followed", pauseSeconds: pause, isAway: false)
        case 429, 500...: return .failed("status \(response.status)", pauseSeconds: pause, isAway: true)
        default: return .failed("status \(response.status)", pauseSeconds: pause, isAway: false)
        }
    }
}
