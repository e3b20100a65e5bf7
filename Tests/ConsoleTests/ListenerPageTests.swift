import Commerce
import Notices
import Testing
import Wire

@testable import Console
@testable import Pipeline

@Suite("Console: webhooks on the page")
struct ListenerPageTests {
    private func listener(_ name: String, _ id: Int64, reason: String? = nil) -> ListenerView {
        var listener = Listener(
            id: id, publicID: "whk_\(id)", name: name, url: "https://erp.example/hook", events: ["order.*"],
            settings: [], toldNumber: 0, createdAt: Overview.sampleTime)
        if let reason { (listener.state, listener.reason) = (.disabled, reason) }
        return ListenerView(listener: listener, integration: nil, counts: [.waiting: 3, .failed: 1, .missed: 40])
    }

    private func page(_ listeners: [ListenerView]) async throws -> String {
        var overview = Overview.busy
        overview.listeners = listeners
        let asking = try await Asking(overview)
        return await asking.ask("GET", "/", token: try await asking.token(.viewer)).text
    }

    @Test func whoIsDisabledIsShownWithTheReasonAndTheButton() async throws {
        let text = try await page([listener("ERP", 7, reason: "it answered 410"), listener("stock page", 8)])

        #expect(text.contains("Webhooks to others"))
        #expect(text.contains(#"<span class="tone bad">disabled</span> <span class="reason">it answered 410</span>"#))
        #expect(text.contains(#"<form method="post" action="/outgoing-webhooks/whk_7/enable">"#))
        #expect(!text.contains("/outgoing-webhooks/whk_8/enable"))
        #expect(text.contains(#"data-label="Not delivered">41</td>"#))
        #expect(text.contains("5 things need you"))
    }

    @Test func whereNobodyIsToldNothingIsSaidOfIt() async throws {
        #expect(!(try await page([]).contains("Webhooks to others")))
    }

    @Test func whatSomebodyCallsAWebhookIsTextAndNothingElse() async throws {
        for text in PageTests.nasty {
            let shown = try await page([listener(text, 7, reason: text)])

            #expect(!shown.contains("<script>alert") && !shown.contains("<img src=x"), "\(text)")
        }
    }
}
