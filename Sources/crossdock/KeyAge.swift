import ArgumentParser
import Commerce

/// From when on a key is said to be old.
struct KeyAge: ParsableArguments {
    @Option(help: "From how many days on a key is said to be old.")
    var oldAfterDays = 365

    func check() throws {
        guard (1...10_000).contains(oldAfterDays) else { throw Refusal("--old-after-days must be from 1 to 10000") }
    }

    func isOld(madeAt: Moment, _ now: Moment) -> Bool { Self.days(madeAt: madeAt, now) >= oldAfterDays }

    /// How old a key is, in whole days.
    static func days(madeAt: Moment, _ now: Moment) -> Int { Int(now.seconds(since: madeAt) / 86_400) }
}
