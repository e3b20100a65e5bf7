import Alerts
import Commerce
import Testing

/// What an alert becomes, decided without a store and by a clock moved by hand.
@Suite("Alerts: the step")
struct AlertStepTests {
    private static let start = Moment(milliseconds: 1_800_000_000_000)
    private let settings = AlertSettings()

    private func at(_ seconds: Double) -> Moment { Self.start.adding(seconds: seconds) }

    /// The alert after readings, each some seconds after the start.
    private func after(
        _ readings: [(seconds: Double, reading: AlertReading?)], _ kind: AlertKind = .errorRate
    ) -> Alert? {
        readings.reduce(Alert?.none) { settings.next($0, kind, $1.reading, at: at($1.seconds)) }
    }

    private static let bad = AlertReading(0.5, of: 40)
    private static let good = AlertReading(0.01, of: 40)

    @Test func oneFailureIsNoAlertHoweverLargeItsShare() {
        #expect(after([(0, AlertReading(1, of: 1)), (60, AlertReading(1, of: 19))]) == nil)
    }

    @Test func whatIsTooMuchForAMomentIsNotTold() {
        #expect(after([(0, Self.bad)])?.state == .waiting)
        #expect(after([(0, Self.bad), (10, Self.good)]) == nil)
    }

    @Test func whatStaysTooMuchIsRaisedOnce() {
        let alert = after([(0, Self.bad), (10, Self.bad), (25, Self.bad)])
        #expect(alert?.state == .raised && alert?.news == .raised && alert?.raisedAt == at(25))

        let told = alert.map { settings.told($0) }
        let still = settings.next(told, .errorRate, Self.bad, at: at(40))
        #expect(still?.state == .raised && still?.news == nil && still?.seenAt == at(40))
    }

    @Test func theLimitItselfIsTooMuchAndLessIsNot() {
        #expect(after([(0, AlertReading(0.05, of: 20)), (30, AlertReading(0.05, of: 20))])?.state == .raised)
        #expect(after([(0, AlertReading(0.049, of: 500)), (30, AlertReading(0.049, of: 500))]) == nil)
    }

    @Test func itEndsAfterACalmAndNotAtTheFirstGoodReading() {
        let raised: [(seconds: Double, reading: AlertReading?)] = [(0, Self.bad), (30, Self.bad)]
        #expect(after(raised + [(40, Self.good)])?.state == .raised)
        #expect(after(raised + [(149, Self.good)])?.state == .raised)
        let ended = after(raised + [(150, Self.good)])
        #expect(ended?.state == .resolved && ended?.news == .resolved && ended?.resolvedAt == at(150))
    }

    @Test func whatComesAgainIsANewAlert() {
        let again = after([(0, Self.bad), (30, Self.bad), (150, Self.good), (200, Self.bad), (230, Self.bad)])

        #expect(again?.state == .raised && again?.raisedAt == at(230) && again?.resolvedAt == nil)
    }

    @Test func nothingIsKnownChangesNothing() {
        let raised = after([(0, Self.bad), (30, Self.bad)])

        #expect(settings.next(raised, .errorRate, nil, at: at(9000)) == raised)
        #expect(settings.next(nil, .errorRate, nil, at: at(0)) == nil)
    }

    @Test func whatNobodyLooksAfterIsToldOnceMore() {
        let raised: [(seconds: Double, reading: AlertReading?)] = [(0, Self.bad), (30, Self.bad)]
        #expect(after(raised + [(1829, Self.bad)])?.escalatedAt == nil)
        let escalated = after(raised + [(1830, Self.bad)])
        #expect(escalated?.news == .escalated && escalated?.escalatedAt == at(1830))
        let later = escalated.map { settings.told($0) }
        #expect(settings.next(later, .errorRate, Self.bad, at: at(9000))?.news == nil)
    }

    @Test func whatSomebodyLooksAfterIsNotToldAgainUntilItEnds() throws {
        let raised = try #require(after([(0, Self.bad), (30, Self.bad)]))
        let taken = try #require(settings.acknowledged(raised, by: "mara", at: at(60)))
        #expect(taken.state == .acknowledged && taken.acknowledgedBy == "mara")
        #expect(settings.acknowledged(taken, by: "other", at: at(61)) == nil)
        #expect(settings.next(taken, .errorRate, Self.bad, at: at(9000))?.escalatedAt == nil)
        #expect(settings.next(taken, .errorRate, Self.good, at: at(9000))?.state == .resolved)
    }

    @Test func aKindThatIsOffEndsWhatItToldAndRaisesNothing() throws {
        var quiet = settings
        quiet.rules[.errorRate] = nil
        let raised = try #require(after([(0, Self.bad), (30, Self.bad)]))

        #expect(quiet.next(raised, .errorRate, Self.bad, at: at(60))?.state == .resolved)
        #expect(quiet.next(nil, .errorRate, Self.bad, at: at(60)) == nil)
    }

    @Test func aClockThatIsSetBackDelaysNoAlertForLong() {
        let alert = after([(0, Self.bad), (-86_400, Self.bad), (-86_370, Self.bad)])

        #expect(alert?.state == .raised)
    }

    @Test func whatIsLeftIsToldWhenItIsLittle() {
        let rule = AlertKind.keyEnd.usual

        #expect(rule.isBroken(by: AlertReading(14, of: 1)) && rule.isBroken(by: AlertReading(1, of: 2)))
        #expect(!rule.isBroken(by: AlertReading(15, of: 1)) && !rule.isBroken(by: AlertReading(0, of: 0)))
    }

    @Test(arguments: AlertKind.allCases)
    func eachKindIsToldInASentenceWithItsNumbers(kind: AlertKind) {
        let alert = Alert(
            kind, AlertReading(0.125, of: 40, "shop: slow"), threshold: kind.usual.threshold, at: Self.start)

        let isShare = [.errorRate, .failureRate, .memoryUsage, .conflictRate].contains(kind)
        let limit = AlertNumber.text(kind.usual.threshold * (isShare ? 100 : 1)) + (isShare ? " %" : "")
        #expect(alert.sentence.hasSuffix("(limit \(limit)): shop: slow"))
        #expect(!isShare || alert.sentence.contains("12.5 %"))
    }

    @Test(arguments: [(0.05, "0.05"), (1000, "1000"), (0.8504, "0.85"), (-1.5, "-1.5"), (.infinity, "0")])
    func numbersAreToldWithoutPlacesThatSayNothing(value: Double, text: String) {
        #expect(AlertNumber.text(value) == text)
    }

    /// Seed 002's thresholds, and what stands behind each so that one failure is no alert.
    @Test func theUsualThresholdsAreThoseOfTheContract() {
        let usual = AlertSettings().rules.mapValues(\.threshold)

        #expect(usual[.errorRate] == 0.05 && usual[.responseTime] == 1000 && usual[.queueSize] == 1000)
        #expect(usual[.memoryUsage] == 0.85 && usual[.connectionFailures] == 3)
        #expect(usual[.failureRate] == 0.1 && usual[.farResponseTime] == 5000 && usual[.conflictRate] == 0.05)
        #expect(AlertSettings().rules.values.allSatisfy { $0.minimum > 1 || $0.threshold >= 1 || $0.threshold == 0.85 })
    }
}
