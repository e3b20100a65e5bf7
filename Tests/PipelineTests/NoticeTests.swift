import ConnectorKit
import Notices
import Queue
import Store
import Testing

@testable import Pipeline

@Suite("Webhooks out: what is told")
struct NoticeTests {
    @Test func aChangeIsToldOnceSignedAndWrittenDown() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        try await stage.tell()
        #expect(stage.receiver.calls.isEmpty, "what was before is not told")

        try await stage.edit("77.00")
        try await stage.tell()
        try await stage.tell()

        let call = try #require(stage.receiver.calls.first)
        let body = stage.receiver.told[0]
        #expect(stage.receiver.calls.count == 1)
        #expect(call.method == "POST" && call.timeoutSeconds == 30)
        #expect(body["type"] == "product.updated" && body["eventType"] == "product.updated")
        #expect(body["data"]?["changed"] == ["price@LKR"] || body["data"]?["changed"] == ["price"])
        #expect(body["data"]?["values"]?["sku"] == .string(stage.sku))
        #expect(body["data"]?["origin"] == "north")
        #expect(body["data"]?["externalIds"]?["north"]?.string != nil)
        let id = try #require(body["id"]?.string)
        #expect(call.headers["webhook-id"] == id)
        let signature = NoticeSignature.standard(
            id: id, seconds: stage.hub.now.milliseconds / 1000, body: call.body, secret: Receiver.secret)
        #expect(call.headers["webhook-signature"] == signature)
        #expect(
            call.headers["X-Webhook-Signature"]
                == "sha256=" + Signature.hex(Signature.hmacSHA256(call.body, key: Array(Receiver.secret.utf8))))

        let log = try await stage.log(webhook)
        #expect(log.map(\.notice.state) == [.delivered])
        #expect(log[0].attempts.map(\.status) == [200])
        let kept = log[0].attempts[0].request
        #expect(!kept.contains(Receiver.secret) && !kept.contains("hidden-in-the-address"))
    }

    @Test func aCallThatFailedIsRepeatedByTheScheduleUnderTheSameID() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register(["product.updated"], ["retry_attempts": 2])
        stage.receiver.answer(500, 500, 500)
        try await stage.edit("77.00")

        try await stage.tell()
        stage.pass(4)
        try await stage.tell()
        #expect(stage.receiver.calls.count == 1)
        stage.pass(2)
        try await stage.tell()
        #expect(stage.receiver.calls.count == 2)
        stage.pass(340)
        try await stage.tell()

        #expect(stage.receiver.calls.count == 3)
        #expect(Set(stage.receiver.calls.map { $0.headers["webhook-id"] }).count == 1)
        let log = try await stage.log(webhook)
        #expect(log.map(\.notice.state) == [.failed])
        #expect(log[0].attempts.map(\.error) == ["status 500", "status 500", "status 500"])
        #expect(try await stage.hub.deadReports(JobFilter(queue: .notify)).count == 1)

        // Put up again and through, nothing is left to look at.
        let replay = try await stage.hub.replay(
            listener: webhook.listener.publicID, since: World.start, all: false, by: .hub)
        #expect(replay?.notices == 1)
        try await stage.tell()
        #expect(try await stage.log(webhook).map(\.notice.state) == [.delivered])
        #expect(try await stage.hub.deadReports(JobFilter(queue: .notify)).isEmpty)
    }

    @Test func aReceiverIsLeftAloneForAsLongAsItAsks() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        stage.receiver.answer(429, headers: ["Retry-After": "900"])
        try await stage.edit("77.00")
        try await stage.tell()

        try await stage.edit("78.00")
        stage.pass(530)
        try await stage.tell()
        #expect(stage.receiver.calls.count == 1, "another notice waits, too")
        #expect(try await stage.view(webhook).restsUntil != nil)
        stage.pass(20)
        try await stage.tell()

        #expect(stage.receiver.calls.count == 3)
        #expect(try await stage.log(webhook).allSatisfy { $0.notice.state == .delivered })
    }

    @Test func whoIsGoneIsDisabledAndHearsOfItAllOnceSwitchedOnAgain() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        let other = try await stage.register(["webhook.disabled"])
        stage.receiver.answer(410)
        try await stage.edit("77.00")
        try await stage.tell()

        let gone = try await stage.view(webhook)
        #expect(gone.listener.state == .disabled)
        #expect(gone.listener.reason?.contains("410") == true)
        #expect(stage.receiver.events == ["product.updated", "webhook.disabled"])
        #expect(stage.receiver.told[1]["data"]?["webhookId"] == .string(webhook.listener.publicID))
        #expect(try await stage.view(other).listener.state == .active)
        let audit = try await stage.hub.audit()
        #expect(audit.contains { $0.action == "webhook.state-set" && $0.subjectID == webhook.listener.publicID })

        stage.receiver.forget()
        try await stage.edit("78.00")
        try await stage.tell()
        #expect(stage.receiver.calls.isEmpty)

        let replay = try await stage.hub.enable(
            listener: webhook.listener.publicID, replays: true, by: .hub)
        #expect(replay?.notices == 1)
        try await stage.tell()
        #expect(stage.receiver.events == ["product.updated", "product.updated"])
        #expect(try await stage.view(webhook).listener.state == .active)
    }

    @Test func whoIsSwitchedOnWithoutReplayHearsOfWhatComes() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        _ = try await stage.hub.disable(listener: webhook.listener.publicID, reason: "moving", by: .hub)
        try await stage.edit("77.00")
        _ = try await stage.hub.enable(listener: webhook.listener.publicID, replays: false, by: .hub)
        try await stage.tell()
        #expect(stage.receiver.calls.isEmpty)

        try await stage.edit("78.00")
        try await stage.tell()
        #expect(stage.receiver.calls.count == 1)
    }

    @Test func whoNobodyReachesForFiveDaysIsDisabled() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        stage.receiver.state.withLock { $0.answers = Array(repeating: nil, count: 400) }
        try await stage.edit("70.00")
        for day in 0..<6 {
            for _ in 0..<4 {
                try await stage.tell()
                stage.pass(6 * 3600)
            }
            try await stage.edit("\(71 + day).00")
        }
        try await stage.tell()

        let view = try await stage.view(webhook)
        #expect(view.listener.state == .disabled)
        #expect(view.listener.reason?.contains("nothing got through") == true)
        let waiting = try await stage.hub.jobs(in: [.available, .retryable, .scheduled], limit: 50)
        #expect(waiting.filter { $0.queue == .notify }.isEmpty)
    }

    @Test func onePoisonedRecordHoldsUpItselfAndNoOther() async throws {
        let stage = try await NoticeWorld()
        let skus = stage.world.ask("north", "/products", [.init("per_page", "20")]).array ?? []
        let others = skus.filter { $0["type"] == "simple" }.compactMap { $0["sku"]?.string }.filter {
            !$0.isEmpty && $0 != stage.sku
        }
        let other = try #require(others.first)
        _ = try await stage.register(["product.updated"], ["ordered": true])
        stage.receiver.state.withLock { $0.refused = ["\"sku\":\"\(stage.sku)\"": 422] }

        try await stage.edit("71.00")
        try await stage.tell()
        try await stage.edit("72.00")
        try await stage.edit("81.00", sku: other)
        try await stage.tell()
        try await stage.edit("82.00", sku: other)
        try await stage.tell()
        let poisoned = stage.receiver.told.filter { $0["data"]?["values"]?["sku"] == .string(stage.sku) }
        #expect(Set(poisoned.compactMap { $0["id"]?.string }).count == 1, "the second waits for the first")
        #expect(
            stage.receiver.told.filter { $0["data"]?["values"]?["sku"] == .string(other) }.count == 2)

        stage.receiver.state.withLock { $0.refused = [:] }
        stage.receiver.forget()
        stage.pass(7_200)
        try await stage.tell()
        #expect(stage.receiver.calls.count == 2)
    }

    @Test func aWebhookOfOneIntegrationHearsOfItsRecordsAlone() async throws {
        let stage = try await NoticeWorld()
        let world = stage.world
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let south = try await stage.hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        try await stage.hub.set(.paused, reason: "later", of: south)
        _ = try await stage.register(["*"], at: south.publicID)
        try await stage.edit("77.00")
        try await stage.tell()
        #expect(stage.receiver.calls.isEmpty)

        _ = try await stage.register(["*"], at: stage.shop.publicID)
        try await stage.edit("78.00")
        try await stage.tell()
        #expect(stage.receiver.told.compactMap { $0["integrationId"]?.string } == [stage.shop.publicID])
    }

    @Test func aProcessThatDiesWhileItTellsLeavesNothingUntold() async throws {
        let stage = try await NoticeWorld()
        let world = stage.world
        let webhook = try await stage.register()
        try await stage.edit("77.00")

        for steps in 1...14 {
            world.live(for: steps)
            do { try await stage.tell() } catch {}
            world.live(for: nil)
            stage.pass(20)
            try await stage.hub.rescue()
        }
        stage.pass(120)
        try await stage.hub.rescue()
        try await stage.tell()

        let log = try await stage.log(webhook)
        #expect(log.map(\.notice.state) == [.delivered])
        #expect(Set(stage.receiver.calls.map { $0.headers["webhook-id"] }).count == 1)
    }

    @Test func aProcessThatDiedWithANoticeHasUsedUpNoCallOfTheSchedule() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        try await stage.edit("77.00")
        try await stage.hub.relay()
        // As four processes left it that died before they called.
        _ = try await stage.hub.store.write { session in
            try session.run(
                "UPDATE job SET attempt = 4 WHERE organization_id = ?1 AND queue = 'notify'", [.integer(1)])
        }
        stage.receiver.answer(500)
        try await stage.tell()
        #expect(stage.receiver.calls.count == 1)

        stage.pass(6)
        try await stage.tell()

        #expect(stage.receiver.calls.count == 2)
        #expect(try await stage.log(webhook).map(\.notice.state) == [.delivered])
    }

    @Test func whatAHubOfAnOlderReleaseGaveUpIsTakenBack() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        try await stage.edit("77.00")
        try await stage.hub.relay()
        _ = try await stage.hub.store.write { session in
            try session.run(
                """
                UPDATE job SET state = 'dead', is_open = 0, error_class = 'unknown'
                WHERE organization_id = ?1 AND queue = 'notify'
                """, [.integer(1)])
        }
        try await stage.tell()
        #expect(stage.receiver.calls.isEmpty)

        try await stage.hub.giveUpUnknown()
        try await stage.tell()

        #expect(try await stage.log(webhook).map(\.notice.state) == [.delivered])
    }

    @Test func aTestEventIsSentAtOnceAndSaysWhatCameOfIt() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        stage.receiver.answer(503, 204)

        let failed = try await stage.hub.test(listener: webhook.listener.publicID, by: .hub)
        let fine = try await stage.hub.test(listener: webhook.listener.publicID, by: .hub)

        #expect(failed?.attempts.first?.error == "status 503")
        #expect(fine?.attempts.first?.status == 204)
        #expect(stage.receiver.events == ["webhook.test", "webhook.test"])
    }

    @Test func aSecretThatIsChangedSignsBesideTheOldOneForAWhile() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        let view = try await stage.hub.rotateSecret(
            ofListener: webhook.listener.publicID, to: nil, keepingOldSeconds: 3600, by: .hub)
        let made = try #require(view?.madeSecret)
        #expect(made.hasPrefix("whsec_"))
        // What is sealed with another key since is opened all the same.
        _ = try await stage.hub.rotateKeys()
        try await stage.edit("77.00")
        try await stage.tell()

        let call = try #require(stage.receiver.calls.first)
        let id = call.headers["webhook-id"] ?? ""
        let seconds = Int64(call.headers["webhook-timestamp"] ?? "") ?? 0
        let expected = [made, Receiver.secret].map {
            NoticeSignature.standard(id: id, seconds: seconds, body: call.body, secret: $0)
        }
        #expect(call.headers["webhook-signature"] == expected.joined(separator: " "))

        stage.pass(3600)
        try await stage.edit("78.00")
        try await stage.tell()
        #expect(stage.receiver.calls.last?.headers["webhook-signature"]?.contains(" ") == false)
    }

    @Test func aPairSignsWithWhatNobodyIsToldAndTheOldSecretBesideIt() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        let view = try await stage.hub.rotateSecret(
            ofListener: webhook.listener.publicID, to: nil, signing: .pair, keepingOldSeconds: 3600, by: .hub)
        #expect(view?.madeSecret == nil && view?.signing == .pair)
        let key = try #require(view?.publicKeys.first.flatMap { Signature.bytes(base64: String($0.dropFirst(5))) })
        try await stage.edit("77.00")
        try await stage.tell()

        let call = try #require(stage.receiver.calls.first)
        let (id, time) = (call.headers["webhook-id"] ?? "", call.headers["webhook-timestamp"] ?? "")
        let signatures = (call.headers["webhook-signature"] ?? "").split(separator: " ").map(String.init)
        let made = try #require(Signature.bytes(base64: String(signatures[0].dropFirst("v1a,".count))))
        #expect(SigningPair.isValid(made, of: Array("\(id).\(time).".utf8) + call.body, publicKey: key))
        let old = NoticeSignature.standard(
            id: id, seconds: Int64(time) ?? 0, body: call.body, secret: Receiver.secret)
        #expect(signatures.dropFirst() == [old])
        #expect(call.headers["X-Webhook-Signature"] == nil)

        // Rotated without a word of the form, a pair stays a pair; both public keys are shown while both sign.
        let next = try await stage.hub.rotateSecret(
            ofListener: webhook.listener.publicID, to: nil, keepingOldSeconds: 3600, by: .hub)
        #expect(next?.publicKeys.count == 2 && next?.publicKeys.last == view?.publicKeys.first)
        stage.pass(3600)
        #expect(try await stage.hub.listenerView(webhook.listener.publicID)?.publicKeys.count == 1)
    }

    @Test func whatIsTakenAwayIsToldNothing() async throws {
        let stage = try await NoticeWorld()
        let webhook = try await stage.register()
        stage.receiver.answer(500)
        try await stage.edit("77.00")
        try await stage.tell()

        #expect(try await stage.hub.remove(listener: webhook.listener.publicID, by: .hub))
        stage.pass(86_400)
        try await stage.tell()

        #expect(stage.receiver.calls.count == 1)
        #expect(try await stage.hub.listenerViews() == [])
        for table in ["listener", "notice", "notice_attempt"] {
            #expect(try await stage.world.count(stage.hub, "SELECT count(*) FROM \(table)") == 0, "\(table)")
        }
    }
}
