import Commerce
import Notices
import Testing
import Wire

@Suite("Webhooks out: what follows from a call")
struct NoticeVerdictTests {
    let now = Moment(milliseconds: 1_800_000_000_000)

    private func verdict(_ status: Int, _ headers: HTTPHeaders = [:]) -> NoticeVerdict {
        NoticeVerdict(.answered(HTTPResponse(status: status, headers: headers)), now: now)
    }

    @Test func onlySuccessIsDelivered() {
        for status in [200, 201, 202, 204, 299] { #expect(verdict(status) == .delivered) }
        for status in [100, 300, 301, 302, 307, 400, 401, 404, 408, 429, 500, 503] {
            #expect(verdict(status) != .delivered, "\(status)")
        }
        #expect(verdict(410) == .gone)
    }

    @Test func aReceiverThatRefusesIsThereAndOneThatFailsIsNot() {
        #expect(verdict(400) == .failed("status 400", pauseSeconds: nil, isAway: false))
        #expect(verdict(502) == .failed("status 502", pauseSeconds: nil, isAway: true))
        #expect(
            verdict(302)
                == .failed("status 302: redirects are not followed", pauseSeconds: nil, isAway: false))
        #expect(
            NoticeVerdict(.unanswered(.noAnswer("cut")), now: now)
                == .failed("no answer: cut", pauseSeconds: nil, isAway: true))
        #expect(NoticeVerdict(.unanswered(.cancelled), now: now) == .stopped)
    }

    @Test(arguments: [
        ("120", 120), ("0", nil), ("-5", nil), ("soon", nil), ("999999999", 86_400),
        ("Fri, 15 Jan 2027 08:02:00 GMT", 120), ("Fri, 15 Jan 2027 07:00:00 GMT", nil),
    ])
    func theReceiverSaysForHowLongItIsLeftAlone(text: String, seconds: Int?) {
        #expect(
            verdict(429, ["Retry-After": text])
                == .failed("status 429", pauseSeconds: seconds, isAway: true))
    }

    @Test func theScheduleIsThePublishedOne() {
        func wait(_ attempt: Int, retries: Int? = nil, pause: Int? = nil, jitter: Double = 0) -> Double? {
            NoticeSchedule.next(
                afterAttempt: attempt, retries: retries, pauseSeconds: pause, jitter: jitter, now: now
            )?.seconds(since: now)
        }

        #expect((1...9).map { wait($0) } == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400])
        #expect(wait(10) == nil)
        #expect(wait(3, retries: 3) == 1800)
        #expect(wait(4, retries: 3) == nil)
        #expect(wait(1, retries: 0) == nil)
        #expect(wait(1, pause: 60) == 60)
        #expect(wait(2, pause: 60) == 300)
        #expect(wait(2, jitter: 1) == 330)
    }
}

@Suite("Webhooks out: the catalogue of events")
struct EventCatalogueTests {
    private func events(_ kind: RecordKind, _ part: String, _ old: JSON?, _ new: JSON?) -> [String] {
        EventCatalogue.events(kind: kind, part: part, old: old, new: new, birth: "record", link: "link")
    }

    @Test func aChangeIsTheEventItMeans() {
        #expect(events(.product, "record", nil, ["title": "Tea"]) == ["product.created"])
        #expect(events(.product, "price", "1", "2") == ["product.updated"])
        #expect(events(.product, "price", "1", "1") == [])
        #expect(events(.variant, "stock", "1", "2") == ["inventory.updated"])
        #expect(events(.customer, "link", "c-1", .null) == ["customer.deleted"])
        #expect(events(.order, "state", "pending", "processing") == ["order.updated"])
        #expect(events(.order, "state", "pending", "cancelled") == ["order.updated", "order.cancelled"])
        #expect(events(.order, "fulfilment", "partial", "fulfilled") == ["order.updated", "order.fulfilled"])
    }

