import Commerce
import Store
import Wire

/// What a rehearsal came to.
public struct RehearsalReport: Sendable {
    public var seed: UInt64
    public var steps: Int
    /// How much of the world's time it took, in seconds.
    public var worldSeconds: Int
    /// Sixteen digits that stand for everything that happened; the same seed gives the same.
    public var trace: String
    /// What was not as it must be, a sentence each; nothing for a good end.
    public var breaches: [String]
    /// What happened, the last steps or all of it.
    public var story: [String]
    /// What the seed was about.
    public var setting: String
    public var coverage: Coverage

    /// The invariants that were broken: `I5`, `L1`.
    public var invariants: Set<String> { Set(breaches.map { String($0.prefix { $0 != " " }) }) }
}

extension Rehearsal {
    func report() -> RehearsalReport {
        let digest = (try? stage.disk.look { try Self.digest($0) }) ?? ""
        let reached = (try? RareStates.reached(stage.disk)) ?? []
        return stage.world.withLock { world in
            reached.forEach { world.coverage.reached($0) }
            for vendor in world.vendors { vendor.rareStates.forEach { world.coverage.reached($0) } }
            if world.oracle.stock.accounts.values.contains(where: { $0.erased > 0 }) {
                world.coverage.reached("a sale fell between look and write")
            }
            world.story.absorb(digest)
            return RehearsalReport(
                seed: seed, steps: world.story.steps,
                worldSeconds: Int(world.now.seconds(since: World.start)), trace: world.story.trace,
                breaches: world.oracle.breaches.map { breach in
                    "\(breach.invariant) \(breach.at > World.start ? breach.at.naive.suffix(8) : "at rest"): "
                        + breach.words
                }, story: world.story.isKeptWhole ? world.story.lines : world.story.last,
                setting: knobs.words, coverage: world.coverage)
        }
    }

    /// All that the hub remembers, as text.
    private static func digest(_ session: any StoreSession) throws -> String {
        var text = ""
        for table in ["record", "link", "change", "conflict", "job", "movement", "receipt", "rejection"] {
            for row in try session.rows("SELECT * FROM \(table) ORDER BY 1, 2", []) {
                for value in row.values { append(value, to: &text) }
                text += "\n"
            }
        }
        return text
    }

    private static func append(_ value: SQLValue, to text: inout String) {
        switch value {
        case .null: text += "-"
        case .integer(let number): text += String(number)
        case .text(let words): text += words
        case .blob(let bytes): text += Signature.hex(bytes)
        case .keys, .ids: break
        }
        text += "|"
    }
}
