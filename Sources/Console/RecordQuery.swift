import Commerce
import Ledger
import Wire

/// Which records a request means, and where its page begins.
struct RecordQuery {
    let filter: RecordFilter
    let place: RecordPlace?
    let limit: Int

    /// How many records one answer lists: unless said, and at most.
    static let limits = (usual: 50, most: 200)
    /// The longest word, in bytes.
    private static let longest = 200
    /// The longest that leads to a next page, in hexadecimal digits.
    private static let longestNext = 8192

    /// The words as the document names them.
    static let parameters: [Contract.Parameter] = [
        Contract.Parameter("kind", .word(of: RecordKind.self), "What they are.", isNeeded: true),
        Contract.Parameter("since", .text(1...40), "A time, or a day: those that changed from then on."),
        Contract.Parameter(
            "order", .word(of: Order.self), "Those that changed first before the others, or the latest."),
        Contract.Parameter("deleted", .word(["false", "true"]), "Those that were deleted, and not the others."),
        Contract.Parameter("key", .text(1...longest), "Those known by this key (a SKU)."),
        Contract.Parameter("prefix", .text(1...longest), "Those whose key begins with this, by their keys."),
        Contract.Parameter("integration", .text(1...longest), "Those an integration has, by its id or name."),
        Contract.Parameter("externalId", .text(1...longest), "The one of this id in that integration."), .limit(limits),
        Contract.Parameter("next", .text(1...longestNext), "What the answer before this one gave."),
    ]

    enum Order: String, CaseIterable {
        case oldest
        case latest
    }

    /// Reads the words of a query.
    init(_ items: [HTTPAddress.QueryItem]) throws(BodyRefusal) {
        let words = try Self.words(items)
        guard let kind = words["kind"].flatMap(RecordKind.init) else {
            let known = RecordKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw QueryWord.refusal("kind must be one of \(known)")
        }
        let isDeleted = try Self.one(words, "deleted", ["false": false, "true": true])
        let way = try Self.way(words, kind)
        filter = RecordFilter(kind, way, isDeleted: isDeleted ?? false)
        limit =
            try words["limit"].map { word throws(BodyRefusal) in
                try QueryWord.number("limit", word, atMost: Self.limits.most)
            } ?? Self.limits.usual
        place = try words["next"].map { text throws(BodyRefusal) in
            guard let place = Self.place(text), Self.fits(place, way) else {
                throw QueryWord.refusal("next must be what an answer to the same question gave")
            }
            return place
        }
    }

    /// Each word once, none of them empty or with control characters: these stand in no key, and no server takes all of
    /// them.
    private static func words(_ items: [HTTPAddress.QueryItem]) throws(BodyRefusal) -> [String: String] {
        var words: [String: String] = [:]
        for item in items {
            guard parameters.contains(where: { $0.name == item.name }) else {
                let known = parameters.map(\.name).joined(separator: ", ")
                throw QueryWord.unknown(item.name, known: known)
            }
            guard words[item.name] == nil else { throw QueryWord.refusal("\(item.name) stands twice in the query") }
            let most = item.name == "next" ? longestNext : longest
            guard (1...most).contains(item.value.utf8.count),
                item.value.unicodeScalars.allSatisfy({ $0.value >= 0x20 })
            else { throw QueryWord.refusal("\(item.name) must be a word of at most \(most) bytes") }
            words[item.name] = item.value
        }
        return words
    }

    private static func one<Value>(
        _ words: [String: String], _ name: String, _ values: [String: Value]
    ) throws(BodyRefusal) -> Value? {
        guard let word = words[name] else { return nil }
        guard let value = values[word] else {
            throw QueryWord.refusal("\(name) must be \(values.keys.sorted().joined(separator: " or "))")
        }
        return value
    }

    // MARK: What the list goes by

    /// Each way has its index; two of them together have none, and are refused before anybody waits for the answer.
    private static func way(
        _ words: [String: String], _ kind: RecordKind
    ) throws(BodyRefusal) -> RecordFilter.Way {
        let ways = [["since", "order"], ["key"], ["prefix"], ["integration", "externalId"]]
        let named = ways.compactMap { way in way.first { words[$0] != nil } }
        guard named.count < 2 else {
            throw QueryWord.refusal(
                "\(named.joined(separator: " and ")) exclude each other: ask for one, and look for the other")
        }
        if let word = words["integration"] {
            guard words["deleted"] == nil else { throw QueryWord.refusal("deleted and integration exclude each other") }
            return .linked(to: word, externalID: words["externalId"])
        }
        guard words["externalId"] == nil else {
            throw QueryWord.refusal("externalId is an id in an integration: name that, too")
        }
        if let word = words["key"] ?? words["prefix"] {
            guard kind != .customer else {
                throw QueryWord.refusal("a customer's key is his own: /api/customers/{key}/export looks for it")
            }
            let key = NaturalKey.folded(word)
            guard !key.isEmpty else { throw QueryWord.refusal("a key is more than blanks") }
            return words["key"] == nil ? .keyPrefix(key) : .key(key)
        }
        let since = try words["since"].map { text throws(BodyRefusal) in try QueryWord.moment("since", text) }
        let order = try one(words, "order", ["oldest": Order.oldest, "latest": .latest])
        return .changed(since: since, isLatestFirst: order == .latest)
    }

    // MARK: Where the next page begins

    /// A place as an answer tells it: in hexadecimal, for nobody is to build upon what stands in it.
    static func text(_ place: RecordPlace) -> String {
        let text =
            switch place {
            case .changed(let at, let id): "c\(at.milliseconds).\(id)"
            case .key(let key, let id): "k\(id).\(key)"
            case .externalID(let id): "x\(id)"
            }
        return Signature.hex(Array(text.utf8))
    }

    private static func place(_ text: String) -> RecordPlace? {
        guard let bytes = Signature.bytes(hex: text), let plain = String(validating: bytes, as: UTF8.self),
            !plain.unicodeScalars.contains("\0")
        else { return nil }
        let rest = plain.dropFirst()
        let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let number = parts.first.flatMap { Int64($0) }
        switch plain.first {
        case "c":
            guard let number, parts.count == 2, let id = Int64(parts[1]) else { return nil }
            return .changed(at: Moment(milliseconds: number), id: id)
        case "k":
            guard let number, parts.count == 2 else { return nil }
            return .key(String(parts[1]), id: number)
        case "x": return rest.isEmpty ? nil : .externalID(String(rest))
        default: return nil
        }
    }

    private static func fits(_ place: RecordPlace, _ way: RecordFilter.Way) -> Bool {
        switch (place, way) {
        case (.changed, .changed), (.externalID, .linked): true
        case (.key(let key, _), .key(let wanted)): key == wanted
        case (.key(let key, _), .keyPrefix(let prefix)): key.hasPrefix(prefix)
        default: false
        }
    }
}
