import Foundation
import Store
import TestStores
import Testing

@testable import StorePostgres

/// Each refusal is a sentence that says what to do.
@Suite("A server that cannot be used")
struct PostgresRefusalTests {
    private let place = TestStore.Place()
    private let thing = Migration("0001-thing", "CREATE TABLE thing (id INTEGER PRIMARY KEY) STRICT;")

    private func server() throws -> String {
        try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
    }

    private func refusal(_ url: String, passwordFile: String? = nil) -> String {
        do {
            _ = try PostgresStore(try PostgresAddress(url, passwordFile: passwordFile), migrations: [thing])
            return ""
        } catch {
            return "\(error)"
        }
    }

    /// The address with another user, password, host or database.
    private func changed(
        user: String = "crossdock", password: String? = nil, host: String? = nil, database: String = "postgres"
    ) throws -> String {
        let url = try #require(URLComponents(string: try server()))
        let port = url.port ?? 5432
        return "postgres://\(user):\(password ?? url.password ?? "")@\(host ?? "127.0.0.1:\(port)")/\(database)"
    }

    @Test func aWrongPasswordHostOrDatabaseIsNamedAndNoPasswordShown() throws {
        #expect(refusal(try changed(password: "hidden")).contains("refuses the password of \"crossdock\""))
        #expect(refusal(try changed(database: "nowhere")).contains("there is no database \"nowhere\""))
        #expect(refusal(try changed(host: "127.0.0.1:1")).contains("no PostgreSQL answers"))
        #expect(refusal(try changed(host: "no.such.host.invalid")).contains("no machine is known by that name"))
        #expect(!refusal(try changed(password: "hidden")).contains("hidden"))
        #expect(refusal("postgres://a:hid%zzden@b/c").contains("cannot be read; write it like"))
    }

    @Test func aPasswordMayStandInAFileWhichIsReadForEveryConnection() throws {
        let url = try #require(URLComponents(string: try server()))
        let file = NSTemporaryDirectory() + "crossdock-word-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: file) }
        let address = try PostgresAddress(
            "postgres://crossdock@127.0.0.1:\(url.port ?? 0)/postgres", passwordFile: file)
        #expect(throws: PostgresFailure.self) { _ = try PostgresConnection(address) }
        try ((url.password ?? "") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
        _ = try PostgresConnection(address)
    }

    @Test func aSchemaOfAnotherProductIsLeftAlone() throws {
        _ = try server()
        let name = try #require(place.url.split(separator: "%3D").last)
        try PostgresStore.run(
            "CREATE SCHEMA \(name); CREATE TABLE \(name).wp_posts (id bigint)", at: try PostgresAddress(try server()))
        #expect(refusal(place.url).contains("belongs to another product (it has the tables wp_posts)"))
    }

    @Test func aRoleWithoutRightsIsToldWhatAnAdministratorMustRun() throws {
        let role = "weak_" + UUID().uuidString.lowercased().prefix(8)
        try PostgresStore.run("CREATE ROLE \(role) LOGIN PASSWORD 'weak'", at: try PostgresAddress(try server()))
        let text = refusal(try changed(user: role, password: "weak"))
        #expect(text.contains("may not make tables in schema public"))
        #expect(text.contains("GRANT CREATE ON SCHEMA public TO \(role)"))
    }

    @Test func aSchemaThatIsNotThereIsNamed() throws {
        _ = try server()
        #expect(refusal(place.url).contains("no schema of the search path"))
    }

    @Test func aNewerSchemaIsRefused() async throws {
        _ = try server()
        let store = try place.open([thing, Migration("9999-future", "CREATE TABLE future (id INTEGER) STRICT;")])
        await store.close()
        #expect(refusal(place.url).contains("newer Crossdock (9999-future)"))
    }
}
