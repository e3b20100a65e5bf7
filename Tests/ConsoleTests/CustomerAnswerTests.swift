import Audit
import Commerce
import Testing
import Wire

@testable import Console
@testable import Pipeline

/// Persons over HTTP: what is held of them, and that it is erased.
@Suite("Console: customers")
struct CustomerAnswerTests {
    /// A hub that knows one customer, and has others of whom it cannot say which is meant.
    private struct OneCustomer: PersonsPort {
        var address = "ann@example.com"
        private let plan = Erasure(
            customer: 17, isErased: false, orders: 2, papers: 0, calls: 1, stays: ["shop: customer 4 stays there"],
            obstacles: [])

        private func known(_ key: String) throws {
            if key == "ann" { throw PersonFailure.notNow("\"ann\" means 2 customers") }
            guard key == address else { throw PersonFailure.unknown("no customer is known by that") }
        }

        func exportCustomer(_ key: String, by actor: AuditActor) async throws -> JSON {
            try known(key)
            return [
                "customer": 17, "exportedAt": "2027-01-15T08:00:00Z", "calls": [],
                "records": [["by": .string(actor.kind.rawValue)]],
            ]
        }

        func erasure(of key: String) async throws -> Erasure {
            try known(key)
            return plan
        }

        func eraseCustomer(_ key: String, by actor: AuditActor) async throws -> Erasure {
            try known(key)
            return plan
        }
    }

    private func asking() async throws -> (Asking, String) {
        let asking = try await Asking()
        asking.hub.set { $0.persons = OneCustomer() }
        return (asking, try await asking.token(.admin))
    }

    @Test func whatIsHeldOfACustomerIsShownToWhoMaySayWhoMayDoWhat() async throws {
        let (asking, token) = try await asking()
        let path = "/api/customers/ann%40example.com/export"

        #expect(await asking.ask("GET", path, token: token).json["data"]?["customer"] == 17)
        let viewer = try await asking.token(.operator)
        #expect(await asking.ask("GET", path, token: viewer).status == 403)
    }

    /// In a path a plus is a plus, whether it is escaped or not.
    @Test(arguments: ["ann+shop@example.com", "ann%2Bshop%40example.com"])
    func aPlusInAnAddressIsAPlus(key: String) async throws {
        let (asking, token) = try await asking()
        asking.hub.set { $0.persons = OneCustomer(address: "ann+shop@example.com") }

        #expect(await asking.ask("GET", "/api/customers/\(key)/erasure", token: token).status == 200)
    }

    @Test func anErasureIsShownBeforeItIsDone() async throws {
        let (asking, token) = try await asking()
        let path = "/api/customers/ann%40example.com/"

        let plan = await asking.ask("GET", path + "erasure", token: token)
        let done = await asking.ask("POST", path + "erase", token: token)

        #expect(plan.json["data"]?["orders"] == 2 && plan.json["data"]?["stays"]?[0] == "shop: customer 4 stays there")
        #expect(done.status == 200 && done.json["data"] == plan.json["data"])
    }

    /// What cannot be taken back is not done where more was said than is understood.
    @Test func anErasureTakesNoWordsThatMeanNothing() async throws {
        let (asking, token) = try await asking()

        let answer = await asking.ask(
            "POST", "/api/customers/ann%40example.com/erase", token: token,
            headers: ["Content-Type": "application/json"], body: #"{"plan":true}"#)

        #expect(answer.status == 400)
    }

    @Test func nobodyAndSeveralAreToldApart() async throws {
        let (asking, token) = try await asking()

        #expect(await asking.ask("GET", "/api/customers/bob/erasure", token: token).status == 404)
        let several = await asking.ask("POST", "/api/customers/ann/erase", token: token)
        #expect(several.status == 409 && several.json["code"] == "CONFLICT")
    }
}
