import Commerce
import Testing

@testable import Reconcile

@Suite("A stock report is a count")
struct StockCountTests {
    private func pieces(_ text: String) throws -> ExactDecimal { try ExactDecimal(parsing: text) }

    @Test(arguments: [
        // The side sold two of ten, and both orders were read: nothing is left to explain.
        ("10", ["-1", "-1"], "8", "8", "0"),
        // One of the two orders cannot be read: its piece is the residual.
        ("10", ["-1"], "8", "9", "-1"),
        ("10", [], "12", "10", "2"), ("10", ["-3", "1"], "8", "8", "0"), ("0.5", ["-0.25"], "0.2", "0.25", "-0.05"),
        ("0", ["-2"], "-2", "-2", "0"),
    ])
    func onlyWhatTheMovementsDoNotExplainIsAnAdjustment(
        lastShown: String, movements: [String], reported: String, expected: String, residual: String
    ) throws {
        let count = try StockCount(
            lastShown: pieces(lastShown), movementsSince: movements.map(pieces), reported: pieces(reported))

        #expect(count.expected == (try pieces(expected)))
        #expect(count.residual == (try pieces(residual)))
    }

    @Test func theFirstReportOpensTheCount() throws {
        let count = try StockCount(lastShown: nil, movementsSince: [], reported: pieces("10"))

        #expect(count.expected == nil)
        #expect(count.residual == (try pieces("10")))
    }

    @Test func aNumberTooLargeIsRefusedAndDoesNotTrap() {
        let largest = ExactDecimal(mantissa: .max, scale: 0)

        #expect(throws: AmountError.self) {
            try StockCount.residual(lastShown: largest, movementsSince: [largest], reported: .zero)
        }
        #expect(throws: AmountError.self) {
            try StockCount.residual(
                lastShown: ExactDecimal(mantissa: .min, scale: 0), movementsSince: [], reported: largest)
        }
    }

    @Test func sumsKeepEveryDigit() throws {
        #expect(try pieces("0.000000000000000001").plus(pieces("1")) == pieces("1.000000000000000001"))
        #expect(try pieces("2.5").plus(pieces("-0.5")).scale == 0)
        #expect(try pieces("-2.5").units(at: 0) == -3)
        #expect(try pieces("2.5").units(at: 2) == 250)
    }

    @Test func whatIsReservedIsNotSellable() throws {
        let stock = StockQuantities(onHand: try pieces("10"), reserved: try pieces("3"))

        #expect(try stock.quantity(.sellable) == pieces("7"))
        #expect(try stock.quantity(.onHand) == pieces("10"))
    }
}

@Suite("What a channel may offer")
struct StockOfferTests {
    @Test(
        arguments: [
            (10, 0, nil, 10), (10, 3, nil, 7), (10, 3, 5, 5), (2, 3, nil, 0), (-4, 0, nil, 0), (10, 0, 0, 0),
            (10, 0, -1, 0), (3, 1, 9, 2),
        ] as [(Int, Int, Int?, Int)])
    func theSharedOfferIsWhatIsSellableLessTheBuffer(sellable: Int, buffer: Int, maximum: Int?, offer: Int) throws {
        let rule = OfferRule(buffer: ExactDecimal(buffer), maximum: maximum.map { ExactDecimal($0) })

        #expect(try StockOffer.shared(sellable: ExactDecimal(sellable), rule: rule) == ExactDecimal(offer))
    }

    @Test func stockIsDealtByShareAndWhatAMaximumLeavesGoesToTheOthers() throws {
        let rules: [Int64: OfferRule] = [
            1: OfferRule(share: 2), 2: OfferRule(maximum: ExactDecimal(1), share: 2), 3: OfferRule(share: 1),
            4: OfferRule(share: 0),
        ]

        let targets = try Allotment.targets(sellable: ExactDecimal(10), rules: rules)

        #expect(targets == [1: ExactDecimal(6), 2: ExactDecimal(1), 3: ExactDecimal(3), 4: .zero])
    }

    @Test func fractionsAreDealtWhereStockHasFractions() throws {
        let targets = try Allotment.targets(
            sellable: ExactDecimal(parsing: "2.5"), rules: [1: OfferRule(), 2: OfferRule()])

        #expect(targets == [1: try ExactDecimal(parsing: "1.3"), 2: try ExactDecimal(parsing: "1.2")])
    }

    @Test func allottedOffersTogetherAreNeverMoreThanIsSellable() throws {
        for seed in Seeds.list(500) { try dealOnce(seed) }
    }

