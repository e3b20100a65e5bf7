import Commerce
import Wire

/// A second kind of vendor with a small interface of its own, whose habits are the traits of the seed.
struct StallVendor: Vendor {
    let name: String
    let traits: StallTraits
    var goods: [Good] = []
    var documents: [Document] = []
    private var keys: [String: Int] = [:]
    private var lastID = 100
    /// Goods that were asked for and are not there: when first and when last.
    private var missed: [Int: (first: Moment, last: Moment)] = [:]
    private(set) var rareStates: [String] = []
    private var waiting: [VendorCall] = []
    private var unanswered: [Int: (call: VendorCall, left: Int, again: Moment)] = [:]
    private var lastCall = 0
    private var visits: [Moment] = []
    private var hook: String?
    private(set) var known = KnownGoods()
    /// What it signs its calls with.
    private var ownSecret = StallVendor.secret

    static let key = "stall-key-3141"
    static let secret = "stall-secret-2718"

    struct Good: Sendable {
        var id: Int
        var number: String
        var name: String
        var price: String
        var stock: Int
        /// What the stall's own people wrote; the hub knows nothing of it.
        var memo: String
        var reference = ""
        var revision = 1
        var changed: Moment
        var madeAt: Moment
    }

    struct Document: Sendable {
        var id: Int
        var reference: String
        var source: String
        /// The document it corrects; nil for an order's own.
        var corrects: Int?
        var total: String
        var refunded: String
        var state: String
        var madeAt: Moment
    }

    init(name: String, traits: StallTraits) {
        self.name = name
        self.traits = traits
    }

    var nature: VendorNature {
        let finds = traits.creation == .keyed || traits.creation == .findable
        return VendorNature(
            name: name, isShop: false, makesNoTwins: traits.enforcesNumbers, findsCreates: finds,
            keepsBooks: traits.keepsBooks, corrects: traits.corrects,
            keepsPrices: traits.keepsPrices, comparesStock: traits.comparesStock,
            replacesBlindly: traits.replaces && !traits.comparesRevisions)
    }

    mutating func newID() -> Int {
        lastID += 1
        return lastID
    }

    /// The id of a new good: where ids are used again, one whose good is gone, and about which the hub asked twice,
    /// apart in time. Used again earlier, it could be told from a new number by nobody.
    mutating func newGoodID(at now: Moment) -> Int {
        guard traits.reusesIDs,
            let id = missed.keys.sorted().first(where: { id in
                missed[id].map { $0.last.seconds(since: $0.first) > 61 && now.seconds(since: $0.last) > 30 } ?? false
            })
        else { return newID() }
        missed[id] = nil
        meet("an id was used again")
        return id
    }

    /// Somebody asked for a good that is not there.
    mutating func miss(_ id: String, at now: Moment) {
        guard let id = Int(id), id <= lastID else { return }
        missed[id] = (missed[id]?.first ?? now, now)
    }

    mutating func meet(_ state: String) { if !rareStates.contains(state) { rareStates.append(state) } }

    /// What a key made before; nil when it is new.
    func made(by key: String) -> Int? { keys[key] }

    mutating func remember(_ key: String, _ id: Int) { keys[key] = id }

    /// Whether this visit is one too many within a minute.
    mutating func isTooBusy(_ now: Moment) -> Bool {
        guard let limit = traits.limit else { return false }
        visits.removeAll { now.seconds(since: $0) >= 60 }
        if visits.count >= limit { return true }
        visits.append(now)
        return false
    }

    // MARK: - Calls

    mutating func subscribe(_ url: String, secret: String?) {
        hook = url
        if let secret { ownSecret = secret }
    }

    var isSubscribed: Bool { hook != nil }
    var isHooked: Bool { hook != nil || !traits.calls }

    mutating func loseHook(isForgotten: Bool, at now: Moment) -> Bool {
        guard traits.calls, hook != nil else { return false }
        hook = nil
        return true
    }

    func unknownCall(at address: String, number: Int, secret: String) -> VendorCall {
        let body = JSON.object(["topic": "fair", "call": .integer(number)])
        return signed(body, number: "u\(number)", id: -1, address: address, secret: secret)
    }

    func isSigned(_ call: VendorCall, with secret: String) -> Bool {
        call.headers["X-Stall-Signature"] == Self.signature(call.body, secret)
    }

    private static func signature(_ body: [UInt8], _ secret: String) -> String {
        Signature.hex(Signature.hmacSHA256(body, key: Array(secret.utf8)))
    }

    private func signed(_ body: JSON, number: String, id: Int, address: String, secret: String) -> VendorCall {
        let bytes = body.bytes
        let signature = Self.signature(bytes, secret)
        let headers: HTTPHeaders = [
            "Content-Type": "application/json", "X-Stall-Signature": signature, "X-Stall-Call": number,
        ]
        return VendorCall(id: id, url: address, headers: headers, body: bytes)
    }

    /// Tells of a good, as it is now.
    mutating func tell(_ id: Int) {
        guard traits.calls, let hook else { return }
        lastCall += 1
        var body: [String: JSON] = ["id": .string(String(id)), "call": .integer(lastCall)]
        if traits.tellsWhole, let good = goods.first(where: { $0.id == id }) { body["good"] = json(good) }
        waiting.append(signed(.object(body), number: String(lastCall), id: lastCall, address: hook, secret: ownSecret))
    }

