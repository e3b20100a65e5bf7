import Store
import Wire

/// Seals and opens the values of persons within one step. Keys come from the store, and new ones are written there in
/// the same transaction as what they seal.
final class StepSeals: PersonalSeals {
    /// What a step is given before it begins.
    struct Setting: Sendable {
        var ring: PersonalRing
        var organization: Int64
        /// What new keys are made of; empty where it was not known that any are.
        var seed: [UInt8] = []
        var now = Moment(milliseconds: 0)
    }

    /// The key of the organization itself: for calls of vendors, of which nobody knows yet whose they are, and for the
    /// codes by which texts are found.
    static let houseKey: Int64 = 0

    let session: any StoreSession
    private let setting: Setting
    /// Keys that this step makes: others learn of them when it is done.
    private var made: [Int64: PersonKey] = [:]
    /// The kind and the key of records that were met.
    private var met: [Int64: (kind: RecordKind, key: Int64?)] = [:]
    private var done: [String: String] = [:]

    init(_ session: any StoreSession, _ setting: Setting) {
        self.session = session
        self.setting = setting
    }

    private var ring: PersonalRing { setting.ring }
    private var organization: Int64 { setting.organization }
    private var context: String { "value \(organization)" }

    /// A process that was told nothing looks in its first step.
    var isOn: Bool {
        if !ring.isKnown, let isSealing = try? LedgerTable(session, organization: organization).isSealing() {
            ring.learn(isSealing)
        }
        return ring.isOn
    }

    /// What a step throws that is to make a key and was given nothing to make it of: it is run again with it.
    struct NeedsSeed: Error {}

    // MARK: Keys

    /// A key; what is not known is asked of the store.
    func key(_ id: Int64) throws -> PersonKey? {
        if let key = made[id] { return key }
        if ring.held(id) == nil { try load([id]) }
        if case .alive(let key)? = ring.held(id) { return key }
        return nil
    }

    /// Reads keys, also those that are thought to be known.
    func load(_ ids: [Int64]) throws {
        let rows = try session.rows(
            "SELECT id, sealed FROM personal_key WHERE organization_id = ?1 AND id IN {2}",
            [.integer(organization), .ids(ids.sorted())])
        var found: [Int64: PersonalRing.Held] = [:]
        for row in rows {
            let (id, sealed) = (row.integer(0), row.blob(1))
            found[id] =
                sealed.isEmpty ? .gone : .alive(try ring.open(sealed, organization, id, session))
        }
        ring.hold(found, now: setting.now)
    }

    /// Reads those keys that nothing is known of, all at once.
    func prefetch(_ ids: some Sequence<Int64>) throws {
        let unknown = Set(ids).filter { made[$0] == nil && ring.held($0) == nil }
        if !unknown.isEmpty { try load(Array(unknown)) }
    }

    /// Makes the keys that are not there; answers those that can seal.
    func ensure(_ ids: Set<Int64>) throws -> Set<Int64> {
        let rows = try session.rows(
            "SELECT id, sealed FROM personal_key WHERE organization_id = ?1 AND id IN {2}",
            [.integer(organization), .ids(ids.sorted())])
        let stored = Dictionary(rows.map { ($0.integer(0), $0.blob(1)) }, uniquingKeysWith: { first, _ in first })
        let alive = Set(stored.filter { !$0.value.isEmpty }.keys)
        let new = ids.filter { stored[$0] == nil }.sorted()
        guard !new.isEmpty else { return alive }
        guard !setting.seed.isEmpty else { throw NeedsSeed() }
        try session.save(try new.map(make), as: Self.keyRow)
        let (known, ring, now) = (made.mapValues(PersonalRing.Held.alive), setting.ring, setting.now)
        session.afterCommit { ring.hold(known, now: now) }
        return alive.union(new)
    }

    private func make(_ id: Int64) throws -> [SQLValue] {
        let bytes = PersonKey.bytes(from: setting.seed, for: id)
        made[id] = PersonKey(bytes: bytes)
        let sealed = try ring.vault.wrap(bytes, context: PersonalRing.context(organization, id))
        return [.integer(organization), .integer(id), .blob(sealed), SQLValue(setting.now)]
    }

    private static let keyRow = Upsert("personal_key", ["organization_id", "id", "sealed", "created_at"])

    // MARK: Whose a record is

    /// A record was read or written: its values are sealed with that key, or with none.
    func meet(_ record: Int64, _ kind: RecordKind, key: Int64?) { met[record] = (kind, key) }

    /// The kind of a record and the key that seals its values.
    func seal(of record: Int64) throws -> (kind: RecordKind, key: Int64?)? {
        if met[record] == nil { try meet([record]) }
        return met[record]
    }

    /// Reads what is not known of records, all at once.
    func meet(_ records: some Sequence<Int64>) throws {
        let unknown = Set(records).filter { met[$0] == nil }
        guard !unknown.isEmpty else { return }
        let rows = try session.rows(
            "SELECT id, kind, seal_key FROM record WHERE organization_id = ?1 AND id IN {2}",
            [.integer(organization), .ids(unknown.sorted())])
        for row in rows {
            guard let kind = RecordKind(rawValue: row.text(1)) else { continue }
            met[row.integer(0)] = (kind, row.optionalInteger(2))
        }
    }

