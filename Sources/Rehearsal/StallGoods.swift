import ConnectorKit

/// The stall's words and the hub's.
enum StallWords {
    /// What a good says; nil where it cannot be told which it is, or where what it says of its price is none. A member
    /// that is missing or null says nothing, and takes no part.
    static func draft(_ json: JSON, _ habits: StallHabits) -> Draft? {
        guard let id = json["id"]?.scalarText, let number = json["number"]?.string else { return nil }
        var parts = Parts()
        parts[ProductPart.sku] = number
        let name = json["name"]?.string
        if let name { parts[ProductPart.name] = name }
        if let amount = json["price"]?.scalarText {
            guard let price = try? Money(parsing: amount, currency: .lkr) else { return nil }
            parts[ProductPart.price] = Price(regular: price, currency: .lkr)
        }
        if let stock = json["stock"]?.scalarText.flatMap({ Int($0) }) {
            parts[ProductPart.stock] = StockLevel(isTracked: true, quantity: ExactDecimal(stock))
        }
        let reference = json["reference"]?.string ?? ""
        var draft = Draft(
            kind: .product, externalID: id, naturalKey: number.isEmpty ? nil : number,
            revision: habits.comparesRevisions ? json["revision"]?.scalarText : nil,
            changedAt: json["changed"]?.string.flatMap { Moment(iso: $0) },
            reference: reference.isEmpty ? nil : reference, parts: parts, title: name ?? "")
        draft.untold = Set(["name", "price", "stock"].filter { parts[$0] == nil })
        return draft
    }

    /// What goods say, and those that cannot be used.
    static func read(_ rows: [JSON], _ habits: StallHabits) -> (drafts: [Draft], rejections: [Rejection]) {
        var drafts: [Draft] = []
        var rejections: [Rejection] = []
        for row in rows {
            if let draft = draft(row, habits) {
                drafts.append(draft)
            } else {
                rejections.append(
                    Rejection(kind: .product, externalID: row["id"]?.scalarText, reason: "it cannot be read"))
            }
        }
        return (drafts, rejections)
    }

    /// The members of a good that parts say something about.
    static func members(_ parts: Parts) -> [String: JSON] {
        var members: [String: JSON] = [:]
        if let name = parts[ProductPart.name] { members["name"] = .string(name) }
        if let number = parts[ProductPart.sku] { members["number"] = .string(number) }
        if let price = parts[ProductPart.price] { members["price"] = .string(price.regular?.amount ?? "") }
        if let stock = parts[ProductPart.stock] { members["stock"] = .integer(stock.quantity?.whole ?? 0) }
        return members
    }
}

/// Reads goods.
struct StallGoodsSource: RecordSource {
    let client: StallClient
    let habits: StallHabits

    /// How far a pull looks back behind the last one: stamps count whole seconds.
    static let overlapSeconds = 2.0

    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
        // Where a page goes on, and what the stall's clock showed when the first was asked for: the next pull begins
        // there, for what is changed meanwhile may stand on a page that was read already.
        let position = request.position.flatMap(StallPosition.init)
        let since = position?.since ?? (position?.isWhole ?? false ? nil : request.since)
        var query = since.map { [("since", $0)] } ?? []
        query += position?.query ?? []
        var answer = try await client.call("GET", "/goods", query)
        if answer.status == StallClient.expired {
            // It knows no more what changed since then: all is read.
            answer = try await client.call("GET", "/goods")
            guard answer.status != StallClient.expired else { throw .unreadable(detail: "the list has expired") }
            return page(answer.json, .whole)
        }
        return page(answer.json, position)
    }

    private func page(_ json: JSON, _ position: StallPosition?) -> Page {
        let rows = json["goods"]?.array ?? []
        let begun = position?.begun ?? json["now"]?.string ?? ""
        if let position, position.hasShifted(rows) {
            // What was changed meanwhile stands further back now, and what stood behind it may have come to lie before
            // this page: it goes on by time from what was read last.
            return Page(drafts: [], next: position.anew.text)
        }
        let next = json["more"]?.bool == true ? StallPosition(after: rows, of: json, begun, position) : nil
        let (drafts, rejections) = StallWords.read(rows, habits)
        return Page(
            drafts: drafts, rejections: rejections, next: next?.text,
            cursor: Moment(iso: begun)?.adding(seconds: -Self.overlapSeconds).naive)
    }

    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] {
        var all: [Fetched] = []
        for id in ids {
            do throws(ConnectorFailure) {
                let json = try await client.call("GET", "/goods/\(id)").json
                if let draft = StallWords.draft(json, habits) {
                    all.append(.found(draft))
                } else {
                    all.append(.rejected(Rejection(kind: .product, externalID: id, reason: "not a good")))
                }
            } catch {
                guard case .gone = error else { throw error }
                all.append(.gone(id))
            }
        }
        return all
    }

    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? {
        let json = try await client.call("GET", "/ids").json
        return CensusPage(ids: (json["ids"]?.array ?? []).compactMap(\.string), next: nil)
    }
}

