import Commerce
import Wire

/// The stall's interface: `goods`, `ids`, `documents`, `hook`.
extension StallVendor {
    mutating func respond(to request: HTTPRequest, at now: Moment) -> (HTTPResponse, [VendorCall]) {
        if isTooBusy(now) {
            return (HTTPResponse(status: 429, headers: ["Retry-After": "20"], body: Array("{}".utf8)), [])
        }
        guard request.headers["Authorization"] == "Bearer " + Self.key else {
            return (Self.answer(["error": "who are you?"], 401, now), [])
        }
        let (body, status) = serve(request, at: now)
        return (Self.answer(body, status, now), takeCalls())
    }

    private static func answer(_ body: JSON, _ status: Int, _ now: Moment) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: ["Content-Type": "application/json", "Date": WrittenDate.text(now)],
            body: body.bytes)
    }

    private mutating func serve(_ request: HTTPRequest, at now: Moment) -> (JSON, Int) {
        let words = request.address.path.split(separator: "/").map(String.init)
        let query = Dictionary(request.address.query.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        let body = (try? JSON(parsing: request.body)) ?? .null
        switch (request.method, words.first, words.count) {
        case ("GET", "goods", 1):
            if let since = query["since"], isForgotten(since, now) { return (["error": "expired"], 410) }
            return (list(query, now), 200)
        case ("GET", "goods", 2):
            guard let good = goods.first(where: { String($0.id) == words[1] }) else {
                miss(words[1], at: now)
                return (Self.gone, 404)
            }
            return (json(good), 200)
        case ("GET", "ids", 1): return (["ids": .array(goods.map { .string(String($0.id)) })], 200)
        case ("POST", "goods", 1): return make(body, key: request.headers["Idempotency-Key"], now)
        case ("PUT", "goods", 2), ("PATCH", "goods", 2):
            return change(words[1], body, isWhole: request.method == "PUT", request.headers["If-Match"], now)
        case ("GET", "documents", 1): return (listDocuments(query, now), 200)
        case ("POST", "documents", 1): return book(body, key: request.headers["Idempotency-Key"], now)
        case ("PUT", "documents", 2): return amend(words[1], body)
        case ("POST", "hook", 1):
            let isNew = !isSubscribed
            subscribe(body["url"]?.string ?? "", secret: body["secret"]?.string)
            return (["isNew": .bool(isNew)], 200)
        default: return (["error": "no such place"], 404)
        }
    }

    private static let gone: JSON = ["error": "gone"]

    // MARK: - Goods

    /// Whether it knows no more what changed since then.
    private mutating func isForgotten(_ since: String, _ now: Moment) -> Bool {
        guard let seconds = traits.memorySeconds, let since = Moment(iso: since), now.seconds(since: since) > seconds
        else { return false }
        meet("a cursor had expired")
        return true
    }

    private mutating func list(_ query: [String: String], _ now: Moment) -> JSON {
        var found = goods
        if let since = query["since"] { found.removeAll { $0.changed.naive < since } }
        if let number = query["number"] { found.removeAll { $0.number != number } }
        if let reference = query["reference"] {
            found.removeAll {
                $0.reference != reference || now.seconds(since: $0.madeAt) < Double(traits.visibleAfterSeconds)
            }
        }
        let isPaged = query["number"] == nil && query["reference"] == nil
        if traits.shifts, isPaged { return listByPlace(found, query, now) }
        // Made in the order of their ids, and shown in it.
        found.sort { $0.id < $1.id }
        if let after = query["after"].flatMap({ Int($0) }) { found.removeAll { $0.id <= after } }
        let shown = isPaged ? Array(found.prefix(traits.page ?? found.count)) : found
        return [
            "goods": .array(shown.map(json)), "now": .string(now.naive), "more": .bool(shown.count < found.count),
        ]
    }

    /// A page of a list that is in the order of its changes, from a place on.
    private mutating func listByPlace(_ goods: [Good], _ query: [String: String], _ now: Moment) -> JSON {
        let found = goods.sorted { ($0.changed.naive, $0.id) < ($1.changed.naive, $1.id) }
        let place = query["place"].flatMap { Int($0) } ?? 0
        let rest = found.dropFirst(place)
        let shown = Array(rest.prefix(traits.page ?? rest.count))
        if let anchor = query["anchor"], shown.first.map({ String($0.id) }) != anchor {
            meet("a list shifted between two of its pages")
        }
        return [
            "goods": .array(shown.map(json)), "now": .string(now.naive), "more": .bool(shown.count < rest.count),
            "place": .integer(place),
        ]
    }

    private mutating func make(_ body: JSON, key: String?, _ now: Moment) -> (JSON, Int) {
        if traits.creation == .keyed, let key, let id = made(by: key) {
            guard let good = goods.first(where: { $0.id == id }) else { return (Self.gone, 404) }
            return (answer(good), 200)
        }
        let number = body["number"]?.string ?? ""
        if traits.enforcesNumbers, let other = goods.first(where: { $0.number == number }) {
            return (["error": "taken", "id": .string(String(other.id))], 409)
        }
        let id = newGoodID(at: now)
        let name = body["name"]?.string ?? ""
        var good = Good(
            id: id, number: number, name: traits.shouts ? name.uppercased() : name,
            price: body["price"]?.string ?? "", stock: body["stock"]?.integer ?? 0,
            memo: body["memo"]?.string ?? "", changed: now, madeAt: now)
        if traits.creation == .findable { good.reference = body["reference"]?.string ?? "" }
        goods.append(good)
        if let key { remember(key, id) }
        tell(id)
        return (answer(good), 201)
    }

    private func answer(_ good: Good) -> JSON {
        traits.answersWithRecord ? json(good) : ["id": .string(String(good.id))]
    }

    private mutating func change(
        _ id: String, _ body: JSON, isWhole: Bool, _ match: String?, _ now: Moment
    ) -> (JSON, Int) {
        guard let index = goods.firstIndex(where: { String($0.id) == id }) else { return (Self.gone, 404) }
        if traits.comparesRevisions, let match, match != String(goods[index].revision) {
            return (["error": "revision"], 412)
        }
        if traits.comparesStock, let was = body["stockWas"]?.integer, was != goods[index].stock {
            return (["error": "stock"], 409)
        }
        if let name = body["name"]?.string ?? (isWhole ? "" : nil) { goods[index].name = name }
        if let number = body["number"]?.string ?? (isWhole ? "" : nil) { goods[index].number = number }
        let keepsPrice = traits.keepsPrices && goods[index].id.isMultiple(of: 3)
        if !keepsPrice, let price = body["price"]?.string ?? (isWhole ? "" : nil) { goods[index].price = price }
        if let stock = body["stock"]?.integer ?? (isWhole ? 0 : nil) { goods[index].stock = stock }
        if let memo = body["memo"]?.string ?? (isWhole ? "" : nil) { goods[index].memo = memo }
        touch(index, at: now)
        return (answer(goods[index]), 200)
    }

    // MARK: - Documents

    private func listDocuments(_ query: [String: String], _ now: Moment) -> JSON {
        if let id = query["chain"] { return ["documents": .array(chain(id).map { ["total": .string($0.total)] })] }
        var found = documents.filter { $0.corrects == nil }
        if let reference = query["reference"] {
            found.removeAll {
                $0.reference != reference || now.seconds(since: $0.madeAt) < Double(traits.visibleAfterSeconds)
            }
        }
        return ["documents": .array(found.map { ["id": .string(String($0.id)), "source": .string($0.source)] })]
    }

    /// A document and those that correct it.
    private func chain(_ id: String) -> [Document] {
        documents.filter { String($0.id) == id || $0.corrects.map(String.init) == id }
    }

    /// Books how much an order came to more or less, once for each number: who knew of fewer corrections is refused.
    private mutating func correct(_ id: String, _ body: JSON, _ now: Moment) -> (JSON, Int) {
        let before = chain(id)
        guard let first = before.first else { return (Self.gone, 404) }
        guard body["number"]?.integer == before.count else { return (["error": "taken"], 409) }
        meet("an order edited after it was booked was corrected")
        let number = newID()
        documents.append(
            Document(
                id: number, reference: "", source: first.source, corrects: first.id,
                total: body["total"]?.string ?? "", refunded: "0.00", state: first.state, madeAt: now))
        return (["id": .string(String(number))], 201)
    }

    private mutating func book(_ body: JSON, key: String?, _ now: Moment) -> (JSON, Int) {
        if let id = body["corrects"]?.string { return correct(id, body, now) }
        if traits.creation == .keyed, let key, let id = made(by: key) { return (["id": .string(String(id))], 200) }
        let id = newID()
        documents.append(
            Document(
                id: id, reference: traits.creation == .findable ? body["reference"]?.string ?? "" : "",
                source: body["source"]?.string ?? "", total: body["total"]?.string ?? "",
                refunded: body["refunded"]?.string ?? "", state: body["state"]?.string ?? "", madeAt: now))
        if let key { remember(key, id) }
        return (["id": .string(String(id))], 201)
    }

    private mutating func amend(_ id: String, _ body: JSON) -> (JSON, Int) {
        guard let index = documents.firstIndex(where: { String($0.id) == id }) else { return (Self.gone, 404) }
        if let refunded = body["refunded"]?.string { documents[index].refunded = refunded }
        if let state = body["state"]?.string { documents[index].state = state }
        return (["id": .string(id)], 200)
    }
}
