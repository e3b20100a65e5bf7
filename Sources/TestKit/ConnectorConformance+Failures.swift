import ConnectorKit

extension ConnectorConformance {
    /// A kind of failure, without its words.
    public enum Verdict: String, Sendable {
        case unavailable, throttled, unauthorized, refused, unreadable, gone, busy, cancelled

        /// The verdict of a failure.
        public init(_ failure: ConnectorFailure) {
            switch failure {
            case .unavailable: self = .unavailable
            case .throttled: self = .throttled
            case .unauthorized: self = .unauthorized
            case .refused: self = .refused
            case .unreadable: self = .unreadable
            case .gone: self = .gone
            case .busy: self = .busy
            case .cancelled: self = .cancelled
            }
        }
    }

    /// What the far side does, and what that must become when it was read from and when it was written to.
    private struct Trouble: Sendable {
        var title: String
        var transport: any Transport
        var reading: Verdict
        var writing: Verdict
        var mayHaveHappened: Bool
    }

    private static let troubles: [Trouble] = [
        Trouble(
            title: "401", transport: AnsweringTransport(status: 401, body: #"{"code":"no","message":"no"}"#),
            reading: .unauthorized, writing: .unauthorized, mayHaveHappened: false),
        Trouble(
            title: "429", transport: AnsweringTransport(status: 429, headers: ["Retry-After": "30"], body: "{}"),
            reading: .throttled, writing: .throttled, mayHaveHappened: false),
        Trouble(
            title: "500", transport: AnsweringTransport(status: 500, body: "{}"), reading: .unavailable,
            writing: .unavailable, mayHaveHappened: true),
        Trouble(
            title: "503", transport: AnsweringTransport(status: 503, body: "<html>maintenance</html>"),
            reading: .unavailable, writing: .unavailable, mayHaveHappened: true),
        Trouble(
            title: "an empty body", transport: AnsweringTransport(status: 200, body: ""), reading: .unreadable,
            writing: .unavailable, mayHaveHappened: true),
        Trouble(
            title: "cut-off JSON", transport: AnsweringTransport(status: 200, body: #"[{"id":1,"na"#),
            reading: .unreadable, writing: .unavailable, mayHaveHappened: true),
        Trouble(
            title: "HTML instead of JSON", transport: AnsweringTransport(status: 200, body: "<!DOCTYPE html><html>"),
            reading: .unreadable, writing: .unavailable, mayHaveHappened: true),
        Trouble(
            title: "a lost answer",
            transport: AnsweringTransport { _ async throws(TransportFailure) in throw .noAnswer("timed out") },
            reading: .unavailable, writing: .unavailable, mayHaveHappened: true),
        Trouble(
            title: "no connection",
            transport: AnsweringTransport { _ async throws(TransportFailure) in throw .notSent("refused") },
            reading: .unavailable, writing: .unavailable, mayHaveHappened: false),
    ]

    /// Every trouble of the far side becomes the right failure of a read.
    public func troubleWhileReadingBecomesTheRightFailure(_ kind: RecordKind) async -> [Finding] {
        await findings { found in
            for trouble in Self.troubles {
                do {
                    guard let source = try make(trouble.transport).sources[kind] else { continue }
                    _ = try await source.page(PageRequest())
                    found("\(trouble.title): the page was read")
                } catch let failure as ConnectorFailure {
                    if Verdict(failure) != trouble.reading { found("\(trouble.title): \(failure)") }
                    if failure.mayHaveHappened { found("\(trouble.title): a read says it may have happened") }
                }
            }
        }
    }

    /// Every trouble of the far side becomes the right failure of a write; a lost answer says so.
    public func troubleWhileWritingBecomesTheRightFailure(_ request: WriteRequest) async -> [Finding] {
        await findings { found in
            for trouble in Self.troubles {
                guard let failure = try await failure(of: request, trouble.transport) else {
                    found("\(trouble.title): the write went well")
                    continue
                }
                if Verdict(failure) != trouble.writing { found("\(trouble.title): \(failure)") }
                if failure.mayHaveHappened != trouble.mayHaveHappened {
                    found("\(trouble.title): mayHaveHappened is \(failure.mayHaveHappened)")
                }
            }
        }
    }

    private func failure(of request: WriteRequest, _ transport: any Transport) async throws -> ConnectorFailure? {
        guard let target = try make(transport).targets[request.kind] else { return nil }
        do throws(ConnectorFailure) {
            guard case .failed(let failure)? = try await target.write([request]).first else { return nil }
            return failure
        } catch {
            return error
        }
    }

    /// No failure's text holds one of these secrets, even where the far side quotes them back.
    public func noSecretIsInAFailure(_ secrets: [String], _ kind: RecordKind) async -> [Finding] {
        await findings { found in
            let quoted = secrets.joined(separator: " ")
            for status in [302, 400, 401, 403, 404, 500] {
                let body = JSON.object(["code": "quoted", "message": .string(quoted)]).text
                let location = "https://elsewhere.test/?key=" + quoted
                let world = AnsweringTransport(status: status, headers: ["Location": location], body: body)
                do {
                    _ = try await make(world).sources[kind]?.page(PageRequest())
                } catch let failure as ConnectorFailure {
                    let text = "\(failure) \(failure.sentence)"
                    for secret in secrets where text.contains(secret) { found("status \(status) prints a secret") }
                }
            }
        }
    }

    /// A signature that is wrong, missing, cut or of something else is refused; the right one is not.
    public func onlyARightSignatureIsTaken(_ call: WebhookCall, header: String) async -> [Finding] {
        await findings { found in
            let world = AnsweringTransport(status: 500, body: "")
            guard let receiver = try make(world).webhooks else { return found("the connector takes no webhooks") }
            guard case .genuine = receiver.prove(call) else { return found("the right signature is refused") }
            var broken: [WebhookCall] = []
            for text in [nil, "", "x", "AAAA", String((call.headers[header] ?? "").reversed())] {
                var forged = call
                forged.headers[header] = text
                broken.append(forged)
            }
            var changed = call
            changed.body.append(0x20)
            broken.append(changed)
            for forged in broken {
                if case .forged = receiver.prove(forged) { continue }
                found("taken with signature \(forged.headers[header] ?? "none")")
            }
        }
    }

    /// A write of one part leaves every other part at the far side as it was. The world must be stateful.
    public func aWriteOfOnePartLeavesTheOthers(
        _ request: WriteRequest, in transport: any Transport
    ) async -> [Finding] {
        await findings { found in
            guard let id = request.externalID, let source = try make(transport).sources[request.kind],
                let target = try make(transport).targets[request.kind]
            else { return found("nothing to write to") }
            let before = try await source.fetch([id])
            let results = try await target.write([request])
            let after = try await source.fetch([id])
            guard case .found(let old)? = before.first, case .found(let new)? = after.first,
                case .written? = results.first
            else { return found("before: \(before), written: \(results), after: \(after)") }
            for part in Set(old.parts.values.keys).union(new.parts.values.keys).sorted() {
                let isWritten = request.changes[part] != nil
                if !isWritten, old.parts[part] != new.parts[part] { found("\(part) changed, too") }
                if isWritten {
                    let wanted = target.normalForm(of: part, request.changes[part] ?? .null)
                    let shown = target.normalForm(of: part, new.parts[part] ?? .null)
                    if wanted != shown { found("\(part) is \(shown.text), written was \(wanted.text)") }
                }
            }
        }
    }

    /// The second try of one create makes no second thing. The world must be stateful and enforce what it enforces.
    public func aSecondCreateMakesNoSecondThing(
        _ request: WriteRequest, in transport: any Transport
    ) async -> [Finding] {
        await findings { found in
            guard let target = try make(transport).targets[request.kind] else { return found("nothing to write to") }
            let first = try await target.write([request])
            let second = try await target.write([request])
            guard case .written(let one)? = first.first, case .written(let two)? = second.first else {
                return found("first: \(first), second: \(second)")
            }
            if one.externalID != two.externalID { found("\(one.externalID) and \(two.externalID) were made") }
            if !two.isAdopted { found("the second does not say that it found the first") }
            let looked = try await target.find(request)
            if looked.map(\.externalID) != [one.externalID] {
                found("looking for it finds \(looked.map(\.externalID))")
            }
        }
    }
}
