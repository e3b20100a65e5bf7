import Commerce
import Identity
import Pipeline
import Testing
import Wire

@testable import Console

/// Accounts and groups over HTTP, on a hub with a store of its own.
@Suite("Console: accounts and groups")
struct AccountAnswerTests {
    private let mara: JSON = ["username": "ishan", "password": "another good password", "role": "operator"]

    private func send(
        _ stand: AuthTests.Stand, _ method: String, _ path: String, _ body: JSON?, _ token: String
    ) async -> HTTPResponse {
        let headers: HTTPHeaders = body == nil ? [:] : ["Content-Type": "application/json"]
        return await stand.asking.ask(method, path, token: token, headers: headers, body: body?.text ?? "")
    }

    @Test func anAccountIsMadeChangedGivenAPasswordAndRemovedAndAllOfItIsAudited() async throws {
        let stand = try await AuthTests.Stand()
        let admin = try await stand.asking.token(.admin)
        let made = await send(stand, "POST", "/api/auth/accounts", mara, admin)
        #expect(made.status == 201 && made.json["data"]?["role"] == "operator", "\(made.text)")
        #expect(!made.text.contains("password\":"))

        let signIn: JSON = ["username": "ishan", "password": "another good password"]
        let token = try #require(await stand.post("/api/auth/token", signIn).json["data"]?["token"]?.string)
        let change: JSON = ["role": .null, "groups": ["integration/sync"]]
        let changed = await send(stand, "PATCH", "/api/auth/accounts/ishan", change, admin)
        #expect(changed.json["data"]?["role"] == .null && changed.json["data"]?["groups"] == ["integration/sync"])
        // Who may less than before is signed out.
        #expect(await stand.asking.ask("GET", "/api/jobs", token: token).status == 401)

        let word: JSON = ["password": "a third good password"]
        #expect(await send(stand, "POST", "/api/auth/accounts/ishan/password", word, admin).status == 200)
        #expect(await stand.post("/api/auth/token", signIn).status == 401)
        #expect(await send(stand, "PATCH", "/api/auth/accounts/ishan", ["blocked": true], admin).status == 200)
        let list = await stand.asking.ask("GET", "/api/auth/accounts", token: admin)
        #expect(list.json["data"]?.array?.map { $0["state"]?.string } == ["blocked", "open"], "\(list.text)")

        #expect(await send(stand, "DELETE", "/api/auth/accounts/ishan", nil, admin).status == 200)
        #expect(await send(stand, "DELETE", "/api/auth/accounts/ishan", nil, admin).status == 404)
        let actions = try await stand.hub.audit(limit: 100).map(\.action)
        for action in ["account.added", "account.changed", "account.password-set", "account.removed"] {
            #expect(actions.contains(action), "\(action)")
        }
    }

    @Test func aGroupIsSetAndRemovedOnceNobodyIsInIt() async throws {
        let stand = try await AuthTests.Stand()
        let admin = try await stand.asking.token(.admin)
        let path = "/api/auth/groups/shop%2Fbooks"
        #expect(await send(stand, "PUT", path, ["permissions": ["see", "audit"]], admin).status == 200)
        let groups = await stand.asking.ask("GET", "/api/auth/groups", token: admin)
        #expect(groups.json["data"]?.array?.last?["name"] == "shop/books", "\(groups.text)")
        _ = await send(stand, "PATCH", "/api/auth/accounts/mara", ["groups": ["shop/books"]], admin)
        #expect(await send(stand, "DELETE", path, nil, admin).status == 422)
        _ = await send(stand, "PATCH", "/api/auth/accounts/mara", ["groups": []], admin)
        #expect(await send(stand, "DELETE", path, nil, admin).status == 200)
        #expect(await send(stand, "DELETE", path, nil, admin).status == 404)
    }

    /// Who may only admit others could else make himself, or set the password of, one who may do everything.
    @Test func nobodyMakesOrTakesOverAnAccountThatMayMoreThanHeMay() async throws {
        let stand = try await AuthTests.Stand()
        let admin = try await stand.asking.token(.admin)
        let (_, secret) = try await stand.hub.makeAPIKey("door", permissions: [.see, .admit], by: AuthTests.admin)
        let tries: [(String, String, JSON?)] = [
            ("POST", "/api/auth/accounts", mara),
            ("POST", "/api/auth/accounts/mara/password", ["password": "a third good password"]),
            ("PATCH", "/api/auth/accounts/mara", ["blocked": true]), ("DELETE", "/api/auth/accounts/mara", nil),
            ("PUT", "/api/auth/groups/more", ["permissions": ["configure"]]),
        ]
        for (method, path, body) in tries {
            let answer = await send(stand, method, path, body, secret)
            #expect(answer.status == 403, "\(method) \(path): \(answer.text)")
        }
        let less: JSON = ["username": "ishan", "password": "another good password", "role": "viewer"]
        #expect(await send(stand, "POST", "/api/auth/accounts", less, secret).status == 201)
        _ = await send(stand, "PUT", "/api/auth/groups/more", ["permissions": ["configure"]], admin)
        let other = await send(stand, "PATCH", "/api/auth/accounts/ishan", ["groups": ["more"]], secret)
        #expect(other.status == 403)
    }

    @Test(arguments: [
        ("POST", "/api/auth/accounts", "{}", 400), ("POST", "/api/auth/accounts", "[]", 400),
        ("POST", "/api/auth/accounts", "{\"username\":\"a\",\"password\":\"x\",\"role\":\"king\"}", 400),
        ("POST", "/api/auth/accounts", "{\"username\":\"a\",\"password\":\"x\"}", 400),
        ("POST", "/api/auth/accounts", "{\"username\":\"a\",\"password\":\"x\",\"role\":\"viewer\"}", 422),
        ("PATCH", "/api/auth/accounts/mara", "{\"blocked\":1}", 400),
        ("PATCH", "/api/auth/accounts/mara", "{\"groups\":[\"none such\"]}", 422),
        ("PATCH", "/api/auth/accounts/mara", "{\"isAdmin\":true}", 400),
        ("PATCH", "/api/auth/accounts/none", "{\"blocked\":true}", 404),
        ("POST", "/api/auth/accounts/none/password", "{\"password\":\"a third good password\"}", 404),
        ("POST", "/api/auth/accounts/mara/password", "{\"password\":\"short\"}", 422),
        ("PUT", "/api/auth/groups/x", "{\"permissions\":[\"fly\"]}", 400),
        ("PUT", "/api/auth/groups/x", "{}", 400),
        ("PUT", "/api/auth/groups/x", "{\"permissions\":null}", 400),
        ("PUT", "/api/auth/groups/admin", "{\"permissions\":[\"see\"]}", 422),
    ])
    func whatWillNotDoIsRefused(method: String, path: String, body: String, status: Int) async throws {
        let stand = try await AuthTests.Stand()
        let admin = try await stand.asking.token(.admin)
        let answer = await stand.asking.ask(
            method, path, token: admin, headers: ["Content-Type": "application/json"], body: body)
        #expect(answer.status == status, "\(answer.text)")
    }
}
