import ConnectorKit

/// The connector of stalls: small and honest, so that what a rehearsal finds is found in the hub.
enum StallConnector: ConnectorType {
    static let card = Card(
        name: "stall", title: "Stall",
        settings: [
            SettingShape("url", .address, isRequired: true, "The stall's address."),
            SettingShape("key", .text, isSecret: true, isRequired: true, "Who may ask."),
            SettingShape("secret", .text, isSecret: true, isRequired: true, "What its calls are signed with."),
            SettingShape("creation", .text, isRequired: true, "What can be found out after a lost create."),
            SettingShape("visibleAfterSeconds", .integer(0...600), standard: 0, "How late a search shows it."),
            SettingShape("replaces", .flag, standard: false, "Whether a write replaces the record."),
            SettingShape("comparesRevisions", .flag, standard: false, "Whether a write names a revision."),
            SettingShape("shouts", .flag, standard: false, "Whether names are kept in capitals."),
            SettingShape("keepsBooks", .flag, standard: false, "Whether orders are booked."),
            SettingShape("corrects", .flag, standard: false, "Whether an edited order is corrected in the book."),
            SettingShape("comparesStock", .flag, standard: false, "Whether a stock is compared before it is set."),
        ], kinds: kinds(.keyed, replaces: false, keepsBooks: true))

    static func settings(_ traits: StallTraits, name: String, secret: String = StallVendor.secret) -> JSON {
        [
            "url": .string("https://\(name).example"), "key": .string(StallVendor.key),
            "secret": .string(secret), "creation": .string(traits.creation.rawValue),
            "visibleAfterSeconds": .integer(traits.visibleAfterSeconds), "replaces": .bool(traits.replaces),
            "comparesRevisions": .bool(traits.comparesRevisions), "shouts": .bool(traits.shouts),
            "keepsBooks": .bool(traits.keepsBooks), "comparesStock": .bool(traits.comparesStock),
            "corrects": .bool(traits.corrects),
        ]
    }

    static func make(
        _ settings: Settings, _ surroundings: ConnectorSurroundings
    ) throws(SettingsError) -> Connector {
        guard let site = HTTPAddress(settings.text("url") ?? ""), let key = settings.secret("key"),
            let secret = settings.secret("secret")
        else { throw SettingsError(["a stall needs an address, a key and a secret"]) }
        let client = StallClient(site: site, key: key, surroundings: surroundings)
        let seconds = settings.integer("visibleAfterSeconds") ?? 0
        let creation: CreationClass =
            switch settings.text("creation") {
            case "findable": .findable(visibleAfterSeconds: seconds)
            case "listable": .listable
            case "blind": .blind
            default: .keyed
            }
        let habits = StallHabits(
            creation: creation, replaces: settings.flag("replaces") ?? false,
            comparesRevisions: settings.flag("comparesRevisions") ?? false, shouts: settings.flag("shouts") ?? false,
            comparesStock: settings.flag("comparesStock") ?? false, corrects: settings.flag("corrects") ?? false)
        let keepsBooks = settings.flag("keepsBooks") ?? false
        var targets: [RecordKind: any RecordTarget] = [.product: StallGoodsTarget(client: client, habits: habits)]
        if keepsBooks { targets[.order] = StallBookTarget(client: client, habits: habits) }
        return Connector(
            sources: [.product: StallGoodsSource(client: client, habits: habits)], targets: targets,
            webhooks: StallCalls(secret: secret, habits: habits),
            subscriptions: StallHook(client: client, secret: secret),
            check: StallCheck(client: client), address: site.text,
            kinds: kinds(
                creation, replaces: habits.replaces, keepsBooks: keepsBooks, comparesStock: habits.comparesStock))
    }

    private static func kinds(
        _ creation: CreationClass, replaces: Bool, keepsBooks: Bool, comparesStock: Bool = false
    ) -> [KindCard] {
        let goods = Projection(
            [
                ProductPart.name.shape, ProductPart.sku.shape, ProductPart.price.shape, ProductPart.stock.shape,
            ], .both)
        let update: UpdateStyle = replaces ? .replaceRecord : .patch
        var kinds = [
            KindCard(
                .product, goods, matchesByNaturalKey: true, creation: creation, update: update,
                stockWriting: comparesStock ? .compared : .absolute)
        ]
        if keepsBooks {
            let orders = Projection(
                [
                    OrderPart.content.shape, OrderPart.state.shape, OrderPart.refunds.shape,
                ], .give)
            kinds.append(KindCard(.order, orders, creation: creation))
        }
        return kinds
    }
}

