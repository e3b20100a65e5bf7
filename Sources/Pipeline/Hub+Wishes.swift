import Audit
import ConnectorKit
import Ledger
import Queue
import Store

/// Integrations as somebody wishes them: checked whole before anything is stored.
extension Hub {
    /// Makes an integration. Nothing is reached; `check` does that.
    ///
    /// - Throws: `IntegrationRefusal`, `StoreFailure`; then nothing was changed.
    public func create(
        _ wish: IntegrationWish, by actor: AuditActor, answering: Answering<IntegrationView>? = nil
    ) async throws -> IntegrationView {
        var problems: [SettingProblem] = []
        if wish.name == nil { problems.append(SettingProblem("name", "\"name\" is missing")) }
        let type = wish.connector.flatMap { registry[$0] }
        if type == nil { problems.append(SettingProblem("connector", wordsForMissing(wish.connector))) }
        guard let type, let connectorName = wish.connector else { throw IntegrationRefusal.fields(problems) }
        var options = IntegrationOptions()
        options.type = wish.type ?? .hybrid
        let name = wish.name ?? connectorName
        let fit: Fit
        do {
            fit = try self.fit(
                .object(wish.given(for: type.card).filter { !$0.value.isNull }), wish, to: type, name, options)
        } catch IntegrationRefusal.fields(let others) {
            throw IntegrationRefusal.fields(problems + others)
        }
        guard problems.isEmpty else { throw IntegrationRefusal.fields(problems) }
        try await refreshKeys()
        var block = try await ids.draw(1)
        let publicID = Signature.hex(surroundings.random(16))
        let integration = Integration(
            id: try block.next(), name: name, connector: connectorName,
            settings: try vault.seal(fit.settings.json.bytes, context: publicID), options: fit.options,
            publicID: publicID, createdAt: now, state: wish.state ?? .active
        ).since(secretTimes(fit.settings, connectorName))
        let added = try await asWished { () async throws in
            try await self.add(integration, by: actor) { try self.keep(answering, for: self.view(of: $0), in: $1) }
        }
        guard let added else { throw IntegrationRefusal.nameTaken(name) }
        return view(of: added)
    }

    /// Changes an integration. What it has linked, its cursors and its address stay; one whose credentials were refused
    /// works again. Secrets that are not given stay. `isWhole`: other settings that are not given are taken away.
    /// Nil when there is none.
    ///
    /// - Throws: `IntegrationRefusal`, `StoreFailure`; then nothing was changed.
    public func change(
        _ publicID: String, _ wish: IntegrationWish, isWhole: Bool, by actor: AuditActor
    ) async throws -> IntegrationView? {
        guard let known = try await known(publicID) else { return nil }
        guard let type = registry[known.connector] else {
            throw IntegrationRefusal.inactive("there is no connector named \(known.connector) in this release")
        }
        if let connector = wish.connector, connector != known.connector {
            let sentence = "\(known.name) is a \(known.connector); the connector of an integration stays"
            throw IntegrationRefusal.fields([SettingProblem("connector", sentence)])
        }
        guard let old = settings(of: known, type.card.settings) else {
            throw IntegrationRefusal.inactive("the settings of \(known.name) cannot be opened with this hub's key")
        }
        let config = old.overlaid(
            with: wish.given, by: type.card.settings, onlySecrets: isWhole)
        var options = known.options.without(ReadingInterval.habits(type, old))
        options.type = wish.type ?? options.type
        let fit = try fit(config, wish, to: type, wish.name ?? known.name, options)
        try await refreshKeys()
        let isSame = fit.settings == old
        let sealed = isSame ? known.settings : try vault.seal(fit.settings.json.bytes, context: known.publicID)
        var wanted = known
        (wanted.name, wanted.options) = (wish.name ?? known.name, fit.options)
        if !isSame {
            (wanted.settings, wanted.webhookAt) = (sealed, nil)
            // The vendor has to be told of a new secret; calls with the old one are refused from now on.
            wanted.options.previous = PreviousSettings(settings: known.settings, until: now)
            wanted.options.secretTimes = secretTimes(fit.settings, known.connector, after: known)
            if known.state == .refused { (wanted.state, wanted.reason) = (.active, nil) }
            if known.isResting { wanted = try await waking(wanted) }
        }
        if let state = wish.state, state != wanted.state { (wanted.state, wanted.reason) = (state, nil) }
        if !isSame || known.state == .paused {
            let anew = wanted
            try await asWished { () async throws in try await self.refuseTwin(of: anew) }
        }
        if wanted != known { try await save(wanted, over: known, by: actor) }
        return view(of: wanted)
    }

