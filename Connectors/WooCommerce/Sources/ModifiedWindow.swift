import ConnectorKit

/// Walks a list by time of change, in windows that begin where the last page ended, never by page number.
///
/// Page numbers drift: a record inserted or deleted between two pages repeats or hides another. So the next window asks
/// again for what changed from the last second seen on, and what was already given is dropped. Only where one second
/// holds more than a page is that second walked by page, ordered by id, and walked anew if its number of records
/// changes.
struct ModifiedWindow: Sendable {
    let client: WooCommerceClient
    let path: String
    /// What else is asked for at every page.
    let query: [(String, String)]
    /// How far back a new pull looks behind the newest change seen, in seconds.
    ///
    /// The filter is exclusive and counts whole seconds, and a record may be stamped a moment before it can be read.
    static let overlapSeconds = 2.0

    /// What one page gave.
    struct Reading: Sendable {
        var records: [JSON]
        var next: WindowPosition?
        var cursor: String?
        var total: Int?
        var farClock: Moment?
    }

    func read(at position: WindowPosition, limit: Int) async throws(ConnectorFailure) -> Reading {
        let answer = try await client.list(path, query + filter(position) + [("per_page", String(limit))])
        if position.second != nil { return try ofOneSecond(answer, position, limit) }
        let records = answer.list
        let times = records.map { Payload($0).filled("date_modified_gmt") }
        try checkObeyed(times, position)
        var next = position
        next.note(newest: times.compactMap { $0 }.max(), total: answer.total)
        let fresh = records.filter { !position.hasGiven($0) }
        guard records.count >= limit, let last = times.last else { return reading(fresh, nil, next, answer) }
        guard let last else {
            next.page += 1
            return reading(fresh, next, next, answer)
        }
        if times.first == last {
            // A whole page of one second: a window could not move on, so this second is walked by id.
            next.second = last
            next.page = 1
            return try await read(at: next, limit: limit)
        }
        next.page = 1
        next.after = Moment(iso: last)?.adding(seconds: -1).naive
        next.given = zip(records, times).filter { $0.1 == last }.map { Payload($0.0).text("id") }
        return reading(fresh, next, next, answer)
    }

    private func filter(_ position: WindowPosition) -> [(String, String)] {
        // Naive GMT with the flag: the shop misreads "...Z" with it and offsets of orders without it (recorded).
        var filter = [("dates_are_gmt", "true"), ("page", String(position.page)), ("order", "asc")]
        if let second = position.second, let moment = Moment(iso: second) {
            filter += [
                ("orderby", "id"), ("modified_after", moment.adding(seconds: -1).naive),
                ("modified_before", moment.adding(seconds: 1).naive),
            ]
        } else {
            filter.append(("orderby", "modified"))
            if let after = position.after { filter.append(("modified_after", after)) }
        }
        return filter
    }

    /// A shop (or a plugin before it) that ignores filter or order would be read for ever, or with holes.
    private func checkObeyed(_ times: [String?], _ position: WindowPosition) throws(ConnectorFailure) {
        if let after = position.after, let early = times.compactMap({ $0 }).first(where: { $0 <= after }) {
            throw .unreadable(
                detail: "\(path): asked for what changed after \(after), the shop answered with a change of \(early); "
                    + "it would repeat itself for ever")
        }
        let known = times.map { $0 ?? "" }
        guard zip(known, known.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            throw .unreadable(detail: "\(path): the shop does not answer in the order asked for (orderby=modified)")
        }
    }

    private func ofOneSecond(
        _ answer: WooCommerceClient.Answer, _ position: WindowPosition, _ limit: Int
    ) throws(ConnectorFailure) -> Reading {
        let records = answer.list.filter { Payload($0).text("date_modified_gmt") == position.second }
        let fresh = records.filter { !position.hasGiven($0) }
        var next = position
        next.note(newest: position.second, total: nil)
        let ids = answer.list.compactMap { Int(Payload($0).text("id")) }
        if position.page > 1, position.secondTotal != answer.total {
            next.page = 1
            next.lastID = 0
            next.restarts += 1
            return reading([], next, next, answer)
        }
        if let first = ids.first, first <= position.lastID {
            throw .unreadable(detail: "\(path): the shop repeats its pages; reading was stopped")
        }
        if answer.list.count < limit {
            next.after = position.second
            next.second = nil
            next.page = 1
            next.lastID = 0
            next.given = []
        } else {
            next.page += 1
            next.lastID = ids.last ?? position.lastID
            next.secondTotal = answer.total
        }
        return reading(fresh, next, next, answer)
    }

    private func reading(
        _ records: [JSON], _ next: WindowPosition?, _ state: WindowPosition, _ answer: WooCommerceClient.Answer
    ) -> Reading {
        Reading(
            records: records, next: next, cursor: cursor(state.newest, farClock: answer.farClock), total: state.total,
            farClock: answer.farClock)
    }

