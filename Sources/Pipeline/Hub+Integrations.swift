import Audit
import ConnectorKit
import Ledger
import Queue
import Store

/// Connecting, checking, pausing.
extension Hub {
    /// Connects an integration and answers it. Nothing is reached; `check` does that. One whose side another has
    /// already is inactive, and its reason says so.
    ///
    /// `config` is the connector's own settings, or seed 000's form `{name, type, status, configuration}` around them.
    ///
    /// - Throws: `HubError`, `SettingsError` with every problem; then nothing was changed.
    public func connect(
        _ connectorName: String, name: String, config: JSON, options: IntegrationOptions = IntegrationOptions(),
        by actor: AuditActor = .hub
    ) async throws -> Integration {
        var wanted = try wanted(connectorName, name, config, options)
        wanted.options.secretTimes = secretTimes(wanted.settings, connectorName)
        try await refreshKeys()
        var block = try await ids.draw(1)
        let publicID = Signature.hex(surroundings.random(16))
        let integration = Integration(
            id: try block.next(), name: name, connector: connectorName,
            settings: try vault.seal(wanted.settings.json.bytes, context: publicID), options: wanted.options,
            publicID: publicID, createdAt: now, state: wanted.state)
        guard let added = try await add(integration, by: actor) else {
            throw HubError(
                "there is an integration named \"\(name)\" already; choose another name, or --replace its settings")
        }
        return added
    }

    /// Writes a new integration with its schedules, and in the same step what else is to stand with it. Answers it as
    /// it was written: inactive where another has its side. Nil when its name is taken; then nothing was written.
    func add(
        _ integration: Integration, by actor: AuditActor,
        with besides: @escaping @Sendable (Integration, any StoreSession) throws -> Void = { _, _ in }
    ) async throws -> Integration? {
        let (organization, now) = (organization, now)
        let schedules = try schedules(bySettingsOf: integration)
        let added = try await store.write { session -> Integration? in
            let ledger = LedgerTable(session, organization: organization)
            guard try !ledger.hasIntegration(named: integration.name) else { return nil }
            let integration = self.resting(integration, beside: try ledger.integrations())
            try ledger.save(integration)
            for schedule in schedules { try ScheduleTable(session, organization: organization).save(schedule) }
            let told = self.told(integration)
            let note = AuditNote(.integrationConnected, "integration", integration.publicID, after: told)
            try self.note(note, by: actor, at: now, in: session)
            try besides(integration, session)
            return integration
        }
        addressBook.forget()
        return added
    }

    /// Gives an integration new settings. What it has linked, its cursors and its address stay; one whose credentials
    /// were refused works again.
    ///
    /// Calls that the vendor signed with the old secret are taken for so many seconds more: they are on their way, or
    /// it has not taken over the new one yet. Zero for a secret that others know.
    ///
    /// - Throws: `HubError`, `SettingsError` with every problem; then nothing was changed.
    public func replace(
        _ connectorName: String, name: String, config: JSON, options: IntegrationOptions = IntegrationOptions(),
        keepingOldSecretsSeconds seconds: Double = 0, by actor: AuditActor = .hub
    ) async throws -> Integration {
        let known = try await integration(named: name)
        guard known.connector == connectorName else {
            throw HubError("\(name) is a \(known.connector), not a \(connectorName); nothing was changed")
        }
        guard (0...Self.longestOverlapSeconds).contains(seconds) else {
            throw HubError(
                "an old secret may be kept for at most \(Int(Self.longestOverlapSeconds / 86_400)) days; nothing was "
                    + "changed")
        }
        let wanted = try wanted(connectorName, name, config, options)
        try await refreshKeys()
        let sealed = try vault.seal(wanted.settings.json.bytes, context: known.publicID)
        let old = try vault.open(known.settings, context: known.publicID)
        let isSame = try JSON(parsing: old) == wanted.settings.json
        var replaced = known
        replaced.settings = sealed
        if known.isResting { replaced = try await waking(replaced) }
        if !isSame { try await refuseTwin(of: replaced) }
        let wakes = replaced.state != known.state
        let times = secretTimes(wanted.settings, connectorName, after: known)
        let (organization, now) = (organization, now)
        let until = now.adding(seconds: seconds)
        let changed = try await store.write { session in
            var known = known
            let changed = try LedgerTable(session, organization: organization).change(known.id) { integration in
                let before = integration
                known = before
                integration.options = wanted.options
                integration.options.secretTimes = times
                integration.options.previous =
                    isSame
                    ? before.options.previous : PreviousSettings(settings: before.settings, until: until)
                integration.settings = sealed
                integration.webhookAt = nil
                if integration.state == .refused || wanted.state == .paused || wakes {
                    (integration.state, integration.reason) = (wanted.state, nil)
                }
            }
            guard let changed else { throw HubError("\(name) is not there any more; nothing was changed") }
            let table = ScheduleTable(session, organization: organization)
            if let line = known.options.cronLine { try table.remove(of: changed.id, cadence: Cadence(line: line)) }
            for schedule in try self.schedules(bySettingsOf: changed) { try table.save(schedule) }
            let note = AuditNote(
                .integrationChanged, "integration", changed.publicID, before: self.told(known),
                after: self.told(changed, after: known))
            try self.note(note, by: actor, at: now, in: session)
            return changed
        }
        addressBook.forget()
        return changed
    }