    private func save(_ wanted: Integration, over known: Integration, by actor: AuditActor) async throws {
        let (organization, now) = (organization, now)
        let schedules = try asWished { try self.schedules(bySettingsOf: wanted) }
        let note = AuditNote(
            .integrationChanged, "integration", known.publicID, before: told(known),
            after: told(wanted, after: known))
        try await store.write { session in
            let ledger = LedgerTable(session, organization: organization)
            guard try !ledger.hasIntegration(named: wanted.name, beside: known.id) else {
                throw IntegrationRefusal.nameTaken(wanted.name)
            }
            let changed = try ledger.change(known.id) { current in
                guard current.settings == known.settings, current.options == known.options,
                    current.name == known.name, current.state == known.state
                else { throw IntegrationRefusal.changedMeanwhile }
                (current.name, current.options, current.settings) = (wanted.name, wanted.options, wanted.settings)
                (current.state, current.reason) = (wanted.state, wanted.reason)
                if wanted.settings != known.settings { current.webhookAt = nil }
            }
            guard changed != nil else { throw IntegrationRefusal.changedMeanwhile }
            let table = ScheduleTable(session, organization: organization)
            if let line = known.options.cronLine { try table.remove(of: known.id, cadence: Cadence(line: line)) }
            for schedule in schedules { try table.save(schedule) }
            try self.note(note, by: actor, at: now, in: session)
        }
        addressBook.forget()
    }

    // MARK: Checking

    private typealias Fit = (settings: Settings, options: IntegrationOptions, connector: Connector)

    private func fit(
        _ config: JSON, _ wish: IntegrationWish, to type: any ConnectorType.Type, _ name: String,
        _ options: IntegrationOptions
    ) throws -> Fit {
        do {
            let fit = try asWished { try self.fitted(config, to: type, name, options) }
            if options.type == .webhook, receiver(of: fit.connector, try DoorRules(fit.settings)) == nil {
                let sentence =
                    "\(type.card.title) does not call the hub as it is set up; \"type\" must be polling or hybrid"
                throw IntegrationRefusal.fields([SettingProblem("type", sentence)])
            }
            return fit
        } catch let error as SettingsError {
            throw wish.placed(error, by: type.card.settings)
        }
    }

    private func wordsForMissing(_ connector: String?) -> String {
        let known = registry.keys.sorted().joined(separator: ", ")
        guard let connector else { return "\"connector\" is missing; there are: \(known)" }
        return "there is no connector named \"\(connector.prefix(60))\"; there are: \(known)"
    }

    /// What cannot be done with settings is told of them.
    private func asWished<Value>(_ step: () throws -> Value) throws -> Value {
        do {
            return try step()
        } catch let error as HubError {
            throw IntegrationRefusal.fields([SettingProblem("settings", error.description)])
        }
    }

    private func asWished<Value>(_ step: () async throws -> Value) async throws -> Value {
        do {
            return try await step()
        } catch let error as HubError {
            throw IntegrationRefusal.fields([SettingProblem("settings", error.description)])
        }
    }
}

extension IntegrationOptions {
    /// The options without what settings alone have said, so that other settings may say it anew.
    func without(_ habits: Habits) -> IntegrationOptions {
        var options = self
        if options.intervals["*"] == habits.intervalSeconds { options.intervals["*"] = nil }
        if options.policies["*"] == habits.conflictPolicy { options.policies["*"] = nil }
        if options.quickRetries == habits.quickRetries { options.quickRetries = nil }
        if options.firstRetrySeconds == habits.firstRetrySeconds { options.firstRetrySeconds = nil }
        options.byHand.subtract(habits.byHand.map(\.rawValue))
        options.cronLine = nil
        return options
    }
}

extension Integration {
    /// The same, with the times of its secrets.
    fileprivate func since(_ times: [String: Moment]) -> Integration {
        var integration = self
        integration.options.secretTimes = times
        return integration
    }
}