    // MARK: Values

    func sealed(_ values: JSON, _ kind: RecordKind, of record: Int64) throws -> JSON {
        guard isOn, kind.isPersonal, let members = values.object, let key = try seal(of: record)?.key else {
            return values
        }
        var result = members
        for (part, value) in members { result[part] = try sealed(value, kind, part, key: key) }
        return .object(result)
    }

    /// A value of a part, sealed with that key.
    func sealed(_ value: JSON, _ kind: RecordKind, _ part: String, key: Int64) throws -> JSON {
        let form = PersonalForm(kind, part)
        guard let (secret, rest) = form.split(value) else { return value }
        guard let token = try token(secret, form, key: key) else { return form.blank(value) }
        var members = rest
        members[PersonalForm.mark] = .string(token)
        return .object(members)
    }

    /// A value that is told of a record as a whole: its title.
    func sealed(text: String, key: Int64) throws -> String {
        guard !text.isEmpty else { return text }
        return PersonalForm.mark + (try token(.string(text), .whole, key: key) ?? "")
    }

    /// Nil where the key was destroyed.
    private func token(_ secret: JSON, _ form: PersonalForm, key id: Int64) throws -> String? {
        let text = secret.text
        let name = "\(id).\(form.word).\(text)"
        if let token = done[name] { return token }
        guard let key = try key(id) else { return nil }
        let token = "\(id).\(form.word)." + Signature.base64(try key.seal(Array(text.utf8), context: context))
        done[name] = token
        return token
    }

    func opened(_ json: JSON) throws -> JSON { try opened(json, depth: 2) }

    /// The value, opened so many levels deep as sealed values may stand.
    func opened(_ json: JSON, depth: Int) throws -> JSON {
        guard case .object(let members) = json else { return json }
        if let token = members[PersonalForm.mark]?.string, let (form, secret) = try opened(token: token) {
            return form.joined(secret, members)
        }
        guard depth > 0 else { return json }
        return .object(try members.mapValues { try opened($0, depth: depth - 1) })
    }

    /// A text that may be sealed.
    func opened(text: String) throws -> String {
        guard text.hasPrefix(PersonalForm.mark), let found = try opened(token: String(text.dropFirst())) else {
            return text
        }
        return found.secret?.string ?? ""
    }

    /// Nil where it is none; without a secret where its key was destroyed.
    private func opened(token: String) throws -> (form: PersonalForm, secret: JSON?)? {
        let fields = token.split(separator: ".", maxSplits: 2)
        guard fields.count == 3, let id = Int64(fields[0]), let form = PersonalForm(word: fields[1]) else { return nil }
        guard let key = try key(id) else { return (form, nil) }
        guard let sealed = Signature.bytes(base64: String(fields[2])) else { throw Vault.Failure.damaged }
        return (form, try JSON(parsing: try key.open(sealed, context: context)))
    }

    /// The keys that values are sealed with.
    static func keys(in json: JSON) -> Int64? {
        json[PersonalForm.mark]?.string.flatMap { Int64($0.prefix { $0 != "." }) }
    }

    func index(of text: String) throws -> String {
        guard isOn, let house = try key(Self.houseKey) else { return text }
        return PersonalForm.mark + Signature.base64(house.code(of: "\(organization) \(text)").prefix(18))
    }

    // MARK: Calls

    /// The first byte of a call that is sealed; no call begins with it by itself.
    private static let callMark: UInt8 = 0

    func sealed(call bytes: [UInt8], id: Int64) throws -> [UInt8]? {
        guard isOn, let house = try key(Self.houseKey) else { return nil }
        return [Self.callMark] + (try house.seal(bytes, context: "call \(organization) \(id)"))
    }

    func opened(call bytes: [UInt8], id: Int64) throws -> [UInt8]? {
        guard bytes.first == Self.callMark, let house = try key(Self.houseKey) else { return nil }
        return try? house.open(Array(bytes.dropFirst()), context: "call \(organization) \(id)")
    }
}

extension StepSeals {
    /// The key that seals a record's values from now on: that of the person it belongs to, and its own where none is
    /// known or his was destroyed. Once it has one it keeps it.
    func appoint(_ records: inout [HubRecord]) throws {
        var wanted: [Int: Int64] = [:]
        for index in records.indices where records[index].kind.isPersonal {
            records[index].person = records[index].belongsTo
            records[index].sealKey = records[index].sealKey ?? met[records[index].id]?.key
            if records[index].sealKey == nil { wanted[index] = records[index].person ?? records[index].id }
        }
        if !wanted.isEmpty {
            let alive = try ensure(Set(wanted.values))
            let own = try ensure(Set(wanted.filter { !alive.contains($0.value) }.map { records[$0.key].id }))
            for (index, key) in wanted {
                let id = records[index].id
                records[index].sealKey = alive.contains(key) ? key : own.contains(id) ? id : nil
            }
        }
        for record in records { meet(record.id, record.kind, key: record.sealKey) }
    }
}
