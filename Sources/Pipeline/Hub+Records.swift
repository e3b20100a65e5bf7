import Ledger
import Store

/// A record in a list, with the names of the integrations that have it.
public struct RecordView: Hashable, Sendable {
    public var line: RecordLine
    /// What it is called in each integration, by the integration's name.
    public var links: [LinkView]

    /// What a record is called in one integration.
    public struct LinkView: Hashable, Sendable {
        public var integration: String
        /// The integration's public id.
        public var integrationID: String
        public var externalID: String
    }

    /// Writes it as the API shows it.
    public func write(into text: inout JSONText) { write(into: &text, explained: nil) }

    fileprivate func write(into text: inout JSONText, explained: Explanation?) {
        text.object { text in
            text.member("changedAt", line.updatedAt.description)
            text.member("createdAt", line.createdAt.description)
            text.member("deleted", line.isDeleted)
            text.member("hold", line.hold)
            text.member("id", line.id)
            text.member("key", line.naturalKey)
            text.member("kind", line.kind.rawValue)
            text.member("links")
            text.array { text in
                for link in links { link.write(into: &text) }
            }
            explained?.writeParts(into: &text)
            text.member("title", line.title)
            explained?.writeWithheld(into: &text)
        }
    }
}

extension RecordView.LinkView {
    fileprivate func write(into text: inout JSONText) {
        text.object { text in
            text.member("externalId", externalID)
            text.member("integration", integration)
            text.member("integrationId", integrationID)
        }
    }
}

extension Explanation {
    fileprivate func writeParts(into text: inout JSONText) {
        let told = json
        for name in ["parts", "receipts"] as [StaticString] {
            text.member(name)
            text.value(told[name.description] ?? .null)
        }
    }

    /// The names of the parts whose values are somebody's own.
    fileprivate func writeWithheld(into text: inout JSONText) {
        text.member("withheld")
        text.array { text in
            for part in parts where part.isWithheld { text.value(part.part) }
        }
    }
}

/// Some records of a list.
public struct RecordPage: Hashable, Sendable {
    public var views: [RecordView]
    /// Where the next page begins; nil on the last one.
    public var next: RecordPlace?
}

/// A record, and how each of its parts came to be what it is.
public struct RecordStory: Sendable {
    public var view: RecordView
    public var explanation: Explanation

    /// Writes it as the API shows it.
    public func write(into text: inout JSONText) { view.write(into: &text, explained: explanation) }
}

// What the hub knows, listed and shown without what is somebody's own: that is told by `exportCustomer` alone.
extension Hub {
    /// So many of the records that are meant, beginning behind a place.
    ///
    /// - Throws: `StoreFailure`, `UnknownIntegration`.
    public func records(_ filter: RecordFilter, after place: RecordPlace?, limit: Int) async throws -> RecordPage {
        let organization = organization
        // One more than is shown tells whether there is a next page.
        let (found, names) = try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            let names = try ledger.integrationNames()
            return (try ledger.list(filter, names, after: place, limit: limit + 1), names)
        }
        let shown = found.prefix(limit)
        return RecordPage(
            views: shown.map { RecordView($0.line, names) }, next: found.count > limit ? shown.last?.place : nil)
    }

    /// A record and how each of its parts came to be what it is; nil where there is none of that id.
    ///
    /// - Throws: `StoreFailure`.
    public func record(_ id: Int64) async throws -> RecordStory? {
        let organization = organization
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            guard let record = try words.ledger.records([id]).first else { return nil }
            let links = try words.ledger.links(ofRecords: [id]).filter { $0.role == HubLink.mainRole && $0.isActive }
            let told = try words.explanation(of: record, part: nil).withoutPerson(called: record.label)
            let names = try words.ledger.integrationNames()
            return RecordStory(view: RecordView(RecordLine(record, links: links), names), explanation: told)
        }
    }
}

extension RecordView {
    fileprivate init(_ line: RecordLine, _ names: [Int64: IntegrationName]) {
        let links = line.links.compactMap { link in
            names[link.integration].map {
                LinkView(integration: $0.name, integrationID: $0.publicID, externalID: link.externalID)
            }
        }
        self.init(line: line, links: links.count < 2 ? links : links.sorted { $0.integration < $1.integration })
    }
}

extension Explanation {
    /// The same without what is somebody's own, in whatever is told of it.
    func withoutPerson(called label: String) -> Explanation {
        guard kind.namesPersons else { return self }
        var told = self
        told.title = label
        told.parts = parts.map { $0.withoutPerson(kind, called: label) }
        told.receipts = receipts.map { receipt in
            var receipt = receipt
            // Remarks are a far side's sentences: nobody knows what they name.
            receipt.remarks = []
            let parts = (receipt.parts.object ?? [:]).map { part, values in
                (part, JSON.object((values.object ?? [:]).mapValues { kind.told(part, $0) }))
            }
            receipt.parts = .object(Dictionary(parts, uniquingKeysWith: { first, _ in first }))
            return receipt
        }
        return told
    }
}

extension PartExplanation {
    fileprivate func withoutPerson(_ kind: RecordKind, called label: String) -> PartExplanation {
        let blank = { (value: JSON) in kind.told(part, value) }
        var told = self
        told.value = blank(value)
        told.isWithheld = kind.isPersonal(part)
        for index in sides.indices {
            told.sides[index].seen = sides[index].seen.map(blank)
            told.sides[index].sent = sides[index].sent.map(blank)
        }
        for index in history.indices {
            let change = history[index]
            told.history[index].title = label
            (told.history[index].old, told.history[index].new, told.history[index].loser) = (
                change.old.map(blank), change.new.map(blank), change.loser.map(blank)
            )
        }
        return told
    }
}
