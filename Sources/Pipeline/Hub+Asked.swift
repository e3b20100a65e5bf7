import Audit
import ConnectorKit
import Ledger
import Queue
import Store

/// What is asked of one integration, in the words of the seeds: `{type, priority, delay}`.
public struct SyncWish: Hashable, Sendable {
    /// What is read and written, as it was named.
    var word: String
    /// Nil: every kind.
    var kinds: Set<RecordKind>?
    /// Whether everything is read, not only what has changed.
    var isFull: Bool
    var priority: Int
    var delayMilliseconds: Int

    /// The longest time it may be put off, in milliseconds: thirty days.
    static let longestDelay = 30 * 86_400_000
    private static let goods: Set<RecordKind> = [.product, .variant]
    private static let words: [String: Set<RecordKind>] = [
        "inventory": goods, "stock": goods, "price": goods, "prices": goods, "product": goods, "products": goods,
    ]
    /// The words for every kind.
    private static let wholes = ["all", "full", "full_sync"]

    /// Reads a wish; every problem is named by its field.
    ///
    /// - Throws: `IntegrationRefusal.fields`.
    public init(_ json: JSON) throws(IntegrationRefusal) {
        var problems: [SettingProblem] = []
        let members = json.object ?? [:]
        for field in members.keys.sorted() where !["type", "priority", "delay"].contains(field) {
            problems.append(
                SettingProblem(field, "\"\(field.prefix(60))\" means nothing here; there are: type, priority, delay"))
        }
        func number(_ field: String, _ range: ClosedRange<Int>, standard: Int) -> Int {
            guard let value = members[field] else { return standard }
            guard let number = value.integer, range.contains(number) else {
                let sentence = "\"\(field)\" must be a whole number from \(range.lowerBound) to \(range.upperBound)"
                problems.append(SettingProblem(field, sentence))
                return standard
            }
            return number
        }
        priority = number("priority", 0...1000, standard: 100)
        delayMilliseconds = number("delay", 0...Self.longestDelay, standard: 0)
        word = members["type"].map { $0.string ?? "" } ?? "all"
        isFull = word.hasPrefix("full")
        let kind = RecordKind.allCases.first { [$0.rawValue, $0.plural].contains(word) }
        if let known = Self.words[word] ?? kind.map({ [$0] }) {
            kinds = known
        } else if !Self.wholes.contains(word) {
            let known = Self.wholes + Self.words.keys + RecordKind.allCases.map(\.plural)
            let sentence = "\"type\" must be one of \(Set(known).sorted().joined(separator: ", "))"
            problems.append(SettingProblem("type", sentence))
        }
        guard problems.isEmpty else { throw .fields(problems) }
    }
}

/// Work that somebody asked for over the API.
public struct SyncAnswer: Hashable, Sendable {
    var publicID: String
    var wish: SyncWish
    var receipt: SyncReceipt

    /// As the API shows it.
    public var json: JSON {
        [
            "integrationId": .string(publicID), "batchId": .integer(receipt.batch), "status": "queued",
            "type": .string(wish.word), "kinds": .array(receipt.kinds.map { .string($0.rawValue) }),
            "priority": .integer(wish.priority), "delay": .integer(wish.delayMilliseconds),
            "runAt": .string(receipt.runAt.description),
        ]
    }
}

/// What came of reaching a far side once.
public struct CheckAnswer: Hashable, Sendable {
    /// What was found there; nil when it could not be reached.
    public var found: String?
    /// Why it could not be reached, in a word that stays the same and in a sentence.
    public var category: String?
    public var reason: String?

    /// As the API shows it.
    public var json: JSON {
        guard let found else {
            return ["connected": false, "category": .text(category), "reason": .text(reason)]
        }
        return ["connected": true, "found": .string(found)]
    }
}

extension Hub {
    /// Puts on the queue what brings an integration in step. Nil when there is none.
    ///
    /// - Throws: `IntegrationRefusal`, `HubError`, `StoreFailure`; then nothing was changed.
    public func sync(
        _ publicID: String, _ wish: SyncWish, by actor: AuditActor, answering: Answering<SyncAnswer>? = nil
    ) async throws -> SyncAnswer? {
        guard let integration = try await known(publicID) else { return nil }
        guard integration.state == .active else {
            let reason = integration.reason.map { ": \($0)" } ?? ""
            throw IntegrationRefusal.inactive("\(integration.name) is \(integration.state.rawValue)\(reason)")
        }
        let peer = try peer(integration)
        if let kinds = wish.kinds, kinds.isDisjoint(with: peer.kinds) {
            let known = peer.kinds.map(\.plural).sorted().joined(separator: ", ")
            let sentence = "\(integration.name) has nothing of that; it has: \(known)"
            throw IntegrationRefusal.fields([SettingProblem("type", sentence)])
        }
        let connector = try connector(of: integration)
        guard !connector.sources.isEmpty || !connector.targets.isEmpty else {
            let sentence =
                "\(integration.name) is neither read nor written to: it tells the hub itself, by calls to its "
                + "webhookAddress; nothing was put on the queue"
            throw IntegrationRefusal.fields([SettingProblem("type", sentence)])
        }
        let receipt = try await syncLater(
            integration, kinds: wish.kinds, isFull: wish.isFull, priority: wish.priority,
            afterSeconds: Double(wish.delayMilliseconds) / 1000, by: actor,
            answering: answering.map { outer in
                Answering(outer.claim) { receipt in
                    outer.answer(SyncAnswer(publicID: publicID, wish: wish, receipt: receipt))
                }
            })
        return SyncAnswer(publicID: publicID, wish: wish, receipt: receipt)
    }

    /// Reaches an integration once. One that was refused before works again if it answers. Nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func test(_ publicID: String, by actor: AuditActor) async throws -> CheckAnswer? {
        guard let integration = try await known(publicID) else { return nil }
        do {
            return CheckAnswer(found: try await check(integration, by: actor))
        } catch let failure as ConnectorFailure {
            return CheckAnswer(category: failure.errorClass, reason: failure.sentence)
        } catch let error as HubError {
            return CheckAnswer(category: "settings", reason: error.description)
        }
    }
}
