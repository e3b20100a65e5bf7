import Testing

@testable import Store

@Suite("What the store's steps cost")
struct StepMetersTests {
    @Test(arguments: [
        ("SELECT id FROM job\n    WHERE key = ?1 AND n IN {2}", "SELECT id FROM job WHERE key = ?1 AND n IN {…}"),
        ("WHERE name = 'Ann Lee' LIMIT 250", "WHERE name = '…' LIMIT …"),
        ("a = 'it''s' AND b1 = $2", "a = '…''…' AND b1 = $2"),
        ("at > 1700000000000", "at > …"), ("x = 1.25", "x = ….…"),
    ])
    func aStatementIsToldWithoutItsValues(sql: String, told: String) {
        #expect(StatementWatch.withoutValues(sql) == told)
    }

    @Test func aLongStatementIsCut() {
        #expect(StatementWatch.withoutValues(String(repeating: "x", count: 5_000)).count == StatementWatch.longestText)
    }

    @Test func theSlowestStatementOfAStepIsRemembered() throws {
        var now: UInt64 = 0
        let watch = StatementWatch(clock: { now })
        for (sql, nanoseconds) in [("short", 5), ("long", 90), ("short again", 30)] as [(String, UInt64)] {
            watch.timed(sql) { now += nanoseconds }
        }
        #expect(watch.slowest?.sql == "long" && watch.slowest?.nanoseconds == 90)
        watch.isMeantToBeLong = true
        StepMeters.timed(.normal, watch) { #expect(watch.slowest == nil && !watch.isMeantToBeLong) }
    }

    @Test func everyPriorityHasAKind() {
        #expect(StepPriority.allCases.map { StepKind($0).rawValue } == ["lease", "urgent", "normal", "bulk"])
    }
}
