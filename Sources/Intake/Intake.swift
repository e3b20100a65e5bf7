import ConnectorKit
import Queue
import Store

/// Stores a vendor's call before it is answered. It knows signatures, repeats and limits; it knows no commerce.
public enum Intake {
    /// The largest call taken, in bytes. WooCommerce's largest recorded order is under 10 kB; an order of 1,000 lines
    /// is about 600 kB.
    public static let bodyLimit = 2 << 20

    /// What became of a call.
    public enum Verdict: Hashable, Sendable {
        /// Stored; it will be understood.
        case stored(Int64)
        /// It was here before: nothing to do.
        case repeated(Int64)
        /// A test without meaning, to be answered with that status.
        case ping(Int)
        /// Not proved.
        case forged(String)
        /// Proved, and of no use as it is; whoever sends it is told why.
        case unusable(String)
        case tooLarge
    }

    /// Whether a call may be stored at all, decided before the store is asked.
    public static func look(_ call: WebhookCall, _ receiver: any WebhookReceiver) -> (Verdict?, WebhookProof) {
        guard call.body.count <= bodyLimit else { return (.tooLarge, .forged("too large")) }
        let proof = receiver.prove(call)
        return switch proof {
        case .genuine: (receiver.problem(with: call).map(Verdict.unusable), proof)
        case .ping(let status): (.ping(status), proof)
        case .forged(let reason): (.forged(reason), proof)
        }
    }

    /// A proved call, ready to be stored: what costs time is done before the writer takes it.
    public struct Parcel: Sendable {
        let repeatKey: String
        let topic: String
        let headers: String
        let body: [UInt8]
        let now: Moment
        let trace: String?

        /// A call with what its proof says of it, when it came, and the trace that begins with it or goes on.
        public init(_ call: WebhookCall, repeatKey: String, topic: String, now: Moment, trace: String? = nil) {
            self.trace = trace
            self.repeatKey = repeatKey
            self.topic = topic
            headers = Self.text(of: call.headers)
            body = Redaction.withoutCards(call.body)
            self.now = now
        }

