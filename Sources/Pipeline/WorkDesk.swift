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

    private struct Pieces {
        var count = 0
        var notices = 0
        var sorts: Set<FarOperation> = []
        var calls: [Int64: Int] = [:]
    }

    private let pieces = Mutex(Pieces())

    /// Whether nothing more may be begun before something ends.
    var isFull: Bool { pieces.withLock { $0.count >= Self.pieceLimit } }

    /// Whether work of that sort waits for what is under way here. The queue would refuse a second piece of one sort,
    /// too; that need not be asked of the store.
    func mustWait(_ work: DueWork) -> Bool {
        guard work.queue != .task else { return false }
        return pieces.withLock { pieces in
            if pieces.sorts.contains(FarOperation(work.integration, work.operation)) { return true }
            if work.queue == .notify, pieces.notices >= Self.noticeLimit { return true }
            return work.queue.callsOut && pieces.calls[work.integration, default: 0] >= Self.callLimit
        }
    }

    func begin(_ work: DueWork) {
        pieces.withLock { pieces in
            pieces.count += 1
            if work.queue == .notify { pieces.notices += 1 }
            guard work.queue != .task else { return }
            pieces.sorts.insert(FarOperation(work.integration, work.operation))
            if work.queue.callsOut { pieces.calls[work.integration, default: 0] += 1 }
        }
    }

    func end(_ work: DueWork) {
        pieces.withLock { pieces in
            pieces.count -= 1
            if work.queue == .notify { pieces.notices -= 1 }
            guard work.queue != .task else { return }
            pieces.sorts.remove(FarOperation(work.integration, work.operation))
            if work.queue.callsOut { pieces.calls[work.integration, default: 0] -= 1 }
            if pieces.calls[work.integration] == 0 { pieces.calls[work.integration] = nil }
        }
    }
}
