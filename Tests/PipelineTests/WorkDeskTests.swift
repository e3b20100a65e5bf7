import Commerce
import Queue
import Synchronization
import Testing

@testable import Pipeline

@Suite("What the workers of a process are at work on")
struct WorkDeskTests {
    private final class Time: Sendable {
        let now = Mutex(Moment(milliseconds: 0))
    }

    private let time = Time()

    private func desk() -> WorkDesk { WorkDesk(now: { [time] in time.now.withLock { $0 } }) }

    private func notices(_ listener: Int) -> DueWork {
        DueWork(integration: Int64(listener), queue: .notify, kind: nil)
    }

    private func deliver(_ integration: Int64, _ kind: RecordKind) -> DueWork {
        DueWork(integration: integration, queue: .deliver, kind: kind)
    }

    @Test func workOfOneSortWaitsForItsOwnAndForNobodyElses() {
        let desk = desk()

        desk.begin(deliver(1, .product))

        #expect(desk.mustWait(deliver(1, .product)))
        #expect(!desk.mustWait(deliver(1, .order)))
        #expect(!desk.mustWait(deliver(2, .product)))
        desk.end(deliver(1, .product))
        #expect(!desk.mustWait(deliver(1, .product)))
    }

    @Test func aFarSideThatDoesNotAnswerKeepsNoMoreThanItsShareOfTheWorkers() {
        let desk = desk()

        for kind in RecordKind.allCases.prefix(WorkDesk.callLimit) { desk.begin(deliver(1, kind)) }

        #expect(desk.mustWait(DueWork(integration: 1, queue: .fetch, kind: .product)))
        #expect(!desk.mustWait(DueWork(integration: 1, queue: .receive, kind: nil)), "no far side is called for it")
        #expect(!desk.mustWait(DueWork(integration: 2, queue: .fetch, kind: .product)))
        #expect(!desk.isFull)
    }

    @Test func atMostSoManyPiecesAreBegunAtTheSameTime() {
        let desk = desk()

        for integration in 1...WorkDesk.pieceLimit { desk.begin(deliver(Int64(integration), .product)) }

        #expect(desk.isFull)
        desk.end(deliver(1, .product))
        #expect(!desk.isFull)
    }

    @Test func receiversThatDoNotAnswerLeaveWorkersToAllOtherWork() {
        let desk = desk()

        for listener in 1...WorkDesk.noticeLimit { desk.begin(notices(listener)) }

        #expect(desk.mustWait(notices(WorkDesk.noticeLimit + 1)))
        #expect(!desk.mustWait(deliver(900, .product)) && !desk.isFull)
        desk.end(notices(1))
        #expect(!desk.mustWait(notices(WorkDesk.noticeLimit + 1)))
    }

    @Test(arguments: [1, 3, WorkDesk.slowLimit, WorkDesk.slowLimit + 2, WorkDesk.noticeLimit])
    func aFewReceiversThatDoNotAnswerTakeNoTurnFromThoseThatDo(silent: Int) {
        let desk = desk()
        for listener in 0..<silent { desk.begin(notices(listener)) }
        time.now.withLock { $0 = $0.adding(seconds: WorkDesk.slowSeconds) }
        for listener in silent..<WorkDesk.noticeLimit { desk.begin(notices(listener)) }

        var more = 0
        while !desk.mustWait(notices(WorkDesk.noticeLimit + more)) {
            desk.begin(notices(WorkDesk.noticeLimit + more))
            more += 1
        }

        #expect(more == min(silent, WorkDesk.slowLimit))
        #expect(!desk.isFull && !desk.mustWait(deliver(900, .product)), "other work has workers all the same")
    }

    @Test func theHubsOwnTasksWaitForNobody() {
        let desk = desk()
        let task = DueWork(integration: 0, queue: .task, kind: nil)

        desk.begin(task)

        #expect(!desk.mustWait(task))
    }
}