    @Test func aListenerHearsTheNameItAskedFor() {
        #expect(EventCatalogue.heard("inventory.updated", by: ["inventory.changed"]) == "inventory.changed")
        #expect(EventCatalogue.heard("inventory.updated", by: ["*"]) == "inventory.updated")
        #expect(EventCatalogue.heard("order.created", by: ["order.*"]) == "order.created")
        #expect(EventCatalogue.heard("order.created", by: ["product.*", "order.updated"]) == nil)
        // Whoever wants everything wants records, not the fate of other webhooks.
        #expect(EventCatalogue.heard("webhook.disabled", by: ["*"]) == nil)
        #expect(EventCatalogue.heard("webhook.disabled", by: ["webhook.disabled"]) == "webhook.disabled")
    }

    @Test(arguments: [
        "customer.created", "customer.updated", "product.updated", "product.deleted", "inventory.changed",
        "inventory.updated", "order.created", "order.fulfilled", "order.cancelled",
    ])
    func everyNameOfTheSeedsIsKnown(name: String) { #expect(EventCatalogue.isKnown(name)) }

    @Test func everyEventHasASchemaOfItsOwn() throws {
        #expect(Set(EventCatalogue.all.map(\.name)).count == EventCatalogue.all.count)
        for event in EventCatalogue.all {
            #expect(event.schema["properties"]?["type"]?["enum"]?[0] == .string(event.name))
            #expect(EventCatalogue.isKnown(event.name))
        }
        let order = try #require(EventCatalogue.all.first { $0.name == "order.created" })
        let values = order.schema["properties"]?["data"]?["properties"]?["values"]?["properties"]?.object
        #expect(Set(values?.keys.map { $0 } ?? []) == Set(RecordKind.order.parts.map(\.name)))
    }
}

@Suite("Webhooks out: what is kept of a call")
struct NoticeMaskTests {
    private let secrets = ListenerSecrets(
        headers: ["Authorization": "Bearer t0ken-of-ours", "Content-Type": "application/json"],
        secret: "your_webhook_secret", previous: .init(secret: "an earlier secret", until: Moment(seconds: 0)))
    private let person: JSON = [
        "name": ["first": "Nadeesha", "last": "Perera"], "email": "nadeesha@example.lk", "phone": "+94 11 200 0001",
    ]

    @Test func anAnswerThatSaysItAllBackKeepsNothingOfIt() {
        let mask = NoticeMask(secrets: secrets, values: person, kind: .customer)
        let echo =
            "Authorization: Bearer t0ken-of-ours, your_webhook_secret, an earlier secret, Nadeesha Perera "
            + "<nadeesha@example.lk>, +94 11 200 0001, other.person@example.com, application/json"

        let kept = mask.masked(Array(echo.utf8))

        for word in ["t0ken", "your_webhook", "earlier", "Nadeesha", "Perera", "200 0001", "@"] {
            #expect(!kept.contains(word), "\(word): \(kept)")
        }
        #expect(kept.contains("application/json"))
    }

    @Test func ofPeopleNoTextIsKeptAndOfGoodsAll() {
        let data: JSON = ["id": 7, "kind": "customer", "title": "Nadeesha Perera", "values": person]

        let kept = NoticeMask.shown(data, kind: .customer)

        #expect(kept["id"] == 7)
        #expect(kept["title"] == "•••")
        #expect(kept["values"]?["name"]?["first"] == "•••")
        #expect(NoticeMask.shown(data, kind: .product) == data)
    }

    @Test func headersThatProveWhoCallsAreDots() {
        let mask = NoticeMask(secrets: secrets, values: [:], kind: nil)

        let kept = mask.shown(["Authorization": "Bearer other", "Set-Cookie": "a=b", "X-Note": "plain"])

        #expect(kept == ["Authorization": "•••", "Set-Cookie": "•••", "X-Note": "plain"])
    }

    @Test func aLongAnswerIsCutAndBytesThatAreNoTextDoNoHarm() {
        let mask = NoticeMask(secrets: secrets, values: [:], kind: nil)

        #expect(mask.masked(Array(repeating: 0x78, count: 100_000)).utf8.count <= NoticeMask.keptBytes + 4)
        #expect(mask.masked([0xFF, 0x00, 0x41]) == "\u{FFFD}A")
    }
}