    /// Since when each secret of settings is what it is: those that an integration had before keep their time.
    func secretTimes(
        _ settings: Settings, _ connectorName: String, after known: Integration? = nil
    ) -> [String: Moment] {
        guard let shapes = registry[connectorName]?.card.settings,
            let none = try? Settings([:], by: [], of: connectorName)
        else { return [:] }
        let names = settings.secretsUnlike(none, by: shapes)
        let old = known.flatMap { self.settings(of: $0, shapes) }
        let changed = old.map { Set(settings.secretsUnlike($0, by: shapes)) } ?? Set(names)
        return names.reduce(into: [:]) { times, name in
            let before = known.map { $0.options.secretTimes[name] ?? $0.createdAt }
            times[name] = changed.contains(name) ? now : before ?? now
        }
    }

    /// The longest time calls with an old secret may be taken, in seconds.
    static let longestOverlapSeconds = 30 * 86_400.0

    /// What proves the calls that are signed with the secret an integration had before; nil once its time is over.
    func previousReceiver(of integration: Integration) -> (any WebhookReceiver)? {
        guard let previous = integration.options.previous, now < previous.until,
            let type = registry[integration.connector],
            let bytes = try? vault.open(previous.settings, context: integration.publicID),
            let json = try? JSON(parsing: bytes),
            let settings = try? Settings(json, by: type.card.settings, of: integration.name)
        else { return nil }
        guard let connector = try? type.make(settings, surroundings), let door = try? DoorRules(settings) else {
            return nil
        }
        return receiver(of: connector, door)
    }

    /// What an integration is to be, checked and not stored.
    private func wanted(
        _ connectorName: String, _ name: String, _ config: JSON, _ options: IntegrationOptions
    ) throws -> (settings: Settings, options: IntegrationOptions, state: IntegrationState) {
        guard let type = registry[connectorName] else {
            throw HubError(
                "there is no connector named \"\(connectorName)\"; there are: "
                    + registry.keys.sorted().joined(separator: ", ")
            )
        }
        if let problem = Self.problem(ofName: name) { throw HubError(problem) }
        let form = try Self.unwrap(config, type.card)
        var options = options
        options.type = form.type
        let (settings, merged, _) = try fitted(form.settings, to: type, name, options)
        return (settings, merged, form.state)
    }

    /// What is wrong with a name; nil when it can be one.
    static func problem(ofName name: String) -> String? {
        let isFine = !name.isEmpty && name.utf8.count <= 80 && name.unicodeScalars.allSatisfy { $0.value >= 0x20 }
        return isFine ? nil : "an integration needs a name of 1 to 80 bytes without control characters"
    }

