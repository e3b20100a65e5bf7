import Commerce
import Queue
import Synchronization

/// What the workers of one process are at work on: so much at most, and of each integration so many calls at most.
final class WorkDesk: Sendable {
    /// The most pieces of work at the same time. All but a few of them wait for far sides.
    static let pieceLimit = 64
    /// The most calls to one integration at the same time: one that is dead keeps so many workers, and no more.
    static let callLimit = 4

    /// The most batches of notices at the same time: receivers that do not answer leave workers to all other work.
    static let noticeLimit = 40
    /// After how long a batch of notices counts as slow, in seconds, and how many such batches are left out of account:
    /// a few receivers that do not answer take no turn from those that do.
    static let (slowSeconds, slowLimit) = (1.0, 8)

    private struct Pieces {
        var count = 0
        /// When the batches of notices were begun.
        var notices: [FarOperation: Moment] = [:]
        var sorts: Set<FarOperation> = []
        var calls: [Int64: Int] = [:]

        func hasAllNotices(_ now: Moment) -> Bool {
            guard notices.count >= noticeLimit else { return false }
            let slow = notices.values.count { now.seconds(since: $0) >= slowSeconds }
            return notices.count - min(slow, slowLimit) >= noticeLimit
        }
    }

    private let pieces = Mutex(Pieces())
    private let now: @Sendable () -> Moment

    init(now: @escaping @Sendable () -> Moment) { self.now = now }

    /// Whether nothing more may be begun before something ends.
    var isFull: Bool { pieces.withLock { $0.count >= Self.pieceLimit } }

    /// Whether work of that sort waits for what is under way here. The queue would refuse a second piece of one sort,
    /// too; that need not be asked of the store.
    func mustWait(_ work: DueWork) -> Bool {
        guard work.queue != .task else { return false }
        return pieces.withLock { pieces in
            if pieces.sorts.contains(FarOperation(work.integration, work.operation)) { return true }
            if work.queue == .notify, pieces.hasAllNotices(now()) { return true }
            return work.queue.callsOut && pieces.calls[work.integration, default: 0] >= Self.callLimit
        }
    }

    func begin(_ work: DueWork) {
        pieces.withLock { pieces in
            pieces.count += 1
            guard work.queue != .task else { return }
            if work.queue == .notify { pieces.notices[FarOperation(work.integration, work.operation)] = now() }
            pieces.sorts.insert(FarOperation(work.integration, work.operation))
            if work.queue.callsOut { pieces.calls[work.integration, default: 0] += 1 }
        }
    }

    func end(_ work: DueWork) {
        pieces.withLock { pieces in
            pieces.count -= 1
            guard work.queue != .task else { return }
            if work.queue == .notify { pieces.notices[FarOperation(work.integration, work.operation)] = nil }
            pieces.sorts.remove(FarOperation(work.integration, work.operation))
            if work.queue.callsOut { pieces.calls[work.integration, default: 0] -= 1 }
            if pieces.calls[work.integration] == 0 { pieces.calls[work.integration] = nil }
        }
    }
}
