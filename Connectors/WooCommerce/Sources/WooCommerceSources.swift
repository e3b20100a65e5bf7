import ConnectorKit

/// Categories: the whole list at every pull, for the shop offers no filter by change.
struct CategorySource: RecordSource {
    let client: WooCommerceClient
    let translator: WooCommerceTranslator
    private var scan: IDScan { IDScan(client: client, path: "products/categories", query: []) }

    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
        let reading = try await scan.read(request.position, limit: client.pageSize(request.limit))
        var page = Page(drafts: [], next: reading.next, total: reading.total, farClock: reading.farClock)
        for json in reading.records {
            page.take(.category, json) { json throws(PayloadError) in try translator.category(json) }
        }
        return page
    }

    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] {
        let found = try await client.records("products/categories", ids, [])
        return ids.map { id in
            Fetched(.category, id, found[id]) { json throws(PayloadError) in try translator.category(json) }
        }
    }

    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? {
        let scan = IDScan(client: client, path: "products/categories", query: [("_fields", "id")])
        return CensusPage(try await scan.read(position))
    }
}

/// Products without their variants, which are records of their own.
struct ProductSource: RecordSource {
    let client: WooCommerceClient
    let translator: WooCommerceTranslator
    /// As typed, not as rendered for the shop's pages; `any` leaves out only the bin.
    static let query = [("status", "any"), ("context", "edit")]

    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
        let window = ModifiedWindow(client: client, path: "products", query: Self.query)
        let (position, currency) = try await client.position(request)
        let reading = try await window.read(at: position, limit: client.pageSize(request.limit))
        var page = Page(reading)
        for json in reading.records {
            page.take(.product, json) { json throws(PayloadError) in try translator.product(json, currency) }
        }
        return page
    }

    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] {
        let currency = try await client.currency()
        let found = try await client.records("products", ids, Self.query)
        return ids.map { id in
            Fetched(.product, id, found[id]) { json throws(PayloadError) in
                // A variation answers under /products too; as a product it does not exist.
                guard Payload(json).text("type") != "variation" else {
                    throw PayloadError(reason: "\(id) is a variation of product \(Payload(json).text("parent_id"))")
                }
                return try translator.product(json, currency)
            }
        }
    }

    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? {
        let scan = IDScan(client: client, path: "products", query: [("status", "any"), ("_fields", "id")])
        return CensusPage(try await scan.read(position))
    }
}

/// Customers with an account; guests come with their orders.
struct CustomerSource: RecordSource {
    let client: WooCommerceClient
    let translator: WooCommerceTranslator
    /// The shop lists only the role "customer" unless told otherwise; plugins and WordPress make others who buy too.
    static let query = [("role", "all")]

    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
        let scan = IDScan(client: client, path: "customers", query: Self.query)
        let reading = try await scan.read(request.position, limit: client.pageSize(request.limit))
        var page = Page(drafts: [], next: reading.next, total: reading.total, farClock: reading.farClock)
        for json in reading.records where WooCommerceCodes.isCustomer(Payload(json)) {
            page.take(.customer, json) { json throws(PayloadError) in try translator.customer(json) }
        }
        return page
    }

    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] {
        let guests = ids.filter { GuestID.order($0) != nil }
        let orders = try await client.records("orders", guests.compactMap(GuestID.order), [("status", "any")])
        let accounts = try await client.records("customers", ids.filter { !guests.contains($0) }, Self.query)
        return ids.map { id in
            if let order = GuestID.order(id) {
                return Fetched(.customer, id, orders[order]) { json throws(PayloadError) in
                    try translator.guest(ofOrder: json)
                }
            }
            return Fetched(.customer, id, accounts[id]) { json throws(PayloadError) in try translator.customer(json) }
        }
    }

    /// Accounts first, then the guests of orders: `orders/<position>` says that the second list has begun.
    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? {
        let mark = "orders/"
        if let position, position.hasPrefix(mark) {
            return try await guests(after: String(position.dropFirst(mark.count)), mark)
        }
        let fields = ("_fields", "id,role,is_paying_customer")
        let accounts = try await IDScan(client: client, path: "customers", query: Self.query + [fields]).read(position)
        let customers = accounts.records.map(Payload.init).filter(WooCommerceCodes.isCustomer)
        return CensusPage(ids: customers.map { $0.text("id") }, next: accounts.next ?? mark + "1:0")
    }

    private func guests(after position: String, _ mark: String) async throws(ConnectorFailure) -> CensusPage {
        let query = [("status", "any"), ("_fields", "id,customer_id,status")]
        let reading = try await IDScan(client: client, path: "orders", query: query).read(position)
        let guests = reading.records.map(Payload.init).filter {
            $0.pointer("customer_id") == nil && !WooCommerceCodes.draftStatuses.contains($0.text("status"))
        }
        return CensusPage(ids: guests.map { GuestID.prefix + $0.text("id") }, next: reading.next.map { mark + $0 })
    }
}

