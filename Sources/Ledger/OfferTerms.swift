import Reconcile

/// What of a product's stock one integration is offered, as its owner says; nil where nothing is said.
public struct OfferTerms: Hashable, Sendable {
    public var mode: StockMode?
    /// Kept back, in pieces.
    public var buffer: ExactDecimal?
    /// The most it ever shows, in pieces.
    public var maximum: ExactDecimal?
    /// Its share of allotted stock, in proportion to the others'.
    public var share: Int?

    /// The largest share.
    public static let shareLimit = 1_000_000

    /// Nothing said.
    public init() {}

    /// Sets one term by its word: `mode`, `buffer`, `maximum`, `share`.
    ///
    /// - Throws: `PartError` that says what is expected.
    public mutating func set(_ word: String, to value: String) throws(PartError) {
        switch word {
        case "mode":
            guard let mode = StockMode(rawValue: value) else {
                throw PartError("mode is \"\(value)\"; it must be shared or allotted")
            }
            self.mode = mode
        case "buffer": buffer = try Self.pieces(value, word)
        case "maximum": maximum = try Self.pieces(value, word)
        case "share":
            guard let share = Int(value), (0...Self.shareLimit).contains(share) else {
                throw PartError("share is \"\(value)\"; it must be a whole number from 0 to \(Self.shareLimit)")
            }
            self.share = share
        default: throw PartError("\"\(word)\" is no term of stock; there are: buffer, maximum, mode, share")
        }
    }

    private static func pieces(_ text: String, _ word: String) throws(PartError) -> ExactDecimal {
        guard let pieces = try? ExactDecimal(parsing: text), pieces >= .zero, pieces.millionths != nil,
            pieces <= ExactDecimal(Int(Absorb.pieceLimit))
        else {
            throw PartError(
                "\(word) is \"\(text)\"; it must be pieces: a number from 0 to 1000000000 with at most 6 decimals")
        }
        return pieces
    }

    init?(json: JSON) {
        self.init()
        for (word, value) in json.object ?? [:] {
            guard let text = value.scalarText, (try? set(word, to: text)) != nil else { return nil }
        }
    }

    var json: JSON {
        var members: [String: JSON] = [:]
        members["mode"] = mode.map { .string($0.rawValue) }
        members["buffer"] = buffer?.json
        members["maximum"] = maximum?.json
        members["share"] = share.map { .integer($0) }
        return .object(members)
    }

    /// What is said of one product, and else of all.
    func over(_ general: OfferTerms) -> OfferTerms {
        var terms = self
        terms.mode = mode ?? general.mode
        terms.buffer = buffer ?? general.buffer
        terms.maximum = maximum ?? general.maximum
        terms.share = share ?? general.share
        return terms
    }

    var rule: OfferRule { OfferRule(buffer: buffer ?? .zero, maximum: maximum, share: share ?? 1) }
}

extension IntegrationOptions {
    /// The terms of one product.
    public func terms(of sku: String?) -> OfferTerms {
        let general = stock["*"] ?? OfferTerms()
        return sku.flatMap { stock[NaturalKey.folded($0)] }?.over(general) ?? general
    }
}

extension HubRecord {
    /// The record as one channel is to see it: with that value for its stock, or as it is.
    public func offering(_ stock: JSON?) -> HubRecord {
        guard let stock, var part = parts[HubLink.stockPart] else { return self }
        var record = self
        part.value = stock
        record.parts[HubLink.stockPart] = part
        return record
    }
}

/// A channel the hub may tell what it may sell.
public struct StockChannel: Sendable {
    public var integration: Int64
    public var options: IntegrationOptions
    /// How it takes a new number, for the kinds whose stock it may be given.
    public var writing: [RecordKind: StockWriting]

    /// A channel.
    public init(integration: Int64, options: IntegrationOptions, writing: [RecordKind: StockWriting]) {
        self.integration = integration
        self.options = options
        self.writing = writing
    }
}

/// What every channel is to be told of stock, decided for a product as a whole.
public struct StockOffers: Sendable {
    public let channels: [StockChannel]
    /// What is known of the sides beside what the links remember: by record and integration.
    public let sides: [Int64: [Int64: StockSide]]

    /// Decides for these channels.
    public init(channels: [StockChannel], sides: [Int64: [Int64: StockSide]]) {
        self.channels = channels
        self.sides = sides
    }

    /// The stock of a product as the hub knows it; nil where it is not counted.
    public func product(_ record: HubRecord, links: [HubLink]) -> ProductStock? {
        guard let sellable = record.sellable else { return nil }
        var product = ProductStock(sellable: sellable)
        for link in links where link.role == HubLink.mainRole && link.isActive && link.record == record.id {
            let side = link.stockSide(sides[record.id]?[link.integration])
            if side.shown != nil { product.sides[link.integration] = side }
        }
        // A create that was not answered may have put up what it carried.
        for (integration, side) in sides[record.id] ?? [:]
        where side.write != nil && product.sides[integration] == nil { product.sides[integration] = side }
        for channel in channels where channel.writing[record.kind] != nil {
            let terms = channel.options.terms(of: record.naturalKey)
            product.rules[channel.integration] = terms.rule
            product.rules[channel.integration]?.writing = channel.writing[record.kind] ?? .absolute
            // One channel that asks for its own part asks it of all: what is dealt out must not be offered twice.
            if terms.mode == .allotted { product.mode = .allotted }
        }
        return product
    }

    /// The value of the stock part for each channel; equal to what it was given where it is in step, or to be left
    /// alone for now. Empty where nothing is counted.
    public func values(of record: HubRecord, links: [HubLink]) -> [Int64: JSON] {
        guard let product = product(record, links: links), let offers = try? product.offers() else { return [:] }
        let part = HubLink.stockPart
        let own = record.parts[part]?.value
        var values: [Int64: JSON] = [:]
        for (channel, offer) in offers {
            let sent = links.first { $0.integration == channel && $0.role == HubLink.mainRole }?.parts[part]?.sent
            let isSame = StockLevel.quantity(sent) == offer
            values[channel] = isSame ? sent : StockLevel.json(offer, like: own)
        }
        return values
    }
}
