import ConnectorKit

/// The only file that speaks HTTP: addresses, sign-in, and what a status means.
struct NewcomerClient: ConnectionCheck {
    let address: HTTPAddress
    let token: Secret
    let transport: any Transport
    /// The hub's clock: a pause may be asked for until a date.
    let now: @Sendable () -> Moment

    /// Reads a JSON answer.
    func get(_ path: String, _ query: [HTTPAddress.QueryItem] = []) async throws(ConnectorFailure) -> JSON {
        var target = address
        target.path = (address.path.hasSuffix("/") ? String(address.path.dropLast()) : address.path) + path
        target.query = query
        let answer: HTTPResponse
        do {
            answer = try await transport.send(
                HTTPRequest(
                    "GET", target, headers: ["Authorization": "Bearer \(token.reveal)", "Accept": "application/json"]))
        } catch {
            throw ConnectorFailure(error, writes: false)
        }
        try refuse(answer)
        do {
            return try JSON(parsing: answer.body)
        } catch {
            throw .unreadable(detail: error.description)
        }
    }

    /// Throws what a status that is no success means to the hub.
    private func refuse(_ answer: HTTPResponse) throws(ConnectorFailure) {
        switch answer.status {
        case 200..<300: return
        case 401, 403: throw .unauthorized(detail: "status \(answer.status)")
        case 404, 410: throw .gone(detail: "status \(answer.status)")
        case 429: throw .throttled(retryAfterSeconds: answer.retryAfterSeconds(now: now()))
        case 500...: throw .unavailable(mayHaveHappened: false, detail: "status \(answer.status)")
        default: throw .refused(code: String(answer.status), detail: "status \(answer.status)")
        }
    }

    func check() async throws(ConnectorFailure) -> String {
        _ = try await get("/products", [.init("limit", "1")])
        return "Newcomer at \(address.host)"
    }
}
