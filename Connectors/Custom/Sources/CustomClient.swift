import ConnectorKit

/// The only file that speaks HTTP: one signed POST for each change, and what its answer means.
struct CustomClient: Sendable {
    let address: HTTPAddress
    let secret: Secret
    let form: OwnScheme.Form
    let surroundings: ConnectorSurroundings

    /// The longest a call may take, in seconds.
    static let timeoutSeconds = 30
    /// The largest answer that is read, in bytes.
    static let answerLimit = 1 << 20
    /// How much of the shop's own words is quoted.
    private static let quoteLength = 200

    /// Tells the shop of one thing, and gives back what it answers with; empty where it says that it has nothing to add
    /// (204).
    ///
    /// The event's id is made of what it says, so the same thing told twice is one event, whenever it is told.
    ///
    /// - Throws: `ConnectorFailure`.
    func tell(_ type: String, _ data: [String: JSON], reference: String?) async throws(ConnectorFailure) -> JSON {
        var members = data
        members[CustomEvents.mark] = .string(CustomEvents.hub)
        members["reference"] = reference.map(JSON.string)
        let said = JSON.object(["eventType": .string(type), "data": .object(members)]).bytes
        let id = "evt_" + Signature.hex(Array(Signature.sha256(said).prefix(16)))
        let now = surroundings.now()
        let body = JSON.object([
            "eventId": .string(id), "eventType": .string(type), "occurredAt": .string(now.description),
            "data": .object(members),
        ]).bytes
        let response: HTTPResponse
        do {
            response = try await surroundings.transport.send(request(body, id, at: now))
        } catch {
            throw ConnectorFailure(error, writes: true)
        }
        return try read(response)
    }

    private func request(_ body: [UInt8], _ id: String, at now: Moment) -> HTTPRequest {
        var headers = OwnScheme(secret: secret, form: form).sign(body, at: now).headers
        headers["Idempotency-Key"] = id
        headers["Accept"] = "application/json"
        return HTTPRequest(
            "POST", address, headers: headers, body: body, timeoutSeconds: Self.timeoutSeconds,
            answerLimit: Self.answerLimit)
    }

    private func read(_ response: HTTPResponse) throws(ConnectorFailure) -> JSON {
        let json = try? JSON(parsing: response.body)
        let status = response.status
        switch status {
        case 204: return [:]
        case 200..<300:
            // A page that a web server shows to everybody is 200, too, and nothing was done.
            guard let json, json.object != nil else {
                throw .unavailable(
                    mayHaveHappened: true,
                    detail: "status \(status) without a JSON object; a shop that has taken it answers {} or 204")
            }
            return json["data"]?.object.map(JSON.object) ?? json
        case 300..<400:
            throw .refused(code: "moved", detail: "\"url\" leads elsewhere (status \(status)); nothing was followed")
        case 401, 403: throw .unauthorized(detail: "status \(status)\(words(json))")
        case 404, 410: throw .gone(detail: "status \(status)\(words(json))")
        case 429: throw .throttled(retryAfterSeconds: response.retryAfterSeconds(now: surroundings.now()))
        case 400..<500: throw .refused(code: String(status), detail: "status \(status)\(words(json))")
        default: throw .unavailable(mayHaveHappened: true, detail: "status \(status)\(words(json))")
        }
    }

    /// What the shop says of it, without our secret should it quote that.
    private func words(_ json: JSON?) -> String {
        guard let text = json?["error"]?.string ?? json?["message"]?.string else { return "" }
        return ": " + text.replacing(secret.reveal, with: "•••").prefix(Self.quoteLength)
    }
}

/// Tries the way to the shop where there is one.
struct CustomCheck: ConnectionCheck {
    let client: CustomClient?

    func check() async throws(ConnectorFailure) -> String {
        guard let client else { return "nothing to reach: it calls the hub, and the hub does not call it" }
        _ = try await client.tell("test", [:], reference: nil)
        return "\(client.address.host) takes the hub's calls"
    }
}
