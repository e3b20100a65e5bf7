import Store

/// What of jobs is somebody's own: what an attempt was about to send, and the lane of a customer, which is named by his
/// e-mail address.
extension JobTable {
    /// The job with the lane of a customer under a name that tells nothing of him.
    func withoutName(_ job: NewJob) throws -> NewJob {
        guard job.kind == .customer, let lane = job.lane, let seals = session.personal, seals.isOn else { return job }
        var job = job
        job.lane = try seals.index(of: lane)
        return job
    }

    func sealed(_ intent: JSON, of job: Job) throws -> JSON {
        guard let seals = session.personal, seals.isOn, job.queue == .deliver, let kind = job.kind,
            let record = Int64(job.key), var members = intent.object, let wrote = members["wrote"]
        else { return intent }
        members["wrote"] = try seals.sealed(wrote, kind, of: record)
        return .object(members)
    }

    /// Deliveries of records that are not ended, or whose last attempt is unclear, by id.
    ///
    /// - Throws: `StoreFailure`.
    public func unendedDeliveries(of records: [Int64]) throws -> [Int64] {
        try session.rows(
            """
            SELECT id FROM job WHERE organization_id = ?1 AND queue = 'deliver' AND kind IN {2} AND key IN {3}
                AND is_open = 1 ORDER BY id
            """, [.integer(organization), .keys(Self.personalKinds), .keys(records.sorted().map(String.init))]
        ).map { $0.integer(0) }
    }

    /// Seals what is held of deliveries of records.
    ///
    /// - Throws: `StoreFailure`, and what sealing throws.
    public func seal(deliveriesOf records: [Int64]) throws {
        guard let seals = session.personal, seals.isOn else { return }
        let rows = try session.rows(
            """
            SELECT id, kind, key, intent, lane, error, is_open FROM job WHERE organization_id = ?1 AND queue = 'deliver'
                AND kind IN {2} AND key IN {3}
            """, [.integer(organization), .keys(Self.personalKinds), .keys(records.sorted().map(String.init))])
        try session.runEach(
            "UPDATE job SET intent = ?3, lane = ?4, error = ?5 WHERE organization_id = ?1 AND id = ?2",
            rows.map { row in
                let kind = RecordKind(rawValue: row.text(1))
                var intent = try row.optionalText(3).flatMap { try? JSON(parsing: $0) }.map(seals.opened)?.object
                if let wrote = intent?["wrote"], let kind, let record = Int64(row.text(2)) {
                    intent?["wrote"] = try seals.sealed(wrote, kind, of: record)
                }
                let isNamed = kind == .customer && row.text(4).hasPrefix("customer ")
                let lane = isNamed ? try seals.index(of: row.text(4)) : row.optionalText(4)
                // Words of before may name him.
                let error = kind == .customer && row.integer(6) == 0 ? nil : row.optionalText(5)
                return [
                    .integer(organization), .integer(row.integer(0)), SQLValue(intent.map { JSON.object($0).text }),
                    SQLValue(lane), SQLValue(error.map(session.told)),
                ]
            })
    }

    /// Forgets what ended deliveries of records were about to send, and their words. That an attempt is unclear which
    /// was given up or dropped stays: what it may have made must not be made again. What it carried is sealed with keys
    /// that are to be destroyed.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(deliveriesOf records: [Int64]) throws {
        try session.run(
            """
            UPDATE job SET intent = CASE WHEN state IN ('cancelled', 'dead') THEN intent END, error = NULL, lane = NULL
            WHERE organization_id = ?1 AND queue = 'deliver' AND kind IN {2} AND key IN {3} AND is_open = 0
            """, [.integer(organization), .keys(Self.personalKinds), .keys(records.sorted().map(String.init))])
    }

    /// Takes the sentences away out of which somebody is known who is erased, whatever the task was about.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(words: ErasedWords) throws { try words.forget("job", "error", in: session, organization) }

    private static let personalKinds = ["customer", "order", "shipment"]

    func opened(_ job: Job) throws -> Job {
        guard let intent = job.intent, job.queue == .deliver, let seals = session.personal else { return job }
        var job = job
        job.intent = try seals.opened(intent)
        return job
    }
}
