import ConnectorKit

/// What every connector must keep, asked of one. Each question returns what it found wrong: nothing is the right
/// answer.
///
///     let suite = ConnectorConformance { transport in try WooCommerce.make(settings, .still(transport)) }
///     #expect(await suite.pagingEndsAndNeverRepeats(.product, limit: 10, in: shop) == [])
public struct ConnectorConformance: Sendable {
    /// Something a connector does that it must not, in one sentence.
    public struct Finding: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// A finding.
        public init(_ description: String) { self.description = description }
    }

    /// Makes the connector with that world around it.
    public let make: @Sendable (any Transport) throws -> Connector
    /// More pages than any of the tests' worlds has: a pull that takes more never ends.
    public static let pageLimit = 200

    /// The suite for a connector.
    public init(_ make: @escaping @Sendable (any Transport) throws -> Connector) { self.make = make }

    private func source(_ kind: RecordKind, _ transport: any Transport) throws -> any RecordSource {
        guard let source = try make(transport).sources[kind] else {
            throw Recording.Unusable(description: "the connector reads no \(kind.rawValue)")
        }
        return source
    }

    /// All pages of one pull.
    public func pull(
        _ kind: RecordKind, since: String? = nil, limit: Int, in transport: any Transport
    ) async throws -> [Page] {
        let source = try source(kind, transport)
        var pages: [Page] = []
        var position: String?
        repeat {
            let page = try await source.page(PageRequest(since: since, position: position, limit: limit))
            pages.append(page)
            position = page.next
        } while position != nil && pages.count < Self.pageLimit
        return pages
    }

    /// Paging ends, gives every record once, and finds all that one big page would.
    public func pagingEndsAndNeverRepeats(
        _ kind: RecordKind, limit: Int, expected: Set<String>, in transport: any Transport
    ) async -> [Finding] {
        await findings { found in
            let pages = try await pull(kind, limit: limit, in: transport)
            let ids = pages.flatMap(\.drafts).filter { $0.kind == kind }.map(\.externalID)
            if pages.last?.next != nil { found("paging \(kind.rawValue) does not end") }
            let repeated = Dictionary(grouping: ids, by: { $0 }).filter { $0.value.count > 1 }.keys.sorted()
            if !repeated.isEmpty { found("given more than once: \(repeated.joined(separator: ", "))") }
            let missing = expected.subtracting(ids).sorted()
            if !missing.isEmpty { found("never given: \(missing.joined(separator: ", "))") }
        }
    }

    /// A position that was saved resumes where it stopped, in a connector made anew.
    public func aSavedPositionResumes(_ kind: RecordKind, limit: Int, in transport: any Transport) async -> [Finding] {
        await findings { found in
            let whole = try await pull(kind, limit: limit, in: transport).flatMap(\.drafts).map(\.externalID)
            let first = try await source(kind, transport).page(PageRequest(limit: limit))
            guard first.next != nil else { return found("the world of this test has one page only") }
            var position = first.next
            var resumed = first.drafts.map(\.externalID)
            while let saved = position, resumed.count <= whole.count {
                let page = try await source(kind, transport).page(PageRequest(position: saved, limit: limit))
                resumed += page.drafts.map(\.externalID)
                position = page.next
            }
            if resumed != whole { found("resumed: \(resumed); in one go: \(whole)") }
        }
    }

    /// A cursor that was saved gives what changed since and, but for its overlap, nothing else.
    public func aSavedCursorGivesLittle(
        _ kind: RecordKind, limit: Int, atMost: Int, in transport: any Transport
    ) async -> [Finding] {
        await findings { found in
            let cursor = try await pull(kind, limit: limit, in: transport).compactMap(\.cursor).last
            guard let cursor else { return found("a finished pull of \(kind.rawValue) left no cursor") }
            let again = try await pull(kind, since: cursor, limit: limit, in: transport).flatMap(\.drafts)
            if again.count > atMost { found("nothing changed, and \(again.count) records came again") }
        }
    }

    /// The same world gives the same drafts twice.
    public func theSamePayloadGivesTheSameRecord(_ kind: RecordKind, in transport: any Transport) async -> [Finding] {
        await findings { found in
            let once = try await pull(kind, limit: 100, in: transport).flatMap(\.drafts)
            let twice = try await pull(kind, limit: 100, in: transport).flatMap(\.drafts)
            if once != twice { found("two readings of one world differ") }
            if once.isEmpty { found("the world of this test has no \(kind.rawValue)") }
        }
    }

    /// Fetching by id gives what the page gave.
    public func aFetchAgreesWithThePage(_ kind: RecordKind, in transport: any Transport) async -> [Finding] {
        await findings { found in
            let drafts = try await pull(kind, limit: 100, in: transport).flatMap(\.drafts).filter { $0.kind == kind }
            let fetched = try await source(kind, transport).fetch(drafts.map(\.externalID))
            for (draft, one) in zip(drafts, fetched) where one != .found(draft) {
                found("\(kind.rawValue) \(draft.externalID) by its id: \(one)")
            }
            if fetched.count != drafts.count { found("\(drafts.count) asked for, \(fetched.count) answered") }
        }
    }

    func findings(_ ask: (_ found: (String) -> Void) async throws -> Void) async -> [Finding] {
        var found: [Finding] = []
        do {
            try await ask { found.append(Finding($0)) }
        } catch {
            found.append(Finding("\(error)"))
        }
        return found
    }
}