    /// Where the next pull begins. A record stamped in the future (an import) must not make it skip what comes until
    /// then.
    private func cursor(_ newest: String?, farClock: Moment?) -> String? {
        guard let newest = newest.flatMap({ Moment(iso: $0) }) else { return nil }
        #if Mutations
            if Mutation.cursorWithoutOverlap.isPlanted { return min(newest, farClock ?? newest).naive }
        #endif
        return min(newest, farClock ?? newest).adding(seconds: -Self.overlapSeconds).naive
    }
}

/// Where a pull stands; a text between two pages.
struct WindowPosition: Hashable, Sendable {
    /// The currency of the shop's prices, read at the start of the pull; empty where none is needed.
    var currency = ""
    /// Only what changed later than this; nil for all.
    var after: String?
    /// The second that is walked by id, if one is.
    var second: String?
    var secondTotal: Int?
    var page = 1
    var lastID = 0
    /// How often a second was walked anew: two positions of one pull are never the same text.
    var restarts = 0
    /// Ids of the window's first second that were given already.
    var given: [String] = []
    /// The newest change seen in this pull.
    var newest: String?
    /// How many records the pull had before it at its start.
    var total: Int?

    /// The start of a pull.
    init(currency: String, since: String?) {
        self.currency = currency
        after = since
    }

    /// Reads a position.
    ///
    /// - Throws: `ConnectorFailure.unreadable` when the text is none.
    init(_ text: String) throws(ConnectorFailure) {
        guard let json = try? JSON(parsing: text), let page = json["page"]?.integer, page > 0 else {
            throw .unreadable(detail: "the saved position \"\(text.prefix(60))\" is none of this connector's")
        }
        self.page = page
        currency = json["currency"]?.string ?? ""
        after = json["after"]?.string
        second = json["second"]?.string
        secondTotal = json["secondTotal"]?.integer
        lastID = json["lastID"]?.integer ?? 0
        restarts = json["restarts"]?.integer ?? 0
        given = json["given"]?.array?.compactMap(\.string) ?? []
        newest = json["newest"]?.string
        total = json["total"]?.integer
    }

    var text: String {
        let members: [String: JSON] = [
            "currency": .string(currency), "after": .text(after), "second": .text(second), "page": .integer(page),
            "secondTotal": secondTotal.map { .integer($0) } ?? .null, "lastID": .integer(lastID),
            "restarts": .integer(restarts),
            "given": .array(given.map(JSON.string)), "newest": .text(newest),
            "total": total.map { .integer($0) } ?? .null,
        ]
        return JSON.object(members.filter { !$0.value.isNull }).text
    }

    mutating func note(newest: String?, total: Int?) {
        if let newest { self.newest = max(newest, self.newest ?? newest) }
        self.total = self.total ?? total
    }

    /// Whether the record was given already and has not changed since.
    func hasGiven(_ json: JSON) -> Bool {
        let payload = Payload(json)
        guard given.contains(payload.text("id")) else { return false }
        let time = payload.text("date_modified_gmt")
        return second.map { $0 == time } ?? (after.flatMap { Moment(iso: $0) }?.adding(seconds: 1).naive == time)
    }
}

/// Walks a whole list by id: for lists without a modified filter, and for the census.
struct IDScan: Sendable {
    let client: WooCommerceClient
    let path: String
    let query: [(String, String)]

    struct Reading: Sendable {
        var records: [JSON]
        var next: String?
        var total: Int?
        var farClock: Moment?
    }

    /// Reads one page; `position` is `<page>:<highest id so far>`.
    func read(_ position: String?, limit: Int = WooCommerceClient.pageMaximum) async throws(ConnectorFailure) -> Reading
    {
        let (page, highest) = try Self.parse(position)
        let paging = [("orderby", "id"), ("order", "asc"), ("per_page", String(limit)), ("page", String(page))]
        let answer = try await client.list(path, query + paging)
        let ids = answer.list.compactMap { Int(Payload($0).text("id")) }
        // Ids only grow along the list, whatever is added or deleted meanwhile; a page that goes back is a repeat.
        if let first = ids.first, first <= highest {
            throw .unreadable(detail: "\(path): the shop repeats its pages; reading was stopped")
        }
        let isFull = answer.list.count >= limit
        let next = isFull ? "\(page + 1):\(ids.max() ?? highest)" : nil
        return Reading(records: answer.list, next: next, total: answer.total, farClock: answer.farClock)
    }

    private static func parse(_ position: String?) throws(ConnectorFailure) -> (page: Int, highest: Int) {
        guard let position else { return (1, 0) }
        let pieces = position.split(separator: ":").compactMap { Int($0) }
        guard pieces.count == 2, pieces[0] > 0 else {
            throw .unreadable(detail: "the saved position \"\(position.prefix(60))\" is none of this connector's")
        }
        return (pieces[0], pieces[1])
    }
}
