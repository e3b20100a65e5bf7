import Commerce
import ConnectorKit
import Pipeline
import Repeats
import Wire

/// Requests that change something: their body is read strictly, and with an `Idempotency-Key` they are done once.
extension Console {
    /// The header with the sender's own key of a request.
    static let keyHeader = "Idempotency-Key"
    /// The longest key, in bytes.
    static let keyLimit = 255

    /// Answers a request that may be sent again. `work` gets its body and, where the request has a key, the claim under
    /// which the answer is to be kept; what it throws has changed nothing.
    func once(
        _ visit: Visit, isBodyNeeded: Bool = false,
        _ work: (_ body: JSON, _ claim: RequestClaim?) async throws -> HTTPResponse
    ) async -> HTTPResponse {
        await changed(visit, isBodyNeeded: isBodyNeeded) { body in
            guard let key = try key(of: visit.request) else { return try await work(body, nil) }
            let asked = Self.asked(visit.request, body)
            switch try await hub.desk.begin(KeyedRequest(key: key, asked: asked)) {
            case .answered(let kept): return Self.again(kept)
            case .otherRequest:
                return visit.envelope.failure(
                    .keyReused, "this \(Self.keyHeader) was used for another request; take a new one")
            case .underWay(let seconds):
                var response = visit.envelope.failure(
                    .requestInFlight, "the request with this \(Self.keyHeader) is under way")
                response.headers["Retry-After"] = "\(min(seconds, 1))"
                return response
            case .begun(let claim):
                do {
                    return try await work(body, claim)
                } catch {
                    // What is not freed now is free once it counts as dead.
                    try? await hub.desk.giveUp(claim)
                    throw error
                }
            }
        }
    }

    /// Answers a request that changes something, with its body.
    func changed(
        _ visit: Visit, isBodyNeeded: Bool = false, _ work: (_ body: JSON) async throws -> HTTPResponse
    ) async -> HTTPResponse {
        let envelope = visit.envelope
        do {
            return try await work(RequestBody.read(visit.request, isNeeded: isBodyNeeded))
        } catch let refusal as BodyRefusal {
            return envelope.failure(refusal.code, refusal.sentence)
        } catch let refusal as IntegrationRefusal {
            return envelope.failure(refusal)
        } catch let error as HubError {
            return envelope.failure(.conflict, error.description)
        } catch {
            return envelope.unavailable("the store cannot be used now; try again soon")
        }
    }

    private func key(of request: HTTPRequest) throws(BodyRefusal) -> String? {
        let keys = request.headers.list.filter { $0.name.lowercased() == Self.keyHeader.lowercased() }.map(\.value)
        guard let key = keys.first else { return nil }
        let isFine = (1...Self.keyLimit).contains(key.utf8.count) && key.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard keys.count == 1, isFine else {
            throw BodyRefusal(
                code: .badRequest,
                sentence: "\(Self.keyHeader) must be one text of 1 to \(Self.keyLimit) visible ASCII characters")
        }
        return key
    }

    /// All that a request asks, whatever the order of its members.
    private static func asked(_ request: HTTPRequest, _ body: JSON) -> [UInt8] {
        let address = request.address
        return Array("\(request.method) \(address.path)?\(address.encodedQuery)\n".utf8) + body.bytes
    }

    private static func again(_ kept: KeptAnswer) -> HTTPResponse {
        var response = HTTPResponse(
            status: kept.status,
            headers: ["Content-Type": "application/json; charset=utf-8", "Idempotency-Replayed": "true"],
            body: kept.body)
        if let location = kept.location { response.headers["Location"] = location }
        return response
    }
}

extension Envelope {
    /// Why an integration was not changed.
    func failure(_ refusal: IntegrationRefusal) -> HTTPResponse {
        switch refusal {
        case .fields(let problems): failure(.validationFailed, refusal.description, problems)
        case .nameTaken: failure(.nameTaken, refusal.description, [SettingProblem("name", refusal.description)])
        case .unconfirmed: failure(.confirmationRequired, refusal.description)
        case .inactive: failure(.integrationInactive, refusal.description)
        case .changedMeanwhile, .begunAgain: failure(.conflict, refusal.description)
        }
    }

    /// That the store cannot be used, and when to try again.
    func unavailable(_ sentence: String) -> HTTPResponse {
        var response = failure(.unavailable, sentence)
        response.headers["Retry-After"] = "10"
        return response
    }
}
