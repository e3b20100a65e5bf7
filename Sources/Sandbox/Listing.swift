import Commerce
import Foundation
import Wire

/// Which part of a list is asked for, and in what order.
struct ListQuery {
    var perPage: Int
    var page: Int
    var skip: Int
    var isAscending: Bool
    var order: String
    var include: Set<Int>?
    var exclude: Set<Int>
    var search: String?
    /// Exclusive bounds of the last change, in seconds since 1970.
    var changedAfter: Int64?
    var changedBefore: Int64?
    var madeAfter: Int64?
    var madeBefore: Int64?

    /// Reads the parameters of a list. `order` is what it is ordered by unless the call says otherwise; `dropsZones`
    /// says that an offset in a date is thrown away, as the table of orders does it.
    init(
        _ call: Call, order: String, isAscending: Bool = false, utcOffsetSeconds: Int64, dropsZones: Bool = false
    ) {
        perPage = call.number("per_page") ?? 10
        page = call.number("page") ?? 1
        skip = call.number("offset") ?? (page - 1) * perPage
        self.isAscending = call.text("order").map { $0 == "asc" } ?? isAscending
        self.order = call.text("orderby") ?? order
        include = call.ids("include").map(Set.init)
        exclude = Set(call.ids("exclude") ?? [])
        search = call.text("search").flatMap { $0.isEmpty ? nil : $0.lowercased() }
        let isGMT = call.flag("dates_are_gmt")
        let bound = { (name: String) -> Int64? in
            call.text(name).flatMap {
                Self.seconds($0, isGMT: isGMT, offset: utcOffsetSeconds, dropsZones: dropsZones)
            }
        }
        changedAfter = bound("modified_after")
        changedBefore = bound("modified_before")
        madeAfter = bound("after")
        madeBefore = bound("before")
    }

    /// The second a date in a filter means to the shop.
    ///
    /// A bare time is the shop's own, or UTC with `dates_are_gmt`. A time with a zone is right without the flag; with
    /// it the shop converts to its own time and compares that with UTC, so everything seems older than it is asked
    /// for. The table of orders ignores an offset altogether.
    static func seconds(_ text: String, isGMT: Bool, offset: Int64, dropsZones: Bool) -> Int64? {
        guard let moment = Moment(iso: text) else { return nil }
        let tail = text.dropFirst(19).drop { $0 == "." || $0.isNumber }
        let hasZone = !tail.isEmpty
        let digits = Moment(iso: String(text.prefix(19)))?.milliseconds ?? moment.milliseconds
        if !hasZone { return digits / 1000 - (isGMT ? 0 : offset) }
        if isGMT { return moment.milliseconds / 1000 + offset }
        return (dropsZones ? digits : moment.milliseconds) / 1000
    }

    /// Whether the common filters let a row through.
    func admits(_ row: Brief) -> Bool {
        if let include, !include.contains(row.id) { return false }
        if !exclude.isEmpty, exclude.contains(row.id) { return false }
        if let changedAfter, row.modified <= changedAfter { return false }
        if let changedBefore, row.modified >= changedBefore { return false }
        if let madeAfter, row.created <= madeAfter { return false }
        if let madeBefore, row.created >= madeBefore { return false }
        return true
    }

    /// The same without times: for kinds of objects that keep none, or whose lists ignore them.
    func admitsID(_ row: Brief) -> Bool { (include?.contains(row.id) ?? true) && !exclude.contains(row.id) }
}

/// The rows of one page, with the count of all that matched.
struct Found<Row> {
    var total = 0
    var rows: [Row] = []
}