    private func dealOnce(_ seed: UInt64) throws {
        var random = Seeded(seed)
        let sellable = ExactDecimal(mantissa: Int64(random.below(400)) - 50, scale: random.below(3))
        var rules: [Int64: OfferRule] = [:]
        for side in 1...Int64(random.below(5) + 1) {
            rules[side] = OfferRule(
                buffer: ExactDecimal(random.below(3)),
                maximum: random.below(2) == 0 ? nil : ExactDecimal(mantissa: Int64(random.below(300)), scale: 1),
                share: random.below(4))
        }

        let targets = try Allotment.targets(sellable: sellable, rules: rules)

        #expect(try ExactDecimal.sum(targets.values) <= max(.zero, sellable), "CROSSDOCK_SEED=\(seed)")
        #expect(targets.values.allSatisfy { $0 >= .zero }, "CROSSDOCK_SEED=\(seed)")
        for (side, target) in targets { #expect(target <= rules[side]?.maximum ?? target, "CROSSDOCK_SEED=\(seed)") }
        if rules.values.allSatisfy({ $0.maximum == nil && $0.buffer == .zero && $0.share > 0 }) {
            #expect(try ExactDecimal.sum(targets.values) == max(.zero, sellable), "CROSSDOCK_SEED=\(seed)")
        }
    }

    @Test func oneIsLoweredAndConfirmedBeforeAnotherIsRaised() throws {
        let targets: [Int64: ExactDecimal] = [1: ExactDecimal(2), 2: ExactDecimal(8)]
        var standing =
            [1: StandingOffer(confirmed: ExactDecimal(5)), 2: StandingOffer(confirmed: ExactDecimal(4))]
            as [Int64: StandingOffer]

        let first = try AllotmentPlan(sellable: ExactDecimal(10), targets: targets, standing: standing)
        standing[1]?.inFlight = ExactDecimal(2)
        standing[2]?.confirmed = ExactDecimal(5)
        let waiting = try AllotmentPlan(sellable: ExactDecimal(10), targets: targets, standing: standing)
        standing[1] = StandingOffer(confirmed: ExactDecimal(2))
        let last = try AllotmentPlan(sellable: ExactDecimal(10), targets: targets, standing: standing)

        #expect(first.lower == [1: ExactDecimal(2)] && first.raise == [2: ExactDecimal(5)] && first.isPartial)
        #expect(waiting.lower.isEmpty && waiting.raise.isEmpty && waiting.isPartial)
        #expect(last.lower.isEmpty && last.raise == [2: ExactDecimal(8)] && !last.isPartial)
    }

    /// Writes arrive in any order, some late, while channels sell: the offers never add up to more than there is.
    @Test func noOrderOfArrivalOversells() throws {
        for seed in Seeds.list(300) { try sellWhileWritesArrive(seed) }
    }

    private func sellWhileWritesArrive(_ seed: UInt64) throws {
        var random = Seeded(seed)
        var sellable = ExactDecimal(random.below(40) + 5)
        var rules: [Int64: OfferRule] = [:]
        for side in 1...Int64(random.below(3) + 2) { rules[side] = OfferRule(share: random.below(4)) }
        var shown = rules.mapValues { _ in ExactDecimal.zero }
        var standing = rules.mapValues { _ in StandingOffer(confirmed: .zero) }
        for _ in 0..<60 {
            let side = Int64(random.below(rules.count) + 1)
            switch random.below(4) {
            case 0: rules[side]?.share = random.below(4)
            case 1 where (shown[side] ?? .zero) > .zero && standing[side]?.inFlight == nil:
                let left = try shown[side]?.minus(ExactDecimal(1)) ?? .zero
                shown[side] = left
                standing[side] = StandingOffer(confirmed: left)
                sellable = try sellable.minus(ExactDecimal(1))
            case 2:
                guard let value = standing[side]?.inFlight else { break }
                shown[side] = value
                standing[side] = StandingOffer(confirmed: value)
            default:
                let plan = try AllotmentPlan(
                    sellable: sellable, targets: Allotment.targets(sellable: sellable, rules: rules),
                    standing: standing)
                for (side, value) in plan.lower.merging(plan.raise, uniquingKeysWith: { low, _ in low }) {
                    standing[side]?.inFlight = value
                }
            }
            #expect(try ExactDecimal.sum(shown.values) <= sellable, "CROSSDOCK_SEED=\(seed)")
        }
    }
}

extension StockOfferTests {
    @Test func whatAnUnansweredCreateMayOfferIsNotDealtToAnother() throws {
        var put = StockSide()
        put.plan(StockWrite(quantity: ExactDecimal(6), number: 1))
        let rules = [1: OfferRule(), 2: OfferRule()] as [Int64: OfferRule]
        let stock = ProductStock(sellable: ExactDecimal(8), mode: .allotted, sides: [1: put], rules: rules)
        // Side 1 may offer 6 already: 2 are left, and a repeat carries the same.
        #expect(try stock.offers() == [1: ExactDecimal(6), 2: ExactDecimal(2)])
        #expect(try stock.exposure() == .zero)
    }
}