/// Writes goods, one call each.
struct StallGoodsTarget: RecordTarget {
    let client: StallClient
    let habits: StallHabits
    // One: with more, the last call of a batch could begin after the batch's deadline.
    var batchLimit: Int { 1 }

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        var results: [WriteResult] = []
        for request in requests {
            do throws(ConnectorFailure) {
                results.append(.written(try await write(request)))
            } catch {
                results.append(.failed(error))
            }
        }
        return results
    }

    private func write(_ request: WriteRequest) async throws(ConnectorFailure) -> Written {
        guard let id = request.externalID else { return try await make(request) }
        var body = StallWords.members(request.changes)
        var match = request.revision
        if habits.replaces {
            let current = try await fresh(id)
            // Written back as it came, what one answer lacks would be lost there for good: also what the hub itself
            // has no use for.
            guard ["number", "name", "price", "stock", "memo"].allSatisfy({ current[$0]?.scalarText != nil }) else {
                throw .unavailable(mayHaveHappened: false, detail: "good \(id) was not shown whole")
            }
            // ... and what it says in another type than it is kept in, too.
            var whole = current.object ?? [:]
            for member in ["number", "name", "price"] { whole[member] = current[member]?.scalarText.map(JSON.string) }
            whole["stock"] = current["stock"]?.scalarText.flatMap { Int($0) }.map(JSON.integer)
            body = whole.merging(body) { $1 }
            // What the hub decided on must still be there; else it decides anew.
            if habits.comparesRevisions, let known = match, current["revision"]?.scalarText != known {
                throw .unavailable(mayHaveHappened: false, detail: "good \(id) was changed meanwhile")
            }
            match = current["revision"]?.scalarText
        }
        if habits.comparesStock, body["stock"] != nil {
            body["stockWas"] = request.seen[ProductPart.stock].map { .integer($0.quantity?.whole ?? 0) }
        }
        var headers: HTTPHeaders = [:]
        if habits.comparesRevisions, let match { headers["If-Match"] = match }
        let answer = try await client.call(
            habits.replaces ? "PUT" : "PATCH", "/goods/\(id)", body: .object(body), headers: headers)
        if answer.status == 409 {
            throw .busy(detail: "the stock of good \(id) was changed meanwhile", retryAfterSeconds: 2)
        }
        if answer.status == 412 {
            throw .unavailable(mayHaveHappened: false, detail: "good \(id) was changed meanwhile")
        }
        return Written(externalID: id, answer: StallWords.draft(answer.json, habits))
    }

    /// How old what is written back may be, in seconds, and how often it is read for that.
    private static let freshness = (seconds: 2.0, readings: 4)

    /// A good as it is right now. What changes there between this and the write is lost where nothing is compared, so a
    /// slow answer is asked for again.
    private func fresh(_ id: String) async throws(ConnectorFailure) -> JSON {
        for _ in 0..<Self.freshness.readings {
            let asked = client.surroundings.now()
            let json = try await client.call("GET", "/goods/\(id)").json
            if habits.comparesRevisions || client.surroundings.now().seconds(since: asked) < Self.freshness.seconds {
                return json
            }
        }
        throw .unavailable(mayHaveHappened: false, detail: "good \(id) was not shown in time to be written back")
    }

    private func make(_ request: WriteRequest) async throws(ConnectorFailure) -> Written {
        var body = StallWords.members(request.changes)
        body["reference"] = .string(request.reference)
        var headers: HTTPHeaders = [:]
        if case .keyed = habits.creation { headers["Idempotency-Key"] = request.reference }
        let answer = try await client.call("POST", "/goods", body: .object(body), headers: headers)
        guard let id = answer.json["id"]?.scalarText else {
            throw .unavailable(mayHaveHappened: true, detail: "the stall answered without an id")
        }
        if answer.status == 409 {
            let found = try await client.call("GET", "/goods/\(id)").json
            guard let draft = StallWords.draft(found, habits) else { throw .gone(detail: "good \(id)") }
            return Written(externalID: id, answer: draft, isAdopted: true)
        }
        return Written(externalID: id, answer: StallWords.draft(answer.json, habits))
    }

    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] {
        let query: (String, String)
        switch habits.creation {
        case .findable: query = ("reference", request.reference)
        case .listable: query = ("number", request.record[ProductPart.sku] ?? request.naturalKey ?? "")
        case .keyed, .blind: return []
        }
        let json = try await client.call("GET", "/goods", [query]).json
        let (drafts, rejections) = StallWords.read(json["goods"]?.array ?? [], habits)
        guard rejections.isEmpty else { throw .unreadable(detail: "what was found cannot be read") }
        return drafts
    }

    func normalForm(of part: String, _ value: JSON) -> JSON {
        guard part == "name", let name = value.string else { return value }
        return .string(habits.shouts ? name.uppercased() : name)
    }
}
