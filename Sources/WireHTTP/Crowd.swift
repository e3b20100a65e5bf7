import NIOCore
import Synchronization

/// The open connections of a server. Where they become too many, who has been silent longest goes, so that thousands
/// who say nothing keep out nobody who has something to ask.
final class Crowd: Sendable {
    private struct Silent {
        let turn: Int
        let channel: any Channel
    }

    private struct State {
        var count = 0
        var lastTurn = 0
        /// Who asks nothing at the moment, and since which turn.
        var silent: [ObjectIdentifier: Silent] = [:]
        /// The turns in their order; one that is over stands there until it is passed.
        var turns: [(turn: Int, id: ObjectIdentifier)] = []
        var passed = 0
    }

    /// The fewest that make a crowd: of a handful, who came a moment ago may be the one who has been silent longest.
    private static let fewest = 32
    /// So many turns that are over are left standing before they are cleared away.
    private static let leftover = 64

    private let limit: Int
    private let state = Mutex(State())

    /// `most`: how many connections may be open. A sixteenth of them is kept for who comes next.
    init(of most: Int) { limit = most < Self.fewest ? .max : most - most / 16 }

    /// A connection is there, and has asked nothing yet.
    func enter(_ channel: any Channel) {
        let goes: (any Channel)? = state.withLock { state in
            state.count += 1
            let goes = state.count > limit ? Self.longestSilent(&state) : nil
            Self.fallSilent(channel, &state)
            return goes
        }
        goes?.close(promise: nil)
    }

    /// A connection asks something.
    func asks(_ channel: any Channel) {
        state.withLock { $0.silent[ObjectIdentifier(channel)] = nil }
    }

    /// A connection was answered.
    func isAnswered(_ channel: any Channel) {
        state.withLock { Self.fallSilent(channel, &$0) }
    }

    /// A connection is gone.
    func leave(_ channel: any Channel) {
        state.withLock { state in
            state.count -= 1
            state.silent[ObjectIdentifier(channel)] = nil
        }
    }

    private static func fallSilent(_ channel: any Channel, _ state: inout State) {
        let id = ObjectIdentifier(channel)
        state.lastTurn += 1
        state.silent[id] = Silent(turn: state.lastTurn, channel: channel)
        state.turns.append((state.lastTurn, id))
        guard state.turns.count > 2 * state.silent.count + leftover else { return }
        state.turns = state.turns[state.passed...].filter { state.silent[$0.id]?.turn == $0.turn }
        state.passed = 0
    }

    private static func longestSilent(_ state: inout State) -> (any Channel)? {
        while state.passed < state.turns.count {
            let (turn, id) = state.turns[state.passed]
            state.passed += 1
            guard let found = state.silent[id], found.turn == turn else { continue }
            state.silent[id] = nil
            return found.channel
        }
        return nil
    }
}
