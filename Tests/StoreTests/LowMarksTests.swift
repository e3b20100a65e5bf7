import Store
import Testing

@Suite("Marks below which nothing is left")
struct LowMarksTests {
    private static let start = Moment(seconds: 1_700_000_000)
    private static let line = LowMarks.Line(
        organization: 1, integration: 5, queue: "deliver", kind: "product", isTimed: false)

    private static func place(_ priority: Int64, _ seconds: Double) -> LowMarks.Place {
        LowMarks.Place(priority: priority, runAt: start.adding(seconds: seconds).milliseconds)
    }

    /// Marks of a line of which enough was claimed, and that was looked at whole once: a job stood there at second 10.
    private static func known() -> LowMarks {
        let marks = LowMarks()
        marks.claimed(LowMarks.claimedLimit, of: line)
        marks.saw([place(100, 10)], isCut: false, of: line, by: marks.look(at: line, now: start + 10))
        return marks
    }

    /// Whether a look comes by a place.
    private static func reaches(_ place: LowMarks.Place, _ marks: LowMarks, at seconds: Double) -> Bool {
        marks.look(at: line, now: start + seconds).spans.contains { span in
            switch span {
            case .from(let first): first.priority == place.priority && first.runAt <= place.runAt
            case .between(let low, let high): low < place.priority && place.priority < high
            }
        }
    }

    @Test func aLookBeginsALittleBeforeWhereTheLastOneFoundTheFirst() {
        let marks = Self.known()
        #expect(Self.reaches(Self.place(100, 10), marks, at: 11))
        #expect(Self.reaches(Self.place(100, 9.9), marks, at: 11))
        #expect(!Self.reaches(Self.place(100, 5), marks, at: 11))
        // What is more or less urgent is no matter of this mark.
        for priority in [0, 99, 101, 1000] as [Int64] {
            #expect(Self.reaches(Self.place(priority, 5), marks, at: 11), "priority \(priority)")
        }
    }

    @Test func aLineOfWhichLittleWasClaimedIsLookedAtWhole() {
        let marks = LowMarks()
        marks.claimed(LowMarks.claimedLimit - 1, of: Self.line)
        marks.saw(
            [Self.place(100, 10)], isCut: false, of: Self.line, by: marks.look(at: Self.line, now: Self.start + 10))
        #expect(marks.look(at: Self.line, now: Self.start + 11).isWhole)
    }

    @Test func whatIsPutBelowAMarkLowersIt() {
        let marks = Self.known()
        marks.put([Self.place(100, 3)], in: Self.line)
        #expect(Self.reaches(Self.place(100, 3), marks, at: 11))
        #expect(!Self.reaches(Self.place(100, 2), marks, at: 11))
    }

    @Test func aLookThatBeganBeforeSomethingWasPutBelowAMarkRaisesNone() {
        let marks = Self.known()
        let look = marks.look(at: Self.line, now: Self.start + 11)
        marks.put([Self.place(100, 3)], in: Self.line)
        marks.saw([Self.place(100, 11)], isCut: false, of: Self.line, by: look)
        #expect(Self.reaches(Self.place(100, 3), marks, at: 11))
    }

    @Test func whatNobodyToldIsFoundWithinSecondsAndThenTheMarkStandsBelowIt() {
        let marks = Self.known()
        let whole = marks.look(at: Self.line, now: Self.start + 10 + LowMarks.wholeSeconds)
        #expect(whole.isWhole)
        marks.saw([Self.place(100, 2)], isCut: false, of: Self.line, by: whole)
        #expect(Self.reaches(Self.place(100, 2), marks, at: 10.5 + LowMarks.wholeSeconds))
    }

    @Test func aLookAtAllThatDoesNotComeToWhatIsLessUrgentForgetsItsMarks() {
        let marks = Self.known()
        let whole = marks.look(at: Self.line, now: Self.start + 20)
        marks.saw([Self.place(50, 2)], isCut: true, of: Self.line, by: whole)
        #expect(Self.reaches(Self.place(100, 1), marks, at: 21))
        #expect(!Self.reaches(Self.place(50, 1), marks, at: 21))
    }

    @Test func whatComesLateByLittleTellsHowFarBehindAMarkShouldStand() {
        let marks = Self.known()
        let whole = marks.look(at: Self.line, now: Self.start + 20)
        marks.saw([Self.place(100, 7)], isCut: false, of: Self.line, by: whole)
        marks.saw(
            [Self.place(100, 20)], isCut: false, of: Self.line, by: marks.look(at: Self.line, now: Self.start + 21))
        // Jobs of another machine come three seconds late, by this one's clock.
        #expect(Self.reaches(Self.place(100, 17.5), marks, at: 21))
        #expect(!Self.reaches(Self.place(100, 10), marks, at: 21))
    }

