import ArgumentParser
import ConnectorKit
import Ledger
import Pipeline
import Queue

/// `crossdock limits`
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "How much an integration may be asked for, by all workers together.",
        discussion: "Example: crossdock limits shop --per-second 2 --burst 10 --at-once 2")

    @Argument(help: "The integration's name.")
    var name: String
    @Option(help: "So many calls a second on average.")
    var perSecond: Double?
    @Option(help: "So many calls at once after a rest.")
    var burst: Int?
    @Option(help: "So many calls a day, counted from midnight UTC.")
    var perDay: Int?
    @Option(help: "So many calls at the same time.")
    var atOnce: Int?
    @Flag(help: "Lift all limits.")
    var none = false
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            try check()
            let open = try OpenHub(options)
            let integration = try await open.hub.integration(named: name)
            if none { _ = try await open.hub.liftLimits(of: integration, by: Person.atThisTerminal) }
            for allowance in allowances(now: open.hub.now) {
                try await open.hub.limit(integration, allowance, by: Person.atThisTerminal)
            }
            let limits = try await open.hub.limits(of: integration)
            if options.json {
                print(JSON.array(limits.map(\.json)).text)
            } else if limits.isEmpty {
                print("\(name) has no limit; where it asks us to slow down we do.")
            } else {
                Terminal.table(
                    limits.map { [$0.form.rawValue, $0.operation, $0.words, String($0.left)] },
                    header: ["FORM", "CALLS", "LIMIT", "LEFT"])
            }
            await open.close()
        }
    }

    private func check() throws {
        if let perSecond, !(0.001...10_000).contains(perSecond) {
            throw Refusal("--per-second must be from 0.001 to 10000")
        }
        for (option, value) in [("--burst", burst), ("--per-day", perDay), ("--at-once", atOnce)] {
            if let value, !(1...Allowance.largestCapacity).contains(value) {
                throw Refusal("\(option) must be from 1 to \(Allowance.largestCapacity)")
            }
        }
        if burst != nil, perSecond == nil { throw Refusal("--burst needs --per-second") }
    }

    private func allowances(now: Moment) -> [Allowance] {
        var all: [Allowance] = []
        if let perSecond {
            let size = burst ?? max(1, Int(perSecond.rounded(.up)))
            all.append(.rate(perSecond: perSecond, burst: size, now: now))
        }
        if let perDay { all.append(.day(calls: perDay, fullAt: Self.midnight(after: now), now: now)) }
        if let atOnce { all.append(.together(atOnce, now: now)) }
        return all
    }

    /// The next midnight in UTC.
    private static func midnight(after now: Moment) -> Moment {
        let seconds = (now.seconds(since: Moment(milliseconds: 0)) / 86_400).rounded(.down) * 86_400 + 86_400
        return Moment(milliseconds: 0).adding(seconds: seconds)
    }
}

extension Allowance {
    fileprivate var words: String {
        let size = capacity / 1_000_000
        switch form {
        case .rate: return "\(Double(refill) / 1000) a second, \(size) at once after a rest"
        case .cost: return "\(size) points, \(Double(refill) / 1000) back a second"
        case .day: return "\(size) a day" + (fullAt.map { ", full again at \($0)" } ?? "")
        case .together: return "\(size) at the same time"
        case .window: return "\(size) a window, as it says" + (fullAt.map { ", full again at \($0)" } ?? "")
        }
    }

    fileprivate var left: Int64 { form == .together ? capacity / 1_000_000 : max(0, level) / 1_000_000 }

    fileprivate var json: JSON {
        [
            "form": .string(form.rawValue), "operation": .string(operation), "limit": .string(words),
            "left": .integer(left),
        ]
    }
}