    /// Settings as their card takes them, the hub's habits as they say, and the connector they make.
    ///
    /// - Throws: `SettingsError` with every problem, `HubError`.
    func fitted(
        _ config: JSON, to type: any ConnectorType.Type, _ name: String, _ options: IntegrationOptions
    ) throws -> (settings: Settings, options: IntegrationOptions, connector: Connector) {
        let settings = try Settings(config, by: type.card.settings, of: name)
        _ = try DoorRules(settings)
        try ReadingInterval.check(type, settings)
        let connector = try type.make(settings, surroundings)
        try refuseWithoutProof(connector)
        var merged = options
        let habits = ReadingInterval.habits(type, settings)
        if let seconds = habits.intervalSeconds, merged.intervals["*"] == nil { merged.intervals["*"] = seconds }
        if let policy = habits.conflictPolicy, merged.policies["*"] == nil { merged.policies["*"] = policy }
        if merged.intervals["*"] == nil { merged.cronLine = habits.cronLine }
        merged.byHand.formUnion(habits.byHand.map(\.rawValue))
        merged.quickRetries = merged.quickRetries ?? habits.quickRetries
        merged.firstRetrySeconds = merged.firstRetrySeconds ?? habits.firstRetrySeconds
        try Self.check(merged)
        return (settings, merged, connector)
    }

    /// The words of seed 000's form.
    static let states: [String: IntegrationState] = ["active": .active, "inactive": .paused, "paused": .paused]

    private struct Form {
        var settings: JSON
        var state = IntegrationState.active
        var type = IntegrationType.hybrid
    }

    /// The connector's own settings out of seed 000's form, whether the integration is to work at once, and how.
    private static func unwrap(_ config: JSON, _ card: Card) throws(HubError) -> Form {
        guard var inner = config["configuration"] else { return Form(settings: config) }
        if let given = inner.object { inner = .object(card.completed(given)) }
        let known: Set<String> = ["name", "type", "status", "configuration"]
        let unknown = Set(config.object?.keys.map { $0 } ?? []).subtracting(known)
        guard unknown.isEmpty else {
            throw HubError("unknown beside \"configuration\": \(unknown.sorted().joined(separator: ", "))")
        }
        let word = config["type"]?.string ?? "sync"
        guard let type = IntegrationType(word: word) else {
            throw HubError("\"type\" is \"\(word)\"; it must be one of hybrid, polling, sync, webhook")
        }
        let status = config["status"]?.string ?? "active"
        guard let state = states[status.lowercased()] else {
            throw HubError("\"status\" is \"\(status)\"; it must be Active or Inactive")
        }
        return Form(settings: inner, state: state, type: type)
    }

    private static func check(_ options: IntegrationOptions) throws(HubError) {
        for (kind, seconds) in options.intervals where seconds < IntegrationOptions.shortestIntervalSeconds {
            throw HubError("the interval of \(kind) is \(seconds) s; the shortest is 60 s")
        }
        for (kind, word) in options.directions where Direction(word: word) == nil {
            throw HubError("the direction of \(kind) is \"\(word)\"; it must be pull, push, both or none")
        }
    }

    /// Reaches an integration once and says what was found. One that was refused before works again if it answers.
    ///
    /// - Throws: `ConnectorFailure`, `HubError`.
    public func check(_ integration: Integration, by actor: AuditActor = .hub) async throws -> String {
        let found = try await connector(of: integration).check.check()
        if integration.state == .refused { try await set(.active, reason: nil, of: integration, by: actor) }
        return found
    }

    /// Pauses an integration, or lets it work again.
    ///
    /// - Throws: `StoreFailure`.
    public func set(
        _ state: IntegrationState, reason: String?, of integration: Integration, by actor: AuditActor = .hub
    ) async throws {
        let (organization, now) = (organization, now)
        let note = AuditNote(
            .integrationStateSet, "integration", integration.publicID,
            before: ["state": .string(integration.state.rawValue)],
            after: ["state": .string(state.rawValue), "reason": reason.map(JSON.string) ?? .null])
        try await store.write { session in
            try LedgerTable(session, organization: organization).set(state, reason: reason, of: integration.id)
            try self.note(note, by: actor, at: now, in: session)
        }
        addressBook.forget()
    }

    /// The address the vendor is to call for an integration; nil when the hub has no public address.
    public func webhookAddress(_ integration: Integration) -> String? {
        publicURL.map { ($0.hasSuffix("/") ? String($0.dropLast()) : $0) + "/webhooks/" + integration.publicID }
    }