/// What the connector must know of a stall's habits.
struct StallHabits: Sendable {
    var creation: CreationClass
    var replaces: Bool
    var comparesRevisions: Bool
    var shouts: Bool
    var comparesStock: Bool
    var corrects: Bool
}

/// Speaks HTTP with a stall.
struct StallClient: Sendable {
    let site: HTTPAddress
    let key: Secret
    let surroundings: ConnectorSurroundings

    static let timeoutSeconds = 30
    /// The status of a list that the stall cannot give from there on any more.
    static let expired = 410

    /// An answer that succeeded, or one of the refusals the caller decides about.
    struct Answer: Sendable {
        var json: JSON
        var status: Int
        var farClock: Moment?
    }

    func call(
        _ method: String, _ path: String, _ query: [(String, String)] = [], body: JSON? = nil,
        headers: HTTPHeaders = [:]
    ) async throws(ConnectorFailure) -> Answer {
        let writes = method != "GET"
        var address = site
        address.path = path
        address.query = query.map { .init($0.0, $0.1) }
        var headers = headers
        headers["Authorization"] = "Bearer " + key.reveal
        let request = HTTPRequest(
            method, address, headers: headers, body: body?.bytes ?? [], timeoutSeconds: Self.timeoutSeconds)
        let response: HTTPResponse
        do { response = try await surroundings.transport.send(request) } catch {
            throw ConnectorFailure(error, writes: writes)
        }
        return try read(response, "\(method) \(path)", writes: writes)
    }

    private func read(_ response: HTTPResponse, _ words: String, writes: Bool) throws(ConnectorFailure) -> Answer {
        switch response.status {
        case 429:
            throw .throttled(retryAfterSeconds: response.headers["Retry-After"].flatMap { Int($0) } ?? 30)
        case 401: throw .unauthorized(detail: "\(words): 401")
        case 404: throw .gone(detail: words)
        case 500...: throw .unavailable(mayHaveHappened: writes, detail: "\(words): \(response.status)")
        default: break
        }
        guard let json = try? JSON(parsing: response.body) else {
            let detail = "\(words): an answer that is no JSON"
            throw .unavailable(mayHaveHappened: writes, detail: detail)
        }
        return Answer(json: json, status: response.status)
    }
}

struct StallCheck: ConnectionCheck {
    let client: StallClient

    func check() async throws(ConnectorFailure) -> String {
        _ = try await client.call("GET", "/ids")
        return "stall"
    }
}

/// Tells the stall where to call.
struct StallHook: WebhookSubscriptions {
    let client: StallClient
    let secret: Secret

    func ensure(
        at address: String, withNewSecret isNewSecret: Bool
    ) async throws(ConnectorFailure) -> SubscriptionReport {
        var body: [String: JSON] = ["url": .string(address)]
        if isNewSecret { body["secret"] = .string(secret.reveal) }
        let answer = try await client.call("POST", "/hook", body: .object(body))
        return SubscriptionReport(active: ["good"], registered: answer.json["isNew"] == true ? ["good"] : [])
    }
}

/// Proves and reads the stall's calls.
struct StallCalls: WebhookReceiver {
    let secret: Secret
    let habits: StallHabits

    func prove(_ call: WebhookCall) -> WebhookProof {
        let expected = Signature.hex(Signature.hmacSHA256(call.body, key: Array(secret.reveal.utf8)))
        guard let given = call.headers["X-Stall-Signature"], Signature.areEqual(given.utf8, expected.utf8) else {
            return .forged("the signature does not fit")
        }
        return .genuine(repeatKey: call.headers["X-Stall-Call"] ?? "", topic: "good")
    }

    func read(_ call: WebhookCall) -> WebhookMeaning {
        let body = try? JSON(parsing: call.body)
        if let topic = body?["topic"]?.string { return .nothing("\(topic) is not used") }
        guard let json = body, let id = json["id"]?.string else {
            return .rejected(Rejection(kind: .product, externalID: nil, reason: "the call names no good"))
        }
        guard let good = json["good"] else { return .fetch(.product, [id]) }
        guard let draft = StallWords.draft(good, habits) else { return .fetch(.product, [id]) }
        return .records([draft])
    }
}
