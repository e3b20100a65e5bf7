import Audit
import ConnectorKit
import Ledger
import Synchronization
import Testing

@testable import Pipeline

@Suite("Letting the hub in by OAuth 2")
struct OAuthTests {
    private let admin = AuditActor(.person, "mara")

    private struct Scene {
        let world: World
        let hub: Hub
        let server: LettingInServer
        let erp: Integration

        /// Another process of the same hub.
        func second() throws -> Hub { try world.hub(through: { [server] _ in server }, connectors: [Letting.self]) }

        func standing() async throws -> JSON { try #require(try await hub.grantStanding(erp.publicID)) }

        func state() async throws -> IntegrationState? { try await hub.known(erp.publicID)?.state }
    }

    private func scene() async throws -> Scene {
        let world = try World()
        let made = Mutex<LettingInServer?>(nil)
        let hub = try world.hub(
            through: { way in
                let server = LettingInServer(way)
                made.withLock { $0 = server }
                return server
            }, connectors: [Letting.self])
        let erp = try await hub.connect(
            "letting", name: "erp",
            config: ["clientId": .string(LettingInServer.client), "clientSecret": .string(LettingInServer.secret)])
        return Scene(world: world, hub: hub, server: try #require(made.withLock { $0 }), erp: erp)
    }

    /// Somebody goes there, says yes, and is about to come back.
    private func departure(_ scene: Scene) async throws -> Hub.Return {
        let departure = try #require(try await scene.hub.beginGrant(scene.erp.publicID, by: admin))
        let given = try #require(scene.server.approve(departure.address))
        return Hub.Return(
            connector: "letting", state: given.state, code: given.code, error: nil,
            browserSecret: departure.browserSecret)
    }

    private func granted() async throws -> Scene {
        let scene = try await scene()
        _ = try await scene.hub.endGrant(try await departure(scene), from: "203.0.113.7")
        return scene
    }

    private func isRefused(_ scene: Scene, _ back: Hub.Return) async -> String? {
        do {
            _ = try await scene.hub.endGrant(back, from: nil)
            return nil
        } catch {
            return "\(error)"
        }
    }

    // MARK: There and back

    @Test func whoSaysYesLetsTheHubIn() async throws {
        let scene = try await granted()

        #expect(try await scene.hub.check(scene.erp) == "let in")
        let end = try #require(try await scene.standing()["expiresAt"])
        let view = try #require(try await scene.hub.view(at: scene.erp.publicID)).json(organization: "default")
        #expect(view["credentialsExpireAt"] == end && end != .null)
        #expect(try await scene.standing()["state"] == "granted")
        let redirects = scene.server.state.withLock { $0.forms.map { $0["redirect_uri"] ?? "" } }
        #expect(redirects == ["https://hub.example/admin/integration/letting/callback"])
        let audits = "SELECT count(*) FROM audit WHERE action = 'integration.authorized'"
        #expect(try await scene.world.count(scene.hub, audits) == 1)
    }

    @Test func tokensLieSealedInTheStore() async throws {
        let scene = try await granted()
        let sealed = "SELECT count(*) FROM oauth_grant WHERE instr(sealed, CAST('access-' AS BLOB)) > 0"

        #expect(try await scene.world.count(scene.hub, "SELECT count(*) FROM oauth_grant") == 1)
        if !scene.hub.store.isShared { #expect(try await scene.world.count(scene.hub, sealed) == 0) }
        _ = try await scene.hub.rotateKeys()
        #expect(try await scene.hub.check(scene.erp) == "let in")
    }

    @Test func aStateIsGoodOnce() async throws {
        let scene = try await scene()
        let back = try await departure(scene)

        #expect(await isRefused(scene, back) == nil)
        #expect(await isRefused(scene, back)?.contains("nobody is expected") == true)
    }

    @Test func aStateThatIsWrongOrOfAnotherBrowserOrConnectorIsRefused() async throws {
        let scene = try await scene()
        for change in 0..<5 {
            var back = try await departure(scene)
            switch change {
            case 0: back.state = "made-up"
            case 1: back.state = nil
            case 2: back.browserSecret = "another browser's"
            case 3: back.browserSecret = nil
            default: back.connector = "woocommerce"
            }
            #expect(await isRefused(scene, back)?.contains("nobody is expected") == true, "\(change)")
        }
        #expect(try await scene.standing()["state"] == "needed")
    }

    @Test func whoIsTooLateBeginsAgain() async throws {
        let scene = try await scene()
        let back = try await departure(scene)
        scene.world.pass(seconds: Hub.requestSeconds + 1)

        #expect(await isRefused(scene, back)?.contains("nobody is expected") == true)
    }

    @Test func whoSaysNoIsToldSoAndTheStateIsSpent() async throws {
        let scene = try await scene()
        var back = try await departure(scene)
        (back.error, back.code) = ("access_denied", nil)

        #expect(await isRefused(scene, back)?.contains("access was denied there") == true)
        back.error = nil
        #expect(await isRefused(scene, back)?.contains("nobody is expected") == true)
    }

    @Test func aCodeThatWasUsedAlreadyGivesNoTokens() async throws {
        let scene = try await scene()
        let first = try await departure(scene)
        var second = try await departure(scene)
        second.code = first.code

        #expect(await isRefused(scene, first) == nil)
        #expect(await isRefused(scene, second)?.contains("no good") == true)
    }

    /// A code that was stolen on its way is of no use: the verifier is the hub's.
    @Test func aCodeIsGoodForTheVerifierItWasAskedWithAlone() async throws {
        let scene = try await scene()
        let first = try await departure(scene)
        var second = try await departure(scene)
        second.code = first.code

        #expect(await isRefused(scene, second)?.contains("no good") == true)
    }

    // MARK: Renewing

    @Test func tokensAreRenewedBeforeTheyEndAndTheOldOneIsSpent() async throws {
        let scene = try await granted()
        scene.world.pass(seconds: 3600 - 60)

        #expect(try await scene.hub.check(scene.erp) == "let in")
        #expect(scene.server.state.withLock { $0.renewals } == 1)
        #expect(try await scene.hub.check(scene.erp) == "let in")
        #expect(scene.server.state.withLock { $0.renewals } == 1)
        scene.world.pass(seconds: 3600)
        #expect(try await scene.hub.check(scene.erp) == "let in")
    }

    @Test func aTokenThatTheFarSideTookBackIsRenewedOnce() async throws {
        let scene = try await granted()
        scene.server.state.withLock { $0.access = [] }

        #expect(try await scene.hub.check(scene.erp) == "let in")
        #expect(scene.server.state.withLock { $0.renewals } == 1)
    }

    @Test func twoProcessesThatRenewAtOnceUseOneToken() async throws {
        let scene = try await granted()
        let second = try scene.second()
        for _ in 0..<4 {
            scene.world.pass(seconds: 3600 - 60)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for hub in [scene.hub, second, scene.hub, second, second, scene.hub] {
                    group.addTask { _ = try await hub.check(scene.erp) }
                }
                try await group.waitForAll()
            }
        }

        // One that was used twice would have ended all of them.
        #expect(scene.server.state.withLock { $0.renewals } == 4)
        #expect(try await scene.standing()["state"] == "granted")
    }

    @Test func aRenewalThatIsRefusedNeedsAPersonAndIsNotTriedAgain() async throws {
        let scene = try await granted()
        scene.server.state.withLock { $0.refresh = [] }
        scene.world.pass(seconds: 3600)

        await #expect(throws: ConnectorFailure.self) { try await scene.hub.check(scene.erp) }
        let known = try #require(try await scene.hub.known(scene.erp.publicID))
        #expect(known.state == .refused)
        #expect(known.reason?.contains("lets it in once more at /admin/integration/") == true, "\(known.reason ?? "")")
        #expect(try await scene.standing()["state"] == "failed")
        let asked = scene.server.state.withLock { $0.forms.count }
        await #expect(throws: ConnectorFailure.self) { try await scene.hub.check(scene.erp) }
        #expect(scene.server.state.withLock { $0.forms.count } == asked)

        // Who says yes once more mends it.
        _ = try await scene.hub.endGrant(try await departure(scene), from: nil)
        #expect(try await scene.state() == .active)
        #expect(try await scene.hub.check(scene.erp) == "let in")
    }

    @Test(arguments: [HTTPResponse(status: 503), HTTPResponse(status: 429), nil])
    func aTokenAddressThatIsAwayIsTriedAgainLater(trouble: HTTPResponse?) async throws {
        let scene = try await granted()
        scene.server.state.withLock { ($0.trouble, $0.isSilent) = (trouble, trouble == nil) }
        scene.world.pass(seconds: 3600)

        await #expect(throws: ConnectorFailure.self) { try await scene.hub.check(scene.erp) }
        #expect(try await scene.state() == .active)
        scene.server.state.withLock { ($0.trouble, $0.isSilent) = (nil, false) }
        #expect(try await scene.hub.check(scene.erp) == "let in")
    }

    @Test func aProcessThatDiesWhileItRenewsHoldsNobodyUpForLong() async throws {
        let scene = try await granted()
        scene.world.pass(seconds: 3600)
        // It has taken the right to renew, and dies before it asks.
        scene.world.live(for: 1)
        await #expect(throws: (any Error).self) { try await scene.hub.check(scene.erp) }
        scene.world.live(for: nil)

        let second = try scene.second()
        scene.world.pass(seconds: 61)
        #expect(try await second.check(scene.erp) == "let in")
    }

    @Test func withoutATokenToRenewWithAPersonIsAskedWhenItEnds() async throws {
        let scene = try await scene()
        scene.server.state.withLock { $0.givesRefresh = false }
        _ = try await scene.hub.endGrant(try await departure(scene), from: nil)
        #expect(try await scene.hub.check(scene.erp) == "let in")
        scene.world.pass(seconds: 3600)

        await #expect(throws: ConnectorFailure.self) { try await scene.hub.check(scene.erp) }
        #expect(try await scene.state() == .refused)
    }

    @Test func beforeAnybodyHasSaidYesNothingIsSentThere() async throws {
        let scene = try await scene()

        await #expect(throws: ConnectorFailure.self) { try await scene.hub.check(scene.erp) }
        #expect(try await scene.hub.known(scene.erp.publicID)?.reason?.contains("nobody has let the hub in") == true)
        #expect(scene.server.state.withLock { $0.forms.isEmpty })
    }

    @Test func whatIsTakenAwayIsForgotten() async throws {
        let scene = try await granted()
        _ = try await scene.hub.beginGrant(scene.erp.publicID, by: admin)

        _ = try await scene.hub.remove(scene.erp.publicID, confirmed: "erp", by: admin)

        #expect(try await scene.world.count(scene.hub, "SELECT count(*) FROM oauth_grant") == 0)
        #expect(try await scene.world.count(scene.hub, "SELECT count(*) FROM oauth_request") == 0)
    }
}
