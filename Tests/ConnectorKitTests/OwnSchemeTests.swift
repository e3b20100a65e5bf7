import Commerce
import ConnectorKit
import Testing
import Wire

@Suite("Calls in the hub's own form")
struct OwnSchemeTests {
    private let now = Moment(seconds: 1_795_000_000)
    private let secret = Secret("a secret of both sides")
    private let body = Array(#"{"eventType":"product.updated","data":{"productId":"7","price":"12.50"}}"#.utf8)

    private func call(
        _ time: String?, over signed: String, form: String = "sha256=", secret: String = "a secret of both sides"
    ) -> WebhookCall {
        let code = Signature.hex(Signature.hmacSHA256(Array(signed.utf8), key: Array(secret.utf8)))
        var headers: HTTPHeaders = ["X-Webhook-Signature": form + code]
        if let time { headers["X-Webhook-Timestamp"] = time }
        return WebhookCall(headers: headers, body: body)
    }

    private var text: String { String(decoding: body, as: UTF8.self) }

    @Test(arguments: [
        (0.0, true), (299.0, true), (300.0, true), (301.0, false), (-300.0, true), (-301.0, false),
        (86_400.0, false),
    ])
    func aCallIsGoodForFiveMinutesEitherWay(age: Double, isGood: Bool) {
        let at = now.adding(seconds: -age)
        let scheme = OwnScheme(secret: secret)

        for time in [at.description, String(at.milliseconds / 1000)] {
            let problem = scheme.problem(with: call(time, over: time + "." + text), now: now)
            #expect((problem == nil) == isGood, "\(time): \(problem ?? "")")
        }
        #expect((scheme.problem(with: scheme.sign(body, at: at), now: now) == nil) == isGood)
    }

    @Test func whatIsNotSignedAsItMustBeIsRefused() {
        let (time, scheme) = (now.description, OwnScheme(secret: secret))
        var twice = call(time, over: time + "." + text)
        twice.headers.add("x-webhook-signature", "sha256=00")
        var changed = call(time, over: time + "." + text)
        changed.body[0] = 0x20
        var later = call(time, over: time + "." + text)
        later.headers["X-Webhook-Timestamp"] = now.adding(seconds: 60).description
        let tries: [(String, WebhookCall)] = [
            ("another secret", call(time, over: time + "." + text, secret: "another")),
            ("the body alone", call(time, over: text)), ("no time", call(nil, over: text)),
            ("a time that is none", call("yesterday", over: "yesterday." + text)),
            ("an empty time", call("", over: "." + text)), ("twice", twice), ("a changed body", changed),
            ("another time than is signed", later),
            ("no word before it", call(time, over: time + "." + text, form: "")),
            ("another word", call(time, over: time + "." + text, form: "sha1=")),
            ("no signature", WebhookCall(headers: ["X-Webhook-Timestamp": time], body: body)),
            (
                "cut",
                WebhookCall(headers: ["X-Webhook-Timestamp": time, "X-Webhook-Signature": "sha256=ab"], body: body)
            ),
            (
                "no digits",
                WebhookCall(
                    headers: [
                        "X-Webhook-Timestamp": time,
                        "X-Webhook-Signature": "sha256=" + String(repeating: "z", count: 64),
                    ], body: body)
            ),
        ]
        for (what, call) in tries { #expect(scheme.problem(with: call, now: now) != nil, "\(what)") }
    }

    @Test func theBodyAloneIsEnoughOnlyWhereAnIntegrationSaysSo() {
        let scheme = OwnScheme(secret: secret, form: .body)
        let time = now.description

        #expect(scheme.problem(with: call(nil, over: text), now: now) == nil)
        #expect(scheme.problem(with: call(time, over: text), now: now) == nil)
        #expect(scheme.problem(with: call(time, over: time + "." + text), now: now) == nil)
        #expect(scheme.problem(with: call("2020-01-01T00:00:00Z", over: text), now: now) != nil)
        #expect(scheme.problem(with: call(nil, over: text, secret: "another"), now: now) != nil)
    }
}

@Suite("What calls in the hub's own form say")
struct OwnCallsTests {
    private let now = Moment(seconds: 1_795_000_000)

    private struct Silent: ConnectionCheck {
        func check() async throws(ConnectorFailure) -> String { "" }
    }

    private struct Empty: RecordSource {
        func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page { Page(drafts: []) }
        func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] { [] }
        func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? { nil }
    }

    private func calls(_ form: OwnScheme.Form = .timestamped) -> OwnCalls {
        let (scheme, now) = (OwnScheme(secret: Secret("s"), form: form), now)
        let connector = Connector(sources: [.product: Empty(), .order: Empty()], check: Silent())
        return OwnCalls(scheme, beside: connector, now: { now })
    }

    private func signed(_ body: String, at moment: Moment? = nil) -> WebhookCall {
        OwnScheme(secret: Secret("s")).sign(Array(body.utf8), at: moment ?? now)
    }

    @Test(arguments: [
        (
            #"{"eventType":"product.updated","data":{"productId":"7","sku":"A","price":9,"stock":3}}"#,
            WebhookMeaning.fetch(.product, ["7"])
        ),
        (#"{"eventType":"inventory.changed","data":{"productId":7}}"#, .fetch(.product, ["7"])),
        (#"{"eventType":"Order.created","data":{"id":"40/41"}}"#, .fetch(.order, ["40/41"])),
        (#"{"eventType":"product.deleted","data":{"productId":"7"}}"#, .gone(.product, "7")),
        (#"{"eventType":"test","data":{}}"#, .nothing("a test")),
        (#"{"topic":"order.updated","data":{"id":"9"}}"#, .fetch(.order, ["9"])),
        (#"{"webhook_event":"order.created","data":{"id":"9"}}"#, .fetch(.order, ["9"])),
        (#"{"id":"u1","type":"product","action":"delete","data":{"productId":"7"}}"#, .gone(.product, "7")),
        (
            #"{"eventType":"customer.updated","data":{"customerId":1}}"#,
            .nothing("the event \"customer.updated\" is not used")
        ),
        (#"{"data":{}}"#, .nothing("the event \"\" is not used")),
    ])
    func anEventIsAHintToFetchWhatItNames(body: String, meaning: WebhookMeaning) {
        #expect(calls().read(signed(body)) == meaning)
    }

    @Test(arguments: [
        #"{"eventType":"product.updated"}"#, #"{"eventType":"product.updated","data":{"sku":"A"}}"#,
        #"{"eventType":"product.updated","data":{"productId":"../../users"}}"#,
        #"{"eventType":"product.updated","data":{"productId":"7?x=1"}}"#,
        #"{"eventType":"product.updated","data":{"productId":""}}"#, "no json",
    ])
    func anEventThatNamesNothingThatCanBeFetchedIsRejected(body: String) {
        guard case .rejected = calls().read(signed(body)) else {
            Issue.record("\(calls().read(signed(body)))")
            return
        }
    }

    @Test func theSameEventIsKnownAgainAndAnotherIsNot() {
        func key(_ calls: OwnCalls, _ call: WebhookCall) -> String? {
            if case .genuine(let key, _) = calls.prove(call) { key } else { nil }
        }
        let stock = #"{"eventType":"stock.changed","data":{"productId":"7","stock":5}}"#
        let named = #"{"eventType":"stock.changed","eventId":"e-1","data":{"productId":"7","stock":5}}"#
        let later = now.adding(seconds: 60)

        #expect(key(calls(), signed(stock)) != nil)
        #expect(key(calls(), signed(stock)) == key(calls(), signed(stock)))
        // Five pieces again a minute later is news: there may have been four between.
        #expect(key(calls(), signed(stock)) != key(calls(), signed(stock, at: later)))
        // What has an id of its own is the same however often it is signed.
        #expect(key(calls(), signed(named)) == key(calls(), signed(named, at: later)))
    }

    @Test func theTimeOfAnEventOfTheThirdFormIsWhenItHappened() throws {
        let body = #"{"id":"u1","type":"product","action":"update","data":{},"timestamp":"2026-11-23T01:00:00.500Z"}"#

        let event = try OwnEvent(signed(body))

        #expect(event.type == "product.updated" && event.at == Moment(milliseconds: 1_795_395_600_500))
    }

    @Test func theHubsOwnTestCallIsTakenAndMeansNothing() throws {
        let sample = try #require(calls().sample("m1", now: now))

        guard case .genuine = calls().prove(sample) else {
            Issue.record("\(calls().prove(sample))")
            return
        }
        #expect(calls().read(sample) == .nothing("a test"))
    }
}

@Suite("Who may call, and how often")
struct DoorRulesTests {
    private func rules(_ json: JSON) throws -> DoorRules {
        try DoorRules(Settings(json, by: DoorRules.shapes, of: "shop"))
    }

    @Test func anEmptyListAdmitsAllAndAListOnlyWhoIsOnIt() throws {
        #expect(try rules([:]).admits("198.51.100.7") && rules(["allowedIPs": []]).admits(nil))
        let listed = try rules(["allowedIPs": ["203.0.113.0/24", "2001:db8::/32"]])
        #expect(listed.admits("203.0.113.9") && listed.admits("2001:db8::9") && listed.admits("::ffff:203.0.113.9"))
        #expect(!listed.admits("198.51.100.7") && !listed.admits(nil) && !listed.admits("no address"))
    }

    @Test func whatIsNoAddressIsNamedByItsField() {
        let error = #expect(throws: SettingsError.self) { try rules(["allowedIPs": ["203.0.113.7", "shop.example"]]) }
        #expect(error?.byField.map(\.field) == ["allowedIPs"])
    }

    @Test func theLimitIsAsTheSeedHasItAndCountsEveryCallOnceItIsSet() throws {
        let plain = try rules([:])
        #expect(plain.windowMilliseconds == 60_000 && plain.calls == 100 && !plain.isLimitSet && plain.scheme == nil)
        let set = try rules(["rateLimitMax": 5, "rateLimitWindow": 10_000])
        #expect(set.windowMilliseconds == 10_000 && set.calls == 5 && set.isLimitSet)
        #expect(throws: SettingsError.self) { try rules(["rateLimitMax": 0]) }
    }
}
