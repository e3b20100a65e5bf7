import ConnectorKit
import Foundation
import Store

/// By what the calls of a person are known: nobody can tell from outside whose a call is.
public struct CallSigns: Sendable {
    /// What a call said that was understood (`order 55`), by integration.
    public var names: [Int64: Set<String>]
    /// Texts that are the person's alone, as they stand in a body.
    public var texts: [String]

    /// Signs.
    public init(names: [Int64: Set<String>], texts: [String]) {
        self.names = names
        self.texts = texts.filter { $0.utf8.count >= Self.fewestBytes }
    }

    /// Shorter texts stand in the calls of others, too.
    static let fewestBytes = 6

    func name(_ integration: Int64, _ detail: String) -> Bool {
        guard let names = names[integration], !detail.isEmpty else { return false }
        let words = detail.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        return words.contains { word in
            let name = word.replacing("fetch ", with: "").replacing(" is said to be gone", with: "")
            return names.contains(name)
        }
    }

    func stand(in body: [UInt8]) -> Bool {
        let body = Foundation.Data(body)
        return texts.contains { text in
            // PHP writes a slash and what is not ASCII in its own way; both forms are looked for.
            let plain = Foundation.Data(text.utf8)
            let escaped = Foundation.Data(JSON.string(text).text.replacing("/", with: "\\/").utf8).dropFirst()
                .dropLast()
            return body.range(of: plain) != nil || body.range(of: escaped) != nil
        }
    }
}

/// What is kept of vendors' calls, as far as it is somebody's own.
extension Intake {
    /// How many calls one step opens.
    static let openStepSize: Int64 = 200

    /// A call that is a person's, as it came.
    public struct FoundCall: Hashable, Sendable {
        public var id: Int64
        public var integration: Int64
        public var receivedAt: Moment
        public var body: [UInt8]
    }

    /// The calls that are a person's, of some, beginning behind one; and where the next step goes on.
    ///
    /// - Throws: `StoreFailure`, and what opening throws.
    public static func calls(
        known signs: CallSigns, after: Int64, organization: Int64, session: any StoreSession
    ) throws -> (found: [FoundCall], next: Int64?) {
        let rows = try session.rows(
            """
            SELECT id, integration_id, detail FROM delivery WHERE organization_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3
            """, [.integer(organization), .integer(after), .integer(openStepSize)])
        let calls = try stored(rows.map { $0.integer(0) }, organization: organization, session: session)
        let found = rows.compactMap { row -> FoundCall? in
            guard let stored = calls[row.integer(0)],
                signs.name(row.integer(1), row.text(2)) || signs.stand(in: stored.call.body)
            else { return nil }
            return FoundCall(
                id: row.integer(0), integration: row.integer(1), receivedAt: stored.receivedAt,
                body: stored.call.body)
        }
        return (found, rows.count < Int(openStepSize) ? nil : rows.last?.integer(0))
    }

    /// Forgets what calls said. That they came stays known; one that was not understood yet is not any more, and is
    /// found by the next pull.
    ///
    /// - Throws: `StoreFailure`.
    public static func forgetBodies(of ids: [Int64], organization: Int64, session: any StoreSession) throws {
        let whose: [SQLValue] = [.integer(organization), .ids(ids.sorted())]
        try session.run("DELETE FROM delivery_body WHERE organization_id = ?1 AND id IN {2}", whose)
        try session.run(
            """
            UPDATE delivery SET state = CASE state WHEN 'received' THEN 'ignored' ELSE state END,
                detail = CASE state WHEN 'rejected' THEN 'erased' ELSE detail END
            WHERE organization_id = ?1 AND id IN {2}
            """, whose)
    }

    /// Takes the sentences away out of which somebody is known who is erased.
    ///
    /// - Throws: `StoreFailure`.
    public static func forget(words: ErasedWords, organization: Int64, session: any StoreSession) throws {
        try words.forget("delivery", "detail", in: session, organization)
    }

    /// Seals calls that came before anything was sealed here: some of them, beginning behind one. Answers where the
    /// next step goes on.
    ///
    /// - Throws: `StoreFailure`, and what sealing throws.
    public static func seal(after: Int64, organization: Int64, session: any StoreSession) throws -> Int64? {
        let rows = try session.rows(
            """
            SELECT delivery.id, whole.headers, whole.body, delivery.received_at, delivery.detail
            FROM delivery JOIN delivery_body AS whole ON whole.organization_id = delivery.organization_id
                AND whole.id = delivery.id AND whole.received_at = delivery.received_at
            WHERE delivery.organization_id = ?1 AND delivery.id > ?2 ORDER BY delivery.id LIMIT ?3
            """, [.integer(organization), .integer(after), .integer(openStepSize)])
        let sealed = try rows.compactMap { row -> [SQLValue]? in
            guard try session.personal?.opened(call: row.blob(2), id: row.integer(0)) == nil else { return nil }
            let body = Redaction.withoutCards(row.blob(2))
            let whole = Array(row.text(1).utf8) + [UInt8(ascii: "\n")] + body
            guard let sealed = try session.personal?.sealed(call: whole, id: row.integer(0)) else { return nil }
            return [.integer(organization), .integer(row.integer(0)), row.values[3], .blob(sealed)]
        }
        try session.runEach(
            """
            UPDATE delivery_body SET headers = '[]', body = ?4
            WHERE organization_id = ?1 AND id = ?2 AND received_at = ?3
            """, sealed)
        try session.runEach(
            "UPDATE delivery SET detail = ?3 WHERE organization_id = ?1 AND id = ?2",
            rows.filter { session.told($0.text(4)) != $0.text(4) }.map {
                [.integer(organization), .integer($0.integer(0)), .text(session.told($0.text(4)))]
            })
        return rows.count < Int(openStepSize) ? nil : rows.last?.integer(0)
    }
}