    /// Makes sure that the vendor calls us. Answers whether calls may have been lost (some were
    /// registered only now, or had been switched off), so that one should catch up by polling.
    ///
    /// - Throws: `ConnectorFailure`, `HubError`, `StoreFailure`.
    @discardableResult
    public func ensureWebhooks(_ integration: Integration) async throws -> Bool {
        guard integration.options.type != .polling, let address = webhookAddress(integration),
            let subscriptions = try connector(of: integration).subscriptions
        else { return false }
        let isNewSecret = integration.options.previous?.isToBeTold ?? false
        let (report, owed) = try await CallTally.owed(beside: 0) {
            try await subscriptions.ensure(at: address, withNewSecret: isNewSecret)
        }
        if isNewSecret { try await noteSecretTold(integration) }
        var words = "\(report.active.count) active"
        if !report.registered.isEmpty { words += ", \(report.registered.count) registered" }
        if !report.reenabled.isEmpty { words += ", \(report.reenabled.count) had been switched off" }
        words += report.remarks.map { "; " + $0 }.joined()
        try await noteWebhooks(words, of: integration, owed: owed)
        return !report.reenabled.isEmpty || !report.registered.isEmpty
    }

    /// The vendor signs with the new secret from now on; unless it was changed once more meanwhile.
    private func noteSecretTold(_ integration: Integration) async throws {
        let organization = organization
        try await store.write { session in
            _ = try LedgerTable(session, organization: organization).change(integration.id) { known in
                guard known.settings == integration.settings else { return }
                known.options.previous?.isToBeTold = false
            }
        }
    }

    /// Remembers what was last found out about an integration's webhooks, by how many calls.
    ///
    /// - Throws: `StoreFailure`.
    func noteWebhooks(_ state: String, of integration: Integration, owed: Int = 0) async throws {
        let (organization, now) = (organization, now)
        try await store.write { session in
            try LedgerTable(session, organization: organization).setWebhooks(state, of: integration.id, now: now)
            try JobTable(session, organization: organization)
                .debit(owed, FarOperation(integration.id, Engine.webhooks), now: now)
        }
    }

    /// A person decides a conflict. False when no such conflict is open.
    ///
    /// - Throws: `StoreFailure`.
    public func resolve(
        conflict id: Int64, _ choice: ConflictChoice, by actor: AuditActor = .hub
    ) async throws -> Bool {
        let all = try await integrations()
        let peers = peers(all)
        let channels = channels(all, peers)
        let block = try await ids.draw(peers.count * 2 + 8)
        let (organization, now) = (organization, now)
        return try await store.write { session in
            var ids = block
            let ledger = LedgerTable(session, organization: organization)
            guard let record = try ledger.resolve(conflict: id, choice.resolution, now: now) else { return false }
            try Self.announce([record], records: [:], peers, channels, session, organization, ids: &ids, now: now)
            // The values stand in the change log: they may be somebody's own.
            let note = AuditNote(.conflictResolved, "conflict", id, after: ["use": .string(choice.word)])
            try self.note(note, by: actor, at: now, in: session)
            return true
        }
    }

    /// Lets a held, dead or waiting job run now; a document's hold is lifted with it. False when there is no such job.
    ///
    /// - Throws: `StoreFailure`.
    public func runNow(job id: Int64, by actor: AuditActor = .hub) async throws -> Bool {
        let (organization, now) = (organization, now)
        return try await store.write { session in
            let table = JobTable(session, organization: organization)
            guard let job = try table.job(id), try table.runNow(id, now: now) else { return false }
            if job.state == .held, let record = Int64(job.key) {
                let ledger = LedgerTable(session, organization: organization)
                var records = try ledger.records([record])
                for index in records.indices { records[index].hold = nil }
                try ledger.save(records)
            }
            let note = AuditNote(.jobRun, "job", id, before: ["state": .string(job.state.rawValue)])
            try self.note(note, by: actor, at: now, in: session)
            return true
        }
    }

    /// Drops a job. False when there is no such job, or it is running.
    ///
    /// - Throws: `StoreFailure`.
    public func cancel(job id: Int64, by actor: AuditActor = .hub) async throws -> Bool {
        let (organization, now) = (organization, now)
        let isDropped = try await store.write { session in
            guard try JobTable(session, organization: organization).cancel(id, now: now) else { return false }
            try self.note(AuditNote(.jobDropped, "job", id), by: actor, at: now, in: session)
            return true
        }
        if isDropped { try await forgetDroppedOffers() }
        return isDropped
    }
}
