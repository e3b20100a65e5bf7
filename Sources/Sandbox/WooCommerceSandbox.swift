import Commerce
import Wire

/// A stand-in for a WooCommerce shop: its REST interface (wc/v3), its webhooks and its recorded flaws, as one value.
///
/// It opens no socket, reads no clock and waits for nothing: a request and the time go in, an answer and what is to
/// be sent come out. The same seed and the same calls give the same answers, so it drives tests, the simulator, the
/// benchmarks and, behind a server, the demo. Shapes and flaws are those recorded from WooCommerce 11.0.1.
public struct WooCommerceSandbox: Sendable {
    /// What kind of shop this is.
    public var options: SandboxOptions
    /// What goes wrong on purpose.
    public var faults: FaultPlan {
        didSet { faultUses = Array(repeating: 0, count: faults.rules.count) }
    }

    var dice: Dice
    var products = Table<ProductRow>()
    var terms = Table<TermRow>()
    var attributes: [AttributeRow] = []
    var customers = Table<CustomerRow>()
    var orders = Table<OrderRow>()
    var coupons = Table<CouponRow>()
    var webhooks = Table<WebhookRow>()
    /// Refunds by id, with the order they stand in.
    var refundOrders: [(refund: Int, order: Int)] = []

    var skus: [String: Int] = [:]
    var gtins: [String: Int] = [:]
    var emails: [String: Int] = [:]
    var slugs: Set<String> = []
    /// Customers in the order of their names, until one of them changes.
    var customersByName: [Int]?
    var productsInTerm: [Int: Int] = [:]

    var lastPost = 11
    var lastTerm = 14
    var lastMeta = 0
    var lastLine = 0
    var lastNote = 1
    var lastCustomer = 1
    var lastWebhook = 0
    var lastDelivery = 0

    /// The shop's own clock, in seconds since 1970.
    var clock: Int64 = 0
    var nonces: [String: Int64] = [:]
    var queue = WebhookQueue()
    var faultUses: [Int] = []
    var deltaReads: [Int: (at: Int64, stock: Int)] = [:]

    /// An empty shop: one administrator, the category every product falls into, no products.
    public init(options: SandboxOptions = SandboxOptions(), faults: FaultPlan = FaultPlan()) {
        self.options = options
        self.faults = faults
        self.faultUses = Array(repeating: 0, count: faults.rules.count)
        self.dice = Dice(seed: options.seed)
        lastTerm = 15
        terms.insert(TermRow(id: 15, taxonomy: "product_cat", name: "Uncategorized", slug: "uncategorized"))
        customers.insert(
            CustomerRow(
                id: 1, email: "admin@shop.example", username: "admin", role: "administrator",
                created: 1_700_000_000, modified: 0))
        emails["admin@shop.example"] = 1
    }

    /// Answers one request, at that moment.
    ///
    /// - Parameters:
    ///   - request: what was asked; it counts as encrypted when its address says https, or its header
    ///     `X-Forwarded-Proto` does.
    ///   - now: the true time; the shop's own clock may be wrong by what the fault plan says.
    ///   - isTLS: that the request came over TLS, whatever its address says.
    /// - Returns: the answer and what the shop sends with it.
    public mutating func respond(to request: HTTPRequest, at now: Moment, isTLS: Bool = false) -> SandboxAnswer {
        setClock(now)
        if request.address.path.hasPrefix(Self.controlPath) { return control(request, at: now) }
        // A visit first sends what waited before it; what it causes itself waits for the next one.
        let sent = trafficRan(request, at: now)
        var answer = meetingFaults(request) { shop, request in
            shop.serve(request, isTLS: isTLS || shop.isEncrypted(request))
        }
        answer.webhooks = sent + pings(at: now)
        answer.response?.headers["Date"] = httpDate
        return answer
    }

    /// The shop's clock as its web server writes it (RFC 9110, 5.6.7).
    private var httpDate: String {
        let moment = Moment(seconds: clock)
        let days = clock / 86_400
        let (year, month, day) = Moment.civil(fromDays: days)
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int(days % 7)]
        let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Int(month) - 1]
        return "\(weekday), \(day < 10 ? "0" : "")\(day) \(name) \(year) \(moment.naive.suffix(8)) GMT"
    }

    /// What a GET below `/wp-json/wc/v3` would show, without being a visit: it needs no key, meets no fault, sends
    /// nothing and changes nothing.
    ///
    /// - Returns: the body, or nil where the shop would refuse.
    public func read(_ path: String, _ query: [HTTPAddress.QueryItem] = [], at now: Moment) -> JSON? {
        var copy = self
        copy.setClock(now)
        let segments = path.split(separator: "/").map(String.init)
        guard let place = Place(segments), place.methods.contains("GET") else { return nil }
        let call = Call(
            method: "GET", path: Call.root + path, segments: segments, query: query, body: [:],
            base: base(isTLS: true))
        guard (try? Schema.check(call, at: place)) != nil, let reply = try? copy.dispatch(call, to: place) else {
            return nil
        }
        return reply.node.keeping(call.fields).json
    }

    /// Lets time pass: gives what the shop sends without being asked. That is nothing, as in the real shop, unless
    /// `deliversWithoutTraffic` is set; then it is everything that waits, once per `queuePaceSeconds`.
    public mutating func advance(to now: Moment) -> [OutgoingWebhook] {
        setClock(now)
        return pings(at: now) + (options.deliversWithoutTraffic ? runQueueIfDue(at: now) : [])
    }

    /// Runs the webhook queue now, as a visit of `/wp-cron.php` does.
    public mutating func runQueue(at now: Moment) -> [OutgoingWebhook] {
        setClock(now)
        return pings(at: now) + runQueue(at: now, isDue: true)
    }

    mutating func setClock(_ now: Moment) {
        clock = Int64(now.adding(seconds: faults.clockSkewSeconds).milliseconds / 1000)
    }

    func isEncrypted(_ request: HTTPRequest) -> Bool {
        request.address.scheme == "https" || request.headers["X-Forwarded-Proto"]?.lowercased() == "https"
    }

    // MARK: - Ids

    mutating func newPost() -> Int {
        lastPost += 1
        return lastPost
    }

    mutating func newMeta() -> Int {
        lastMeta += 1
        return lastMeta
    }

    mutating func newLine() -> Int {
        lastLine += 1
        return lastLine
    }
}
