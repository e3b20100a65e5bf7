import ConnectorKit
import Ledger
import Queue
import Reconcile

extension IntegrationOptions {
    /// The merchant's directions by kind; a kind under `*` where it is not named.
    var directionsByKind: [RecordKind: Direction] {
        Dictionary(
            RecordKind.allCases.compactMap { kind in
                (directions[kind.rawValue] ?? directions["*"]).flatMap(Direction.init(word:)).map { (kind, $0) }
            }, uniquingKeysWith: { first, _ in first })
    }

    /// When a failed call of it is repeated (C-14).
    var retrySchedule: RetrySchedule {
        var schedule = RetrySchedule(quickRetries: quickRetries)
        if let firstRetrySeconds { schedule.firstSeconds = max(firstRetrySeconds, Self.shortestRetrySeconds) }
        return schedule
    }

    /// The shortest wait before a repeat, in seconds.
    static let shortestRetrySeconds = 0.1

    /// What decides conflicts of one integration, by kind and part: `customer.phone`, `customer.*`, `*`.
    func rules(integration: Integration, all: [Integration]) -> [RecordKind: [String: PartRule]] {
        var rules: [RecordKind: [String: PartRule]] = [:]
        for (key, word) in policies {
            guard let policy = Policy(word: word, in: .init(integration, all: all)) else { continue }
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

extension PolicyContext {
    /// The link between the hub and one integration. Of two integrations with one connector neither is meant by its
    /// name alone.
    init(_ integration: Integration, all: [Integration]) {
        self.init(
            side: integration.id, connector: integration.connector, order: [0] + all.map(\.id).sorted(),
            integrationOf: { connector in
                let named = all.filter { $0.connector == connector }
                return named.count == 1 ? named[0].id : nil
            })
    }
}