    @Test func aClockThatIsSetBackAndJobsThatComeBackMakeMarksForgotten() {
        let marks = Self.known()
        #expect(marks.look(at: Self.line, now: Self.start).isWhole)
        #expect(Self.reaches(Self.place(100, 1), marks, at: 1))
        let others = Self.known()
        others.forget(1, 5)
        #expect(Self.reaches(Self.place(100, 1), others, at: 11))
    }

    /// Marks of which a look has just found that nothing stands beside them.
    private static func knownAlone() -> LowMarks {
        let marks = known()
        marks.saw(
            [place(100, 10)], isCut: true, hasNoneBeside: true, of: line, by: marks.look(at: line, now: start + 11))
        return marks
    }

    @Test func whereNothingStoodBesideTheMarksNothingIsLookedForThereForAMoment() {
        let marks = Self.knownAlone()
        #expect(Self.reaches(Self.place(100, 10), marks, at: 11.1))
        #expect(!Self.reaches(Self.place(50, 10), marks, at: 11.1))
        #expect(Self.reaches(Self.place(50, 10), marks, at: 11 + LowMarks.restSeconds))
        #expect(marks.look(at: Self.line, now: Self.start + 10 + LowMarks.wholeSeconds).isWhole)
    }

    @Test func whatIsPutBesideTheMarksIsLookedForAtOnce() {
        let marks = Self.knownAlone()
        marks.put([Self.place(50, 10)], in: Self.line)
        #expect(Self.reaches(Self.place(50, 10), marks, at: 11.1))
        // Also where the look that found nothing began before.
        let others = Self.known()
        let look = others.look(at: Self.line, now: Self.start + 11)
        others.put([Self.place(50, 10)], in: Self.line)
        others.saw([Self.place(100, 10)], isCut: true, hasNoneBeside: true, of: Self.line, by: look)
        #expect(Self.reaches(Self.place(50, 10), others, at: 11.1))
    }

    @Test func aLookThatForgetsMarksLooksBesideThoseThatAreLeft() {
        let marks = Self.knownAlone()
        let whole = marks.look(at: Self.line, now: Self.start + 20)
        marks.saw([Self.place(100, 11)], isCut: false, hasNoneBeside: true, of: Self.line, by: whole)
        marks.saw([Self.place(50, 11)], isCut: true, of: Self.line, by: whole)
        #expect(Self.reaches(Self.place(100, 11), marks, at: 20.1))
    }

    @Test func aLineInWhichNothingWasIsKnownToBeEmptyForAMoment() {
        let marks = Self.known()
        #expect(!marks.isKnownEmpty(Self.line, now: Self.start + 11))
        let look = { marks.saw([], isCut: false, of: Self.line, by: marks.look(at: Self.line, now: Self.start + 11)) }
        look()
        #expect(marks.isKnownEmpty(Self.line, now: Self.start + 11.1))
        #expect(!marks.isKnownEmpty(Self.line, now: Self.start + 11 + LowMarks.restSeconds))
        #expect(!marks.isKnownEmpty(Self.line, now: Self.start + 10.9))
        marks.put([Self.place(100, 11)], in: Self.line)
        #expect(!marks.isKnownEmpty(Self.line, now: Self.start + 11.1))
        look()
        marks.forget(1, 5)
        #expect(!marks.isKnownEmpty(Self.line, now: Self.start + 11.1))
    }

    @Test func thatASortWasServedIsWrittenDownNowAndThen() {
        let marks = LowMarks()
        let isTime = { marks.isTimeToServe("5 pull", of: 1, now: Self.start + $0) }
        #expect(isTime(0))
        #expect(!isTime(0.09))
        #expect(isTime(0.1))
        #expect(isTime(-5))
        #expect(marks.isTimeToServe("6 pull", of: 1, now: Self.start))
        #expect(marks.isTimeToServe("5 pull", of: 2, now: Self.start))
    }

    @Test func aWalkOverAllSortsStepsOverWhatIsEmptyAndTakesInAllNowAndThen() {
        let marks = Self.known()
        #expect(marks.emptied(of: 1, now: Self.start + 10).isEmpty)
        let emptied = marks.emptied(of: 1, now: Self.start + 11)
        #expect(emptied.map(\.line) == [Self.line])
        #expect(emptied.map(\.below) == [Self.place(100, 9.8)])
        #expect(marks.emptied(of: 2, now: Self.start + 11).isEmpty)
        #expect(marks.emptied(of: 1, now: Self.start + 10 + LowMarks.wholeSeconds).isEmpty)
    }
}

extension Moment {
    fileprivate static func + (moment: Moment, seconds: Double) -> Moment { moment.adding(seconds: seconds) }
}