extension WooCommerceSandbox {
    /// The rows of a page: along an index, or along `sorted`, ids in ascending order of something no index has.
    ///
    /// `isShown` looks at briefs alone; `matches`, where there is one, at the rows that are left.
    func find<Row: TableRow>(
        _ table: Table<Row>, _ query: ListQuery, sorted: [Int]? = nil, isShown: (Brief) -> Bool,
        matches: ((Row) -> Bool)? = nil
    ) -> Found<Row> {
        var found = Found<Row>()
        func take(_ brief: Brief) {
            guard isShown(brief) else { return }
            if let matches, !(table[brief.id].map(matches) ?? false) { return }
            if found.total >= query.skip, found.rows.count < query.perPage, let row = table[brief.id] {
                found.rows.append(row)
            }
            found.total += 1
        }
        if let sorted {
            for id in query.isAscending ? sorted : sorted.reversed() { if let brief = table.brief(id) { take(brief) } }
        } else if query.order == "modified" {
            table.eachByChange(
                after: query.changedAfter, before: query.changedBefore, ascending: query.isAscending, take)
        } else if let include = query.include, include.count <= 100 {
            let ids = include.sorted { query.isAscending ? $0 < $1 : $0 > $1 }
            for id in ids { if let brief = table.brief(id) { take(brief) } }
        } else {
            table.eachByID(ascending: query.isAscending, take)
        }
        return found
    }

    /// All ids of a table in ascending order of a text.
    func ids<Row: TableRow>(_ table: Table<Row>, by key: (Row) -> String) -> [Int] {
        table.rows.map { (key($0), $0.id) }.sorted { $0 < $1 }.map(\.1)
    }

    /// A page of a list with its headers. Beyond the last page it is an empty list, not an error.
    func listReply(_ nodes: [Node], total: Int, _ query: ListQuery, _ call: Call) -> Reply {
        let fields = call.fields
        let pages = (total + query.perPage - 1) / query.perPage
        var headers = [("X-WP-Total", String(total)), ("X-WP-TotalPages", String(pages))]
        var links: [String] = []
        let isEmpty = nodes.isEmpty
        if query.page > 1 { links.append(link(to: min(query.page - 1, pages), "prev", call, isEmpty)) }
        if query.page < pages { links.append(link(to: query.page + 1, "next", call, isEmpty)) }
        if !links.isEmpty { headers.append(("Link", links.joined(separator: ", "))) }
        return Reply(node: .list(nodes.map { $0.keeping(fields) }), headers: headers)
    }

    private func link(to page: Int, _ relation: String, _ call: Call, _ isEmpty: Bool) -> String {
        var items = call.query.filter { !$0.value.isEmpty }
        // Orders are listed with arguments nobody asked for, and the links show them.
        var extra: [HTTPAddress.QueryItem] = []
        if call.segments == ["orders"] {
            if call.list("status") == nil { extra.append(.init("status[0]", "any")) }
            if !isEmpty {
                extra += [.init("dp", call.text("dp") ?? "2"), .init("context", call.text("context") ?? "view")]
            }
        }
        let target = HTTPAddress.QueryItem("page", String(page))
        if let place = items.firstIndex(where: { $0.name == "page" }) {
            items[place] = target
            items += extra
        } else {
            items += extra + [target]
        }
        let query = items.map { Percent.encoded($0.name) + "=" + Percent.encoded($0.value) }.joined(separator: "&")
        return "<\(call.base)\(call.path)?\(query)>; rel=\"\(relation)\""
    }

    var utcOffsetSeconds: Int64 { Int64(options.utcOffsetMinutes) * 60 }

    func query(_ call: Call, order: String, isAscending: Bool = false, dropsZones: Bool = false) -> ListQuery {
        ListQuery(
            call, order: order, isAscending: isAscending, utcOffsetSeconds: utcOffsetSeconds, dropsZones: dropsZones)
    }

    // MARK: - Dates in answers

    /// The shop's local time of a second; null for none (0 counts as none).
    func local(_ seconds: Int64?) -> Node { date(seconds.map { $0 == 0 ? 0 : $0 + utcOffsetSeconds }) }

    /// UTC without a zone; null for none.
    func gmt(_ seconds: Int64?) -> Node { date(seconds) }

    private func date(_ seconds: Int64?) -> Node {
        guard let seconds, seconds != 0 else { return .null }
        return .text(Moment(seconds: seconds).naive)
    }
}
