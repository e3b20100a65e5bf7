import ConnectorKit
import Foundation
import Synchronization
import TestKit

@testable import Custom

/// What the tests of one's own shop stand on.
enum Bench {
    static let now = Moment(seconds: 1_794_000_000)
    static let secret = "a shared secret of the test"
    static let events = Bundle.module.bundleURL.appending(path: "Events")

    static func settings(_ more: JSON = [:]) throws -> Settings {
        let given: JSON = ["eventSecret": .string(secret), "currency": "LKR"]
        let all = (given.object ?? [:]).merging(more.object ?? [:]) { $1 }.filter { !$0.value.isNull }
        return try Settings(.object(all), by: CustomSettings.shapes, of: "own")
    }

    static func connector(_ transport: any Transport, _ more: JSON = [:]) throws -> Connector {
        try Custom.make(settings(more), .still(transport))
    }

    /// A connector that is told of changes, and may make records.
    static func writing(_ transport: any Transport, creates: String = "byReference") throws -> Connector {
        try connector(transport, ["url": "https://shop.example/hub", "creates": .string(creates)])
    }

    static func fixture(_ name: String) throws -> JSON {
        try JSON(parsing: Array(Data(contentsOf: events.appending(path: name + ".json"))))
    }

    /// What an event comes to.
    static func read(_ body: JSON, _ more: JSON = [:]) throws -> WebhookMeaning {
        let connector = try connector(AnsweringTransport(status: 500, body: ""), more)
        let scheme = OwnScheme(secret: Secret(secret))
        let calls = OwnCalls(scheme, beside: connector, now: { now })
        return calls.read(scheme.sign(body.bytes, at: now))
    }

    static func drafts(_ body: JSON, _ more: JSON = [:]) throws -> [Draft] {
        switch try read(body, more) {
        case .records(let drafts): return drafts
        case let other: throw Recording.Unusable(description: "\(other)")
        }
    }

    static func event(_ type: String, _ data: JSON) -> JSON { ["eventType": .string(type), "data": data] }
}

/// A shop that writes down what it is told, and answers as it is told to.
final class ToldShop: Transport {
    let calls = Mutex<[HTTPRequest]>([])
    private let status: Int
    private let answer: JSON

    init(status: Int = 200, _ answer: JSON = [:]) {
        (self.status, self.answer) = (status, answer)
    }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        calls.withLock { $0.append(request) }
        return HTTPResponse(status: status, body: answer.bytes)
    }

    var told: [JSON] { calls.withLock { $0.compactMap { try? JSON(parsing: $0.body) } } }
}
