import Store
import Testing

@testable import Queue

@Suite("Schedules")
struct ScheduleTests {
    private static let start = QueueStage.start
    private static let pull = ScheduleSubject.pull(integration: 5, kind: .order)

    private func table(_ jobs: JobTable) -> ScheduleTable { ScheduleTable(jobs.session, organization: 1) }

    // MARK: Words and units

    @Test func theSeedsWordsAndUnitsAreUnderstoodAndShownBackAsSuch() throws {
        #expect(try Cadence(word: "Hourly") == .every(seconds: 3600))
        #expect(try Cadence(word: "4-hourly") == .every(seconds: 14_400))
        #expect(try Cadence(word: "daily").word == "daily")
        #expect(try Cadence(word: "weekly").minutes == 10_080)
        #expect(try Cadence(milliseconds: 300_000).milliseconds == 300_000)
        #expect(try Cadence(minutes: 15) == .usual)
        #expect(try Cadence(minutes: 15).minutes == 15)
        #expect(try Cadence(cron: "0 3 * * *", zone: "Asia/Colombo").description == "0 3 * * * (Asia/Colombo)")
    }

    @Test func whatIsNoIntervalIsRefusedWithTheReason() {
        #expect(throws: ScheduleRefusal.self) { try Cadence(seconds: 59) }
        #expect(throws: ScheduleRefusal.self) { try Cadence(seconds: -1) }
        #expect(throws: ScheduleRefusal.self) { try Cadence(minutes: Int.max) }
        #expect(throws: ScheduleRefusal.self) { try Cadence(minutes: 0) }
        #expect(throws: ScheduleRefusal.self) { try Cadence(milliseconds: 90_500) }
        #expect(throws: ScheduleRefusal("\"often\" is no interval; there are: 4-hourly, daily, hourly, weekly")) {
            try Cadence(word: "often")
        }
        #expect(
            throws: ScheduleRefusal(
                "\"Mars/Phobos\" is no time zone; write it like Asia/Colombo, Europe/Berlin or UTC")
        ) { try Cadence(cron: "0 3 * * *", zone: "Mars/Phobos") }
        #expect(throws: ScheduleRefusal.self) { try Cadence(cron: "0 3 * * *", zone: "") }
    }

    // MARK: Ticks

    @Test func anIntervalKeepsItsPaceHoweverLateItIsLookedAt() throws {
        var schedule = try Schedule(Self.pull, .every(seconds: 60), now: Self.start)
        var fired: [Double] = []
        for late in [60.0, 61.9, 120, 185, 240.5] {
            guard let tick = schedule.tick(at: Self.start + late) else { continue }
            schedule = tick.schedule
            if let fire = tick.fire { fired.append(fire.dueAt.seconds(since: Self.start)) }
        }

        #expect(fired == [60, 120, 180, 240])
    }

    @Test func afterADowntimeTimesAreLeftOutOrMadeUpForOnce() throws {
        let down = Self.start + 3600 * 5 + 1800
        for (policy, count) in [(AfterDowntime.skip, 0), (.catchUp, 5)] {
            let schedule = try Schedule(Self.pull, .every(seconds: 3600), afterDowntime: policy, now: Self.start)
            let tick = try #require(schedule.tick(at: down))

            #expect(tick.fire?.count ?? 0 == count)
            #expect(tick.schedule.nextAt == Self.start + 3600 * 6)
            #expect(tick.schedule.tick(at: down) == nil)
        }
    }

    @Test func aTimeThatIsKeptFiresAlthoughEarlierOnesWereMissed() throws {
        // Up again two seconds after the sixth hour.
        let schedule = try Schedule(Self.pull, .every(seconds: 3600), now: Self.start)
        let tick = try #require(schedule.tick(at: Self.start + 3600 * 6 + 2))

        #expect(tick.fire == Schedule.Fire(subject: Self.pull, dueAt: Self.start + 3600 * 6, count: 1))
    }

    @Test func aCronScheduleCountsWhatADowntimeSwallowed() throws {
        let begin = try #require(Moment(iso: "2026-03-27T12:00:00Z"))
        let cadence = try Cadence(cron: "30 2 * * *", zone: "Europe/Berlin")
        let schedule = try Schedule(.task("census"), cadence, afterDowntime: .catchUp, now: begin)
        let tick = try #require(schedule.tick(at: Moment(iso: "2026-03-30T12:00:00Z") ?? begin))

        // The 28th, the gap of the 29th, the 30th.
        #expect(tick.fire?.count == 3)
        #expect(tick.schedule.nextAt?.description == "2026-03-31T00:30:00Z")
    }

    @Test func aTickPutsEachTimeOnTheQueueOnceHoweverOftenItIsRepeated() async throws {
        let stage = try QueueStage()
        let schedules = try [
            Schedule(Self.pull, .every(seconds: 300), now: Self.start),
            Schedule(.task("prune"), .every(seconds: 300), now: Self.start),
        ]
        try await stage.step { jobs, _ throws in for one in schedules { try self.table(jobs).save(one) } }
        // Two processes that look at the same moment, and one that looks twice.
        for _ in 0..<3 {
            _ = try await stage.step { jobs, ids throws in try self.table(jobs).tick(ids: &ids, now: Self.start + 300) }
        }
        try await stage.step { jobs, _ throws in
            let list = try jobs.list([.available])
            #expect(Set(list.map(\.queue)) == [.pull, .task])
            #expect(list.count == 2)
            #expect(list.allSatisfy { $0.version == 1 })
            #expect(list.first { $0.queue == .task }?.kind == nil)
            #expect(list.first { $0.queue == .task }?.key == "prune")
            #expect(try self.table(jobs).all().allSatisfy { $0.nextAt == Self.start + 600 })
            #expect(try self.table(jobs).nextDue() == Self.start + 600)
        }
    }

    @Test func aTickThatIsNotCommittedLeavesTheTimeDue() async throws {
        let stage = try QueueStage()
        let schedule = try Schedule(Self.pull, .every(seconds: 300), now: Self.start)
        try await stage.step { jobs, _ throws in try self.table(jobs).save(schedule) }
        struct Death: Error {}

        await #expect(throws: Death.self) {
            try await stage.step { jobs, ids throws in
                try self.table(jobs).tick(ids: &ids, now: Self.start + 300)
                throw Death()
            }
        }

        try await stage.step { jobs, ids throws in
            #expect(try jobs.list([.available]).isEmpty)
            #expect(try self.table(jobs).tick(ids: &ids, now: Self.start + 301).count == 1)
        }
    }

    @Test func aRunThatTakesLongerThanItsIntervalIsNotDoubled() async throws {
        let schedule = try Schedule(Self.pull, .every(seconds: 60), now: Self.start)
        try await QueueStage.once { jobs, ids throws in
            try self.table(jobs).save(schedule)
            for minute in 1...5 {
                try self.table(jobs).tick(ids: &ids, now: Self.start + 60 * Double(minute))
            }
            #expect(try jobs.list([.available]).count == 1)
        }
    }

    @Test func aScheduleThatCannotBeReadAnyMoreIsStoppedWithItsReasonAndTheOthersGoOn() async throws {
        let good = try Schedule(Self.pull, .every(seconds: 300), now: Self.start)
        try await QueueStage.once { jobs, ids throws in
            try self.table(jobs).save(good)
            for (subject, line) in [("never", "0 0 30 2 *"), ("zone", "0 0 * * *")] {
                try jobs.session.run(
                    """
                    INSERT INTO schedule (organization_id, integration_id, subject, cron, zone, after_downtime, next_at)
                    VALUES (1, 0, ?1, ?2, 'Mars/Phobos', 'skip', ?3)
                    """, [.text(subject), .text(line), SQLValue(Self.start)])
            }
            #expect(try self.table(jobs).tick(ids: &ids, now: Self.start + 300).map(\.subject) == [Self.pull])
            let problems = try self.table(jobs).problems()
            #expect(problems["never"]?.contains("never fires") == true)
            #expect(problems["zone"]?.contains("Mars/Phobos") == true)
            #expect(try self.table(jobs).tick(ids: &ids, now: Self.start + 301).isEmpty)
        }
    }

    @Test func aScheduleIsReplacedAndRemovedByItsSubject() async throws {
        let first = try Schedule(Self.pull, .every(seconds: 300), now: Self.start)
        let second = try Schedule(
            Self.pull, Cadence(cron: "0 3 * * 1", zone: "Asia/Colombo"), afterDowntime: .catchUp, now: Self.start)
        try await QueueStage.once { jobs, _ throws in
            try self.table(jobs).save(first)
            try self.table(jobs).save(second)
            #expect(try self.table(jobs).all() == [second])
            #expect(try self.table(jobs).remove(Self.pull))
            #expect(try !self.table(jobs).remove(Self.pull))
        }
    }
}
