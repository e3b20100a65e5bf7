import ConnectorKit
import Foundation

/// The outside world as recorded: answers exactly the requests of its recordings, each once, and remembers the rest.
public actor RecordedTransport: Transport {
    private var open: [Recording.Exchange]
    private var unexpected: [String] = []
    /// Every request that came, in order.
    public private(set) var asked: [HTTPRequest] = []

    /// A world of these recordings, from a folder.
    ///
    /// - Throws: `Recording.Unusable`.
    public init(_ names: String..., in folder: URL) throws {
        open = try names.flatMap { try Recording($0, in: folder).exchanges }
    }

    /// A world of these exchanges.
    public init(_ exchanges: [Recording.Exchange]) { open = exchanges }

    /// What was asked for that was not recorded, and what was recorded and not asked for. Empty when all went as
    /// recorded.
    public var leftovers: [String] { unexpected.map { "asked: " + $0 } + open.map { "unused: " + $0.line } }

    /// Answers from the recordings.
    public func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        asked.append(request)
        guard let place = open.firstIndex(where: { $0.answers(request) }) else {
            let query = request.address.query.filter { !$0.name.hasPrefix("oauth_") }
                .map { $0.name + "=" + $0.value }.sorted().joined(separator: "&")
            let body = String(decoding: request.body.prefix(2000), as: UTF8.self)
            unexpected.append("\(request.method) \(request.address.path)?\(query) \(body)")
            throw .notSent("not recorded: \(request.method) \(request.address.path)?\(query)")
        }
        return open.remove(at: place).response
    }
}

/// The outside world as a function: every request gets what the function says.
public struct AnsweringTransport: Transport {
    private let answer: @Sendable (HTTPRequest) async throws(TransportFailure) -> HTTPResponse

    /// A world that answers so.
    public init(_ answer: @escaping @Sendable (HTTPRequest) async throws(TransportFailure) -> HTTPResponse) {
        self.answer = answer
    }

    /// A world that answers everything alike.
    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: String) {
        answer = { _ async throws(TransportFailure) in
            HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
        }
    }

    /// Answers.
    public func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        try await answer(request)
    }
}

extension ConnectorSurroundings {
    /// Surroundings in which nothing is left to chance: a clock that stands, random bytes that are all alike.
    public static func still(
        _ transport: any Transport, now: Moment = Moment(seconds: 1_795_000_000), byte: UInt8 = 7
    ) -> ConnectorSurroundings {
        ConnectorSurroundings(
            transport: transport, now: { now }, random: { Array(repeating: byte, count: $0) }, blocking: InlineWork())
    }
}

/// What was recorded from the real vendors, shared beside the project; not part of it.
public enum Contracts {
    /// The folder of a vendor's recordings, or nil where it is not there: then there is nothing to replay.
    ///
    /// `file` is a file of the package (`#filePath`); the package's root is looked for above it.
    public static func folder(_ vendor: String, above file: String) -> URL? {
        var folder = URL(filePath: file)
        while folder.path != "/" {
            folder = folder.deletingLastPathComponent()
            guard FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path) else { continue }
            let wanted = folder.appending(path: "../shared/contracts/\(vendor)").standardizedFileURL
            return FileManager.default.fileExists(atPath: wanted.path) ? wanted : nil
        }
        return nil
    }
}
