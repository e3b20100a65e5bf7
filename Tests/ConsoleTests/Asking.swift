import Commerce
import Console
import Identity
import Testing
import Wire

@testable import Pipeline

/// A console on a sample hub, and ways to ask it.
struct Asking {
    static let key = Array("a key for tests that is long enough".utf8)

    let hub: SampleHub
    let tokens: Tokens
    let console: Console

    init(
        _ overview: Overview = .busy, identity: any IdentityPort = Nobody(), openOnLoopback: Bool = false,
        isBehindTLS: Bool = false
    ) async throws {
        hub = SampleHub(overview, identity: identity)
        tokens = try await Tokens(key: Self.key)
        var options = Console.Options(version: "1.2.3", openOnLoopback: openOnLoopback, isBehindTLS: isBehindTLS)
        options.healthPatienceSeconds = 60
        console = try Console(
            hub: hub, tokens: tokens, options: options,
            random: { Array(repeating: 0xAB, count: $0) })
    }

    func ask(
        _ method: String, _ path: String, token: String? = nil, headers: HTTPHeaders = [:], body: String = "",
        host: String = "hub.example", peer: String = "198.51.100.7"
    ) async -> HTTPResponse {
        var headers = headers
        if let token { headers["Authorization"] = "Bearer \(token)" }
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        let query = parts.dropFirst().flatMap { $0.split(separator: "&") }.map { pair in
            let item = pair.split(separator: "=", maxSplits: 1).map(String.init)
            return HTTPAddress.QueryItem(item[0], item.count == 2 ? item[1] : "")
        }
        let request = HTTPRequest(
            method, HTTPAddress(scheme: "http", host: host, path: parts.first ?? "", query: query),
            headers: headers, body: Array(body.utf8), peer: peer)
        let response = await console.respond(to: request)
        DocumentCheck.note(request, response)
        return response
    }

    func token(_ role: Role, organization: String = "default", days: Int = 1) async throws -> String {
        try await tokens.make(role: role, organization: organization, days: days, now: Overview.sampleTime)
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON { (try? JSON(parsing: body)) ?? .null }
}
