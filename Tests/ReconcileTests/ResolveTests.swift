import Commerce
import Testing

@testable import Reconcile

@Suite("A person decides a conflict")
struct ResolveTests {
    private let now = Moment(seconds: 5000)
    private let pinned = LinkedPart(sent: "base", seen: "theirs", isPinned: true)
    private let ours = HubPart(value: "ours", origin: 3, changed: ChangeInterval(at: Moment(seconds: 10)))

    private func decided(_ choice: Resolution) -> PartStep {
        Reconcile.resolve(part: "name", choice: choice, link: pinned, record: ours, now: now)
    }

    private func written(_ step: PartStep) -> Parts {
        Reconcile.outbound(
            kind: .product, record: ["name": step.record?.value ?? ours.value], link: ["name": step.link],
            gives: { _ in true })
    }

    @Test func choosingTheirsTakesItAndWritesNothing() {
        let step = decided(.theirs)

        #expect(step.record == HubPart(value: "theirs", origin: nil, changed: ChangeInterval(at: now)))
        #expect(step.loser == "ours")
        #expect(step.link == LinkedPart(sent: "theirs", seen: "theirs"))
        #expect(written(step) == Parts())
    }

    @Test func choosingOursLeavesTheRecordAndWritesIt() {
        let step = decided(.ours)

        #expect(step.record == nil)
        #expect(step.loser == "theirs")
        #expect(written(step) == Parts(["name": "ours"]))
    }

    @Test func choosingAnotherValueWritesItAndRemembersBoth() {
        let step = decided(.value("third"))

        #expect(step.record?.value == "third")
        #expect(step.loser == "ours")
        #expect(step.event == .resolved(theirs: "theirs", ours: "ours"))
        #expect(written(step) == Parts(["name": "third"]))
    }

    @Test func aDecisionThatComesTwiceIsMadeOnce() {
        let first = decided(.theirs)
        let second = Reconcile.resolve(
            part: "name", choice: .ours, link: first.link, record: first.record ?? ours, now: now)

        #expect(second.record == nil)
        #expect(second.link == first.link)
        #expect(second.event == .refused(reason: "the conflict is already decided", theirs: "theirs"))
    }

    @Test func aDecisionIsNotAskedForAgainByTheSameValue() {
        for choice in [Resolution.theirs, .ours, .value("third")] {
            let step = decided(choice)
            let again = Reconcile.inbound(
                kind: .product, theirs: Parts(["name": "theirs"]), link: ["name": step.link],
                record: ["name": step.record ?? ours], observation: Observation(side: 7, askedAt: now),
                rule: { _ in PartRule(.manual) })
            #expect(again == [])
        }
    }
}

@Suite("A far deletion")
struct DeletionTests {
    private let inStep = ["name": LinkedPart(sent: "A", seen: "A")]

    private func record(_ value: JSON) -> [String: HubPart] {
        ["name": HubPart(value: value, origin: nil, changed: ChangeInterval(at: Moment(seconds: 1)))]
    }

    private func deletion(
        _ kind: RecordKind = .product, link: [String: LinkedPart]? = nil, _ value: JSON = "A",
        policy: DeletionPolicy = .unlink, isIssuer: Bool = false, gives: Bool = true
    ) -> DeletionStep {
        Reconcile.deletion(
            kind: kind, link: link ?? inStep, record: record(value), policy: policy, isIssuer: isIssuer,
            gives: { _ in gives })
    }

    @Test(arguments: [
        (DeletionPolicy.unlink, DeletionStep.unlink), (.archive, .archive), (.delete, .delete),
    ])
    func anUneditedRecordFollowsThePolicy(policy: DeletionPolicy, expected: DeletionStep) {
        #expect(deletion(policy: policy) == expected)
    }

    @Test func aDeleteThatMeetsAnEditIsAConflictUnderEveryPolicy() {
        for policy in [DeletionPolicy.unlink, .archive, .delete] {
            #expect(deletion(link: inStep, "B", policy: policy) == .conflict(parts: ["name"]))
        }
    }

    @Test func anOpenConflictIsAnEditToo() {
        let link = ["name": LinkedPart(sent: "A", seen: "B", isPinned: true)]

        #expect(deletion(link: link, policy: .delete) == .conflict(parts: ["name"]))
    }

    @Test func anEditThatIsNotGivenThereCannotMeetTheDelete() {
        #expect(deletion(link: inStep, "B", policy: .archive, gives: false) == .archive)
    }

    @Test func aDocumentIsNeverDeletedByOneSide() {
        let content = ["content": LinkedPart(sent: "A", seen: "A")]

        #expect(deletion(.order, link: content, policy: .delete) == .unlink)
        guard case .hold = deletion(.order, link: content, policy: .delete, isIssuer: true) else {
            Issue.record("the issuer's deletion must wait for a person")
            return
        }
    }

    @Test func aRecordThatIsGoneIsOnlyUnlinked() {
        #expect(
            Reconcile.deletion(
                kind: .product, link: inStep, record: nil, policy: .delete, isIssuer: false, gives: { _ in true })
                == .unlink)
    }

    @Test func aFarEditIsFoundBeforeTheHubsDeletionIsTold() {
        let same = Reconcile.editsMeetingDeletion(kind: .product, theirs: Parts(["name": "A"]), link: inStep)
        let edited = Reconcile.editsMeetingDeletion(
            kind: .product, theirs: Parts(["name": "B", "stock": "3"]), link: inStep)

        #expect(same == [])
        #expect(edited == ["name"])
    }
}