    mutating func takeCalls() -> [VendorCall] {
        let calls = waiting
        waiting = []
        for call in calls where unanswered[call.id] == nil { unanswered[call.id] = (call, 2, Moment(seconds: 0)) }
        return calls
    }

    mutating func advance(to now: Moment) -> [VendorCall] {
        // What was not answered is sent again as it was, though the good may have changed meanwhile.
        for id in unanswered.keys.sorted() {
            guard let entry = unanswered[id], entry.again > Moment(seconds: 0), entry.again <= now else { continue }
            unanswered[id] = (entry.call, entry.left - 1, Moment(seconds: 0))
            waiting.append(entry.call)
        }
        return takeCalls()
    }

    mutating func answered(_ call: Int, status: Int?, at now: Moment) {
        guard let entry = unanswered[call] else { return }
        if let status, status < 300 { return unanswered[call] = nil }
        unanswered[call] = entry.left > 0 ? (entry.call, entry.left, now.adding(seconds: 60)) : nil
    }

    // MARK: - What it shows

    func shown(at now: Moment) -> Shown {
        Shown(
            goods: goods.map {
                ShownGood(
                    id: String($0.id), number: number(of: $0), label: $0.number, name: $0.name, price: $0.price,
                    stock: $0.stock,
                    memo: $0.memo)
            },
            documents: documents.map {
                ShownDocument(
                    id: String($0.id), source: $0.source, corrects: $0.corrects.map(String.init),
                    total: Cents.of($0.total), refunded: Cents.of($0.refunded), state: $0.state)
            })
    }

    func taken(at now: Moment) -> [String: Int] { [:] }

    func showings(in response: HTTPResponse, to request: HTTPRequest) -> [Showing] {
        guard request.address.path.hasPrefix("/goods"), response.status < 300,
            let json = try? JSON(parsing: response.body)
        else { return [] }
        return (json["goods"]?.array ?? [json]).compactMap { row in
            guard let id = row["id"]?.string, let number = row["number"]?.string else { return nil }
            return Showing(id: id, number: known.number(of: id, number), stock: row["stock"]?.integer)
        }
    }

    func stockSet(by request: HTTPRequest) -> [String: Int] {
        let words = request.address.path.split(separator: "/").map(String.init)
        guard ["PUT", "PATCH"].contains(request.method), words.first == "goods", words.count == 2,
            let stock = (try? JSON(parsing: request.body))?["stock"]
        else { return [:] }
        return [words[1]: stock.integer ?? 0]
    }

    func written(by request: HTTPRequest) -> Set<String> {
        ["PUT", "PATCH"].contains(request.method) ? [request.address.path] : []
    }

    func json(_ good: Good) -> JSON {
        [
            "id": .string(String(good.id)), "number": .string(good.number), "name": .string(good.name),
            "price": .string(good.price), "stock": .integer(good.stock), "memo": .string(good.memo),
            "reference": .string(good.reference), "revision": .integer(good.revision),
            "changed": .string(good.changed.naive),
        ]
    }

    // MARK: - People

    mutating func know(_ id: String, as number: String) { known.know(id, as: number) }

    /// What a good is known as.
    private func number(of good: Good) -> String { known.number(of: String(good.id), good.number) }

    mutating func change(_ number: String, at now: Moment, _ change: (inout Good) -> Void) -> Bool {
        guard let index = goods.firstIndex(where: { self.number(of: $0) == number }) else { return false }
        change(&goods[index])
        touch(index, at: now)
        return true
    }

    mutating func touch(_ index: Int, at now: Moment) {
        if traits.shouts { goods[index].name = goods[index].name.uppercased() }
        goods[index].revision += 1
        goods[index].changed = now
        tell(goods[index].id)
    }

    mutating func rename(_ number: String, to name: String, at now: Moment) -> Bool {
        change(number, at: now) { $0.name = name }
    }

    mutating func reprice(_ number: String, to price: String, at now: Moment) -> Bool {
        change(number, at: now) { $0.price = price }
    }

    mutating func renumber(_ number: String, to label: String, at now: Moment) -> Bool {
        change(number, at: now) { $0.number = label }
    }

    mutating func count(_ number: String, to quantity: Int, at now: Moment) -> Bool {
        change(number, at: now) { $0.stock = quantity }
    }

    mutating func add(_ good: NewGood, at now: Moment) -> Bool {
        guard !goods.contains(where: { $0.number == good.number }) else { return false }
        let id = newGoodID(at: now)
        goods.append(
            Good(
                id: id, number: good.number, name: traits.shouts ? good.name.uppercased() : good.name,
                price: good.price, stock: good.stock, memo: "shelf \(id)", changed: now, madeAt: now))
        tell(id)
        return true
    }

    mutating func remove(_ number: String, at now: Moment) -> Bool {
        guard let index = goods.firstIndex(where: { self.number(of: $0) == number }) else { return false }
        known.forget(String(goods[index].id))
        goods.remove(at: index)
        return true
    }

    mutating func sell(_ number: String, _ quantity: Int, to buyer: String, at now: Moment) -> String? {
        guard let good = goods.first(where: { self.number(of: $0) == number }), good.stock >= quantity else {
            return nil
        }
        return change(number, at: now) { $0.stock -= quantity } ? "" : nil
    }

    mutating func turn(order: String, _ turn: OrderTurn, at now: Moment) -> Bool { false }
    mutating func edit(order: String, _ edit: LineEdit, at now: Moment) -> Bool { false }
}
