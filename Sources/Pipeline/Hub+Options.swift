import ConnectorKit
import Ledger
import Reconcile

extension IntegrationOptions {
    /// The merchant's directions by kind; a kind under `*` where it is not named.
    var directionsByKind: [RecordKind: Direction] {
        Dictionary(
            RecordKind.allCases.compactMap { kind in
                (directions[kind.rawValue] ?? directions["*"]).flatMap(Direction.init(word:)).map { (kind, $0) }
            }, uniquingKeysWith: { first, _ in first })
    }

    /// What decides conflicts of one integration, by kind and part: `customer.phone`, `customer.*`, `*`.
    func rules(integration: Integration, all: [Integration]) -> [RecordKind: [String: PartRule]] {
        var rules: [RecordKind: [String: PartRule]] = [:]
        for (key, word) in policies {
            guard let policy = Policy(word: word, integration: integration, all: all) else { continue }
            let names = key.split(separator: ".", maxSplits: 1).map(String.init)
            let part = names.count == 2 ? names[1] : "*"
            for kind in RecordKind.allCases where names.first == "*" || names.first == kind.rawValue {
                // A counter stays a counter whatever is said of "all parts" (C-07).
                if part == "*" {
                    for shape in kind.parts where shape.form != .counter {
                        rules[kind, default: [:]][shape.name] = rules[kind]?[shape.name] ?? PartRule(policy)
                    }
                } else {
                    rules[kind, default: [:]][part] = PartRule(policy)
                }
            }
        }
        return rules
    }
}

extension Policy {
    /// The policy of a seed's word (C-07): `local` and `nxt_wins` are the hub's record, `remote` and
    /// `<connector>_wins` the far side.
    init?(word: String, integration: Integration, all: [Integration]) {
        switch word {
        case "timestamp": self = .timestamp
        case "manual": self = .manual
        case "merge": self = .merge
        case "counter": self = .counter
        case "priority": self = .priority([0] + all.map(\.id).sorted())
        case "local", "nxt_wins", "hub_wins": self = .source(0)
        case "remote", "source", "wc_wins": self = .source(integration.id)
        default:
            guard word.hasSuffix("_wins"), let side = all.first(where: { "\($0.connector)_wins" == word }) else {
                return nil
            }
            self = .source(side.id)
        }
    }
}
