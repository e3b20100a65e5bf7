/// An integration as the other stops see it: what travels between it and the hub.
public struct Peer: Hashable, Sendable {
    public var id: Int64
    public var name: String
    /// Whether it may be called.
    public var isActive: Bool
    private var ways: [RecordKind: Way]

    private struct Way: Hashable {
        var takes: Set<String>
        var gives: Set<String>
        var creates: Bool
        var matches: Bool
        var issues: Bool
        var creation: CreationClass?
        var orderStock: OrderStockRule?
        var stockWriting: StockWriting
    }

    /// A peer from its card's kinds (as its settings narrow them) and the merchant's directions by kind.
    public init(id: Int64, name: String, isActive: Bool, kinds: [KindCard], directions: [RecordKind: Direction] = [:]) {
        self.id = id
        self.name = name
        self.isActive = isActive
        ways = Dictionary(
            kinds.map { card in
                let projection = card.projection.narrowed(by: directions[card.kind] ?? .both)
                let parts = projection.directions
                let gives = Set(parts.filter { $0.value.gives }.keys)
                let way = Way(
                    takes: Set(parts.filter { $0.value.takes }.keys), gives: gives,
                    creates: card.creation != nil && !gives.isEmpty, matches: card.matchesByNaturalKey,
                    issues: card.issues, creation: card.creation,
                    orderStock: parts[OrderPart.content.shape.name]?.takes ?? false ? card.orderStock : nil,
                    stockWriting: card.stockWriting)
                return (card.kind, way)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The parts the hub takes from it.
    public func takes(_ kind: RecordKind) -> Set<String> { ways[kind]?.takes ?? [] }
    /// The parts the hub gives it.
    public func gives(_ kind: RecordKind) -> Set<String> { ways[kind]?.gives ?? [] }
    /// Whether the hub creates records of that kind there.
    public func creates(_ kind: RecordKind) -> Bool { ways[kind]?.creates ?? false }
    /// Whether its drafts may be matched by natural key.
    public func matches(_ kind: RecordKind) -> Bool { ways[kind]?.matches ?? false }
    /// Whether it issues documents of that kind.
    public func issues(_ kind: RecordKind) -> Bool { ways[kind]?.issues ?? false }
    /// How long after an unclear create one that cannot be found there may be made again, in seconds; nil is never.
    public func mayRepeatCreate(_ kind: RecordKind) -> Int? { ways[kind]?.creation?.repeatableAfterSeconds }
    /// Whether a repeat of a create is harmless by its key alone, so that nothing need be looked for or waited for.
    public func createsByKey(_ kind: RecordKind) -> Bool { ways[kind]?.creation == .keyed }
    /// When its orders move stock; nil where they do not, or are not read.
    public var orderStock: OrderStockRule? { ways[.order]?.orderStock }
    /// What its stock can be changed by.
    public func stockWriting(_ kind: RecordKind) -> StockWriting { ways[kind]?.stockWriting ?? .absolute }
    /// The kinds it has anything to do with.
    public var kinds: Set<RecordKind> { Set(ways.keys) }
}