        /// JSON: a list of names and values, without what opens a door by itself.
        private static func text(of headers: HTTPHeaders) -> String {
            var text: [UInt8] = []
            text.reserveCapacity(headers.list.reduce(2) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 })
            for field in headers.list where !DeliveryMask.isCredential(field.name) {
                text.append(UInt8(ascii: text.isEmpty ? "[" : ","))
                text.append(UInt8(ascii: "["))
                JSON.string(field.name).write(into: &text)
                text.append(UInt8(ascii: ","))
                JSON.string(field.value).write(into: &text)
                text.append(UInt8(ascii: "]"))
            }
            return text.isEmpty ? "[]" : String(decoding: text + "]".utf8, as: UTF8.self)
        }
    }

    /// Stores a proved call with the task to understand it; a repeat is recognised by its key.
    ///
    /// - Throws: `StoreFailure`.
    public static func store(
        _ parcel: Parcel, integration: Int64, organization: Int64, ids: IDBlock, in store: any Store
    ) async throws -> Verdict {
        var ids = ids
        let id = try ids.next()
        let rest = ids
        // Whether calls that wait for the writer together are repeats is asked in one trip.
        let opening = Opening(
            row,
            [
                .integer(id), .integer(organization), .integer(integration), .text(parcel.repeatKey),
                .text(parcel.topic), SQLValue(parcel.now), .text(DeliveryState.received.rawValue),
                SQLValue(parcel.trace),
            ])
        return try await store.write(.urgent, opening: opening) { session, inserted in
            let place = Place(integration: integration, organization: organization)
            return try finish(parcel, at: place, id: id, isNew: inserted == 1, ids: rest, session)
        }
    }

    private struct Place {
        let integration: Int64
        let organization: Int64
    }

    private static func finish(
        _ parcel: Parcel, at place: Place, id: Int64, isNew: Bool, ids: IDBlock, _ session: any StoreSession
    ) throws -> Verdict {
        var ids = ids
        let (integration, organization) = (place.integration, place.organization)
        guard isNew else {
            let known = try session.rows(
                """
                UPDATE delivery SET repeats = repeats + 1 WHERE organization_id = ?1 AND integration_id = ?2
                    AND repeat_key = ?3 RETURNING id
                """, [.integer(organization), .integer(integration), .text(parcel.repeatKey)])
            return .repeated(known.first?.integer(0) ?? id)
        }
        let sealed = try session.personal?.sealed(call: whole(parcel), id: id)
        try session.save(
            [
                [
                    .integer(organization), .integer(id), SQLValue(parcel.now),
                    .text(sealed == nil ? parcel.headers : "[]"), .blob(sealed ?? parcel.body),
                ]
            ], as: bodyRow)
        let job = NewJob(
            .receive, integration: integration, kind: .order, key: String(id), priority: 50, runAt: parcel.now,
            trace: parcel.trace)
        try JobTable(session, organization: organization).add([job], ids: &ids, now: parcel.now)
        return .stored(id)
    }

    private static let row = Upsert(
        "delivery",
        ["id", "organization_id", "integration_id", "repeat_key", "topic", "received_at", "state", "trace"],
        key: ["organization_id", "integration_id", "repeat_key"])
    private static let bodyRow = Upsert("delivery_body", ["organization_id", "id", "received_at", "headers", "body"])

    /// A stored call, as it arrived.
    ///
    /// - Throws: `StoreFailure`.
    public static func stored(
        _ ids: [Int64], organization: Int64, session: any StoreSession
    ) throws -> [Int64: StoredCall] {
        let rows = try session.rows(
            """
            SELECT delivery.id, whole.headers, whole.body, delivery.received_at
            FROM delivery JOIN delivery_body AS whole ON whole.organization_id = delivery.organization_id
                AND whole.id = delivery.id AND whole.received_at = delivery.received_at
            WHERE delivery.organization_id = ?1 AND delivery.id IN {2}
            """, [.integer(organization), .ids(ids)])
        return Dictionary(
            try rows.map { row in
                let opened = try session.personal?.opened(call: row.blob(2), id: row.integer(0))
                let (fields, body) = opened.map(parted) ?? (row.json(1), row.blob(2))
                var headers = HTTPHeaders()
                for case .array(let field) in fields.array ?? [] where field.count == 2 {
                    headers.add(field[0].string ?? "", field[1].string ?? "")
                }
                let call = WebhookCall(headers: headers, body: body)
                return (row.integer(0), StoredCall(call: call, receivedAt: row.moment(3) ?? Moment(milliseconds: 0)))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Headers and body as they are sealed together: a line of headers, and the body behind it.
    private static func whole(_ parcel: Parcel) -> [UInt8] {
        Array(parcel.headers.utf8) + [UInt8(ascii: "\n")] + parcel.body
    }

    private static func parted(_ whole: [UInt8]) -> (JSON, [UInt8]) {
        let end = whole.firstIndex(of: UInt8(ascii: "\n")) ?? whole.endIndex
        return ((try? JSON(parsing: Array(whole[..<end]))) ?? .null, Array(whole[end...].dropFirst()))
    }

    /// Remembers what a call came to.
    ///
    /// - Throws: `StoreFailure`.
    public static func settle(
        _ id: Int64, _ state: DeliveryState, _ detail: String, organization: Int64, session: any StoreSession
    ) throws {
        try session.run(
            "UPDATE delivery SET state = ?3, detail = ?4 WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .integer(id), .text(state.rawValue), .text(session.told(detail))])
    }
}

/// A call as it was stored.
public struct StoredCall: Hashable, Sendable {
    public var call: WebhookCall
    public var receivedAt: Moment
}

/// What a stored call came to.
public enum DeliveryState: String, Hashable, Sendable {
    case received
    case understood
    /// It said nothing to act on.
    case ignored
    /// Its payload could not be used.
    case rejected
}

extension Intake {
    /// How long calls are kept, in seconds: ninety days, and those nobody could settle as long again.
    public static let keptSeconds = 90.0 * 86_400

    /// The bodies in slices of seven days.
    public static let bodySlices = TimeSlices(
        "delivery_body", by: "received_at", days: 7,
        need: "SELECT 1 FROM delivery WHERE state = 'received' AND received_at >= ?1 AND received_at < ?2 LIMIT 1"
    ) { $0.milliseconds }

    /// How many calls one step of forgetting looks at, so that the writer is not held for long.
    static let pruneStepSize: Int64 = 2000

    /// One step of forgetting old calls.
    public struct PruneStep: Hashable, Sendable {
        /// Calls that were forgotten in this step.
        public var forgotten: Int
        /// Where the next step goes on; nil when all are looked at.
        public var next: Int64?
    }

    /// Forgets calls that came before `limit`, bodies included: looks at some, beginning behind `after`. One that was
    /// not settled is kept as long again.
    ///
    /// - Throws: `StoreFailure`.
    public static func prune(
        before limit: Moment, after: Int64, organization: Int64, session: any StoreSession
    ) throws -> PruneStep {
        let looked = try session.rows(
            """
            SELECT max(id), count(*) FROM (
                SELECT id FROM \(inOrder(session)) WHERE organization_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3
            ) AS looked
            """, [.integer(organization), .integer(after), .integer(pruneStepSize)])
        guard let last = looked.first?.optionalInteger(0) else { return PruneStep(forgotten: 0, next: nil) }
        let old = """
            organization_id = ?1 AND id > ?2 AND id <= ?3 AND received_at < ?4
                AND (state <> 'received' OR received_at < ?5)
            """
        let values: [SQLValue] = [
            .integer(organization), .integer(after), .integer(last), SQLValue(limit),
            SQLValue(limit.adding(seconds: -keptSeconds)),
        ]
        try session.run(
            """
            DELETE FROM delivery_body WHERE organization_id = ?1 AND id > ?2 AND id <= ?3 AND received_at < ?4
                AND id IN (SELECT id FROM delivery WHERE \(old))
            """, values)
        let forgotten = try session.run("DELETE FROM delivery WHERE \(old)", values)
        let isLast = looked.first?.integer(1) ?? 0 < pruneStepSize
        return PruneStep(forgotten: forgotten, next: isLast ? nil : last)
    }
}

/// The tables of intake.
public enum IntakeMigrations {
    /// In order.
    public static let all = [
        Migration(
            "0300-intake",
            """
            -- Vendors' calls as raw bytes, stored before they are answered.
            CREATE TABLE delivery (
                id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL,
                repeat_key TEXT NOT NULL, topic TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL,
                received_at INTEGER NOT NULL, repeats INTEGER NOT NULL DEFAULT 0,
                state TEXT NOT NULL CHECK (state = 'received' OR state = 'understood' OR state = 'ignored'
                    OR state = 'rejected'), detail TEXT,
                UNIQUE (organization_id, integration_id, repeat_key)
            ) STRICT;
            """),
        Migration("0301-delivery-body", bodies, postgres: slicedBodies),
        Migration(
            "0302-delivery-trace",
            """
            -- What joins a call with all that it leads to, by the id under which logs and other programs know it.
            ALTER TABLE delivery ADD COLUMN trace TEXT;
            """, servesOlder: true),
        Migration(
            "0303-bodies-in-their-rows",
            """
            -- On a server a body of usual size stays in its row: it is read seldom, and cut up it costs twice as much.
            """, onlyPostgres: "\n\nALTER TABLE delivery_body_rest SET (toast_tuple_target = 8128);",
            servesOlder: true),
    ]

    private static let bodies = """
        -- What a call said, apart from what is known of it: the one is written once and is large, the other changes.
        CREATE TABLE delivery_body (
            id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, received_at INTEGER NOT NULL,
            headers TEXT NOT NULL, body BLOB NOT NULL
        ) STRICT;
        INSERT INTO delivery_body SELECT id, organization_id, received_at, headers, body FROM delivery;
        ALTER TABLE delivery DROP COLUMN headers;
        ALTER TABLE delivery DROP COLUMN body;
        """

    /// On a server the bodies are sliced by the time they came. That no id is there twice is seen to by `delivery`.
    private static let slicedBodies = """
        CREATE TABLE delivery_body (
            organization_id bigint NOT NULL, id bigint NOT NULL, received_at bigint NOT NULL,
            headers text COLLATE "C" NOT NULL, body bytea NOT NULL, PRIMARY KEY (organization_id, id, received_at)
        ) PARTITION BY RANGE (received_at);
        CREATE TABLE delivery_body_rest PARTITION OF delivery_body DEFAULT;
        INSERT INTO delivery_body SELECT organization_id, id, received_at, headers, body FROM delivery;
        ALTER TABLE delivery DROP COLUMN headers;
        ALTER TABLE delivery DROP COLUMN body;
        """
}
