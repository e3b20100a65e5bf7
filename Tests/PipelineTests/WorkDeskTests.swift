import Queue
import Testing

@testable import Pipeline

@Suite("What the workers of a process are at work on")
struct WorkDeskTests {
    private func deliver(_ integration: Int64, _ kind: RecordKind) -> DueWork {
        DueWork(integration: integration, queue: .deliver, kind: kind)
    }

    @Test func workOfOneSortWaitsForItsOwnAndForNobodyElses() {
        let desk = WorkDesk()

        desk.begin(deliver(1, .product))

        #expect(desk.mustWait(deliver(1, .product)))
        #expect(!desk.mustWait(deliver(1, .order)))
        #expect(!desk.mustWait(deliver(2, .product)))
        desk.end(deliver(1, .product))
        #expect(!desk.mustWait(deliver(1, .product)))
    }

    @Test func aFarSideThatDoesNotAnswerKeepsNoMoreThanItsShareOfTheWorkers() {
        let desk = WorkDesk()

        for kind in RecordKind.allCases.prefix(WorkDesk.callLimit) { desk.begin(deliver(1, kind)) }

        #expect(desk.mustWait(DueWork(integration: 1, queue: .fetch, kind: .product)))
        #expect(!desk.mustWait(DueWork(integration: 1, queue: .receive, kind: nil)), "no far side is called for it")
        #expect(!desk.mustWait(DueWork(integration: 2, queue: .fetch, kind: .product)))
        #expect(!desk.isFull)
    }

    @Test func atMostSoManyPiecesAreBegunAtTheSameTime() {
        let desk = WorkDesk()

        for integration in 1...WorkDesk.pieceLimit { desk.begin(deliver(Int64(integration), .product)) }

        #expect(desk.isFull)
        desk.end(deliver(1, .product))
        #expect(!desk.isFull)
    }

    @Test func receiversThatDoNotAnswerLeaveWorkersToAllOtherWork() {
        let desk = WorkDesk()
        func notices(_ listener: Int) -> DueWork { DueWork(integration: Int64(listener), queue: .notify, kind: nil) }

        for listener in 1...WorkDesk.noticeLimit { desk.begin(notices(listener)) }

        #expect(desk.mustWait(notices(WorkDesk.noticeLimit + 1)))
        #expect(!desk.mustWait(deliver(900, .product)) && !desk.isFull)
        desk.end(notices(1))
        #expect(!desk.mustWait(notices(WorkDesk.noticeLimit + 1)))
    }

    @Test func theHubsOwnTasksWaitForNobody() {
        let desk = WorkDesk()
        let task = DueWork(integration: 0, queue: .task, kind: nil)

        desk.begin(task)

        #expect(!desk.mustWait(task))
    }
}
