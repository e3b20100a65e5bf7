import Commerce
import Foundation
import Testing

@testable import crossdock

@Suite("crossdock serve", .serialized)
struct ServeTests {
    @Test func itAnswersGuardsItsDoorsAndEndsOnASignal() async throws {
        let program = try Program()
        defer { program.close() }
        let settings = try program.write(ConnectTests.shop.text, to: "shop.json")
        let id = try #require(try await program.run(["connect", "woocommerce", "--config", settings]).lines.last)
        // The integration is not to be reached in this test.
        let hub = try program.start(["serve", "--port", "0"])
        defer { hub.send(SIGKILL) }
        let url = "http://127.0.0.1:\(try await hub.port())"

        let health = try await Web.get(url + "/health")
        #expect(health.status == 200)
        #expect(try JSON(parsing: health.body) == ["status": "ok", "version": .string(Version.text)])

        for path in ["/webhooks/\(id)", "/api/webhooks/woocommerce/default"] {
            let call = try await Web.post(url + path, ["id": 1], ["X-WC-Webhook-Topic": "order.created"])
            #expect(call.status == 401, "\(path)")
            let forged = try await Web.post(
                url + path, ["id": 1],
                [
                    "X-WC-Webhook-Topic": "order.created",
                    "X-WC-Webhook-Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                ])
            #expect(forged.status == 401, "\(path)")
        }
        #expect(try await Web.post(url + "/webhooks/none", [:]).status == 404)

        let stranger = try await Web.get(url + "/", ["Accept": "text/html"])
        #expect(stranger.status == 401)
        #expect(String(decoding: stranger.body, as: UTF8.self).contains("sign-in"))
        let token = try #require(try await program.run(["token", "--role", "viewer"]).lines.last)
        let guest = try await Web.get(url + "/", ["Authorization": "Bearer \(token)", "Accept": "text/html"])
        #expect(guest.status == 200)
        #expect(String(decoding: guest.body, as: UTF8.self).contains("woocommerce"))
        let other = try await Web.get(url + "/", ["Authorization": "Bearer \(token)x"])
        #expect(other.status == 401)

        #expect(try await Web.get(url + "/metrics").status == 401)
        let counts = try await Web.get(url + "/metrics", ["Authorization": "Bearer \(token)"])
        #expect(counts.status == 200)
        let text = String(decoding: counts.body, as: UTF8.self)
        #expect(text.contains("crossdock_series_refused_total 0"), "\(text)")
        for kind in ["read", "normal", "commit"] {
            #expect(text.contains("crossdock_store_step_seconds_count{kind=\"\(kind)\"}"), "\(kind): \(text)")
        }

        hub.send(SIGTERM)
        #expect(try await hub.ended(withinSeconds: 10) == 0, "\(hub.errors)")
    }

    @Test func aWebhookIsCountedAsAJobThatWasAskedForAndDone() async throws {
        let program = try Program()
        defer { program.close() }
        var shop = ConnectTests.shop.object ?? [:]
        shop["webhookSecret"] = .string(Caller.secret)
        let settings = try program.write(JSON.object(shop).text, to: "shop.json")
        #expect(try await program.run(["connect", "woocommerce", "--config", settings]).status == 0)
        let token = try #require(try await program.run(["token", "--role", "viewer"]).lines.last)
        let hub = try program.start(["serve", "--port", "0"])
        defer { hub.send(SIGKILL) }
        let port = try await hub.port()
        #expect(await Caller(hubPort: port).callOnce() == 200)

        let seen = try await eventually(withinSeconds: 30) { () -> String? in
            let answer = try await Web.get(
                "http://127.0.0.1:\(port)/metrics", ["Authorization": "Bearer \(token)"])
            let text = String(decoding: answer.body, as: UTF8.self)
            let isDone = text.contains(#"crossdock_job_wait_seconds_count{queue="receive"} 1"#)
            return isDone && text.contains(#"crossdock_jobs_enqueued_total{queue="receive"} 1"#) ? text : nil
        }
        #expect(seen != nil)
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalEndsAnIdleHubAtOnce(signal: Int32) async throws {
        let program = try Program()
        defer { program.close() }
        let hub = try program.start(["serve", "--port", "0"])
        defer { hub.send(SIGKILL) }
        _ = try await hub.port()

        hub.send(signal)

        #expect(try await hub.ended(withinSeconds: 5) == 0, "\(hub.errors)")
    }

    @Test func aPortThatIsTakenIsSaidAndEndsWith1() async throws {
        let program = try Program()
        defer { program.close() }
        let first = try program.start(["serve", "--port", "0"])
        defer { first.send(SIGKILL) }
        let port = try await first.port()

        let second = try await program.run(
            ["serve", "--port", "\(port)"], environment: ["CROSSDOCK_DATA": program.path("other")], timeoutSeconds: 20)

        #expect(second.status == 1, "\(second.said)")
        #expect(second.errors.contains("\(port)"), "\(second.said)")
        #expect(try await Web.get("http://127.0.0.1:\(port)/health").status == 200)
    }

    @Test func openOnLoopbackShowsThePageWithoutAToken() async throws {
        let program = try Program()
        defer { program.close() }
        let hub = try program.start(["serve", "--port", "0", "--open-on-loopback"])
        defer { hub.send(SIGKILL) }
        let port = try await hub.port()

        #expect(try await Web.get("http://127.0.0.1:\(port)/").status == 200)
    }
}