// MARK: - What the sources share

extension WooCommerceClient {
    /// As many as asked for, within the shop's limit and the setting.
    func pageSize(_ wanted: Int) -> Int { max(1, min(wanted, shop.batchSize, Self.pageMaximum)) }

    /// Where a pull stands and the currency it reads prices in; the currency is asked for once, at its start.
    func position(_ request: PageRequest) async throws(ConnectorFailure) -> (WindowPosition, Currency) {
        guard let text = request.position else {
            let currency = try await currency()
            return (WindowPosition(currency: currency.code, since: request.since), currency)
        }
        let position = try WindowPosition(text)
        do {
            return (position, try Currency(position.currency))
        } catch {
            throw .unreadable(detail: "the saved position: \(error.description)")
        }
    }

    /// Records by their ids; a missing id is not in the table.
    ///
    /// A list leaves out what lies in the bin, so whatever a list does not show is asked for by itself.
    func records(
        _ path: String, _ ids: [String], _ query: [(String, String)]
    ) async throws(ConnectorFailure) -> [String: JSON] {
        var found: [String: JSON] = [:]
        let numbers = Set(ids.filter { Int($0) ?? 0 > 0 }).sorted()
        var start = 0
        while numbers.count > 1, start < numbers.count {
            let some = numbers[start..<min(start + Self.pageMaximum, numbers.count)]
            // A comma list: the shop rebuilds "include[]" as "include[0]" and then refuses the signature.
            let list = [("include", some.joined(separator: ",")), ("per_page", String(Self.pageMaximum))]
            for json in try await self.list(path, query + list).list { found[Payload(json).text("id")] = json }
            start += some.count
        }
        for id in numbers where found[id] == nil { found[id] = try await record(path, id, query) }
        return found
    }

    /// One record by its id; nil when the shop has none.
    func record(_ path: String, _ id: String, _ query: [(String, String)]) async throws(ConnectorFailure) -> JSON? {
        do {
            return try await get("\(path)/\(id)", query.filter { $0.0 == "context" }).json
        } catch {
            if case .gone = error { return nil }
            throw error
        }
    }
}

extension Page {
    init(_ reading: ModifiedWindow.Reading) {
        self.init(
            drafts: [], next: reading.next?.text, cursor: reading.cursor, total: reading.total,
            farClock: reading.farClock)
    }

    /// Adds the draft of a payload, or its rejection.
    mutating func take(_ kind: RecordKind, _ json: JSON, _ translate: (JSON) throws(PayloadError) -> Draft) {
        do {
            drafts.append(try translate(json))
        } catch {
            rejections.append(Rejection(kind: kind, externalID: Payload(json).filled("id"), reason: error.reason))
        }
    }
}

extension Fetched {
    /// What was found under an id.
    init(_ kind: RecordKind, _ id: String, _ json: JSON?, _ translate: (JSON) throws(PayloadError) -> Draft) {
        guard let json else {
            self = .gone(id)
            return
        }
        do {
            self = .found(try translate(json))
        } catch {
            self = .rejected(Rejection(kind: kind, externalID: id, reason: error.reason))
        }
    }
}

extension CensusPage {
    init(_ reading: IDScan.Reading) {
        self.init(ids: reading.records.map { Payload($0).text("id") }, next: reading.next)
    }
}
