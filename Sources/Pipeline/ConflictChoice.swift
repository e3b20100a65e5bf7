import Commerce
import Reconcile

/// How a person decides a conflict, in the words of commands and API (C-07).
public enum ConflictChoice: Hashable, Sendable {
    case theirs
    case ours
    case value(JSON)

    /// `theirs`, `remote` and `wc_wins` are the far side's value; `ours`, `local` and `nxt_wins` the hub's.
    public init?(word: String) {
        switch word {
        case "theirs", "remote", "wc_wins": self = .theirs
        case "ours", "local", "nxt_wins": self = .ours
        default: return nil
        }
    }

    /// Whose value it is, in a word.
    var word: String {
        switch self {
        case .theirs: "theirs"
        case .ours: "ours"
        case .value: "value"
        }
    }

    var resolution: Resolution {
        switch self {
        case .theirs: .theirs
        case .ours: .ours
        case .value(let value): .value(value)
        }
    }
}
