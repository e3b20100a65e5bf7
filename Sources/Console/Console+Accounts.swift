import Commerce
import Identity
import Pipeline
import Wire

/// Accounts and groups over HTTP, for those who may admit others.
extension Console {
    /// The addresses of accounts and groups.
    static let accountRoutes: [Route] = [
        Route("GET", "/api/auth/accounts", .those(.admit), "The accounts of people.", .list(.account)) {
            await $0.accounts($1)
        },
        Route(
            "POST", "/api/auth/accounts", .those(.admit), "Makes an account.",
            .data(.account, status: 201).leading(to: "/api/auth/accounts/{name}", by: "/data/name").taking(
                .wantedAccount
            ).refusing(.validationFailed, .conflict)
        ) { await $0.addAccount($1) },
        Route(
            "PATCH", "/api/auth/accounts/{name}", .those(.admit), "Changes what an account may do, or blocks it.",
            .data(.account).taking(.changedAccount).refusing(.notFound, .validationFailed, .conflict)
        ) {
            await $0.changeAccount($1)
        },
        Route(
            "DELETE", "/api/auth/accounts/{name}", .those(.admit), "Removes an account, and ends its sign-ins.",
            .data(.object(["name": .text, "removed": .flag])).refusing(.notFound, .validationFailed, .conflict)
        ) {
            await $0.removeAccount($1)
        },
        Route(
            "POST", "/api/auth/accounts/{name}/password", .those(.admit), "Sets an account's password.",
            .data(.object(["name": .text, "passwordSet": .flag])).taking(
                .object(["password": .text], isClosed: true).like(["password": "another that nobody guesses"])
            )
            .refusing(.notFound, .validationFailed, .conflict)
        ) {
            await $0.setPassword($1)
        },
        Route("GET", "/api/auth/groups", .those(.admit), "The groups, and what they may do.", .list(.group)) {
            await $0.groups($1)
        },
        Route(
            "PUT", "/api/auth/groups/{name}", .those(.admit), "Makes a group, or changes what it may do.",
            .data(.group).leading(to: "/api/auth/groups/{name}", by: "/data/name").taking(
                .object(["permissions": .permissions], isClosed: true).like(["permissions": ["see", "audit"]])
            ).refusing(
                .notFound, .validationFailed, .conflict)
        ) {
            await $0.setGroup($1)
        },
        Route(
            "DELETE", "/api/auth/groups/{name}", .those(.admit), "Removes a group nobody is in.",
            .data(.object(["name": .text, "removed": .flag])).refusing(.notFound, .validationFailed, .conflict)
        ) {
            await $0.removeGroup($1)
        },
    ]

    private var admission: any AdmissionPort { hub.identity.admission }

    private func accounts(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            let now = visit.envelope.now
            return visit.envelope.success(.array(try await admission.accounts().map { $0.json(at: now) }))
        }
    }

    private func addAccount(_ visit: Visit) async -> HTTPResponse {
        await admitted(visit, ["username", "password", "role", "groups"]) { body, rights in
            guard let name = body["username"]?.string, let password = body["password"]?.string else {
                throw BodyRefusal(code: .badRequest, sentence: "this needs \"username\" and \"password\", as texts")
            }
            let groups = try Self.texts(body["groups"], "groups")
            let role = try Self.role(body["role"])
            guard role != nil || !groups.isEmpty else {
                throw BodyRefusal(code: .badRequest, sentence: "this needs a \"role\" or \"groups\"")
            }
            try await admission.addAccount(
                name, password: password, role: role ?? nil, groups: groups, by: visit.actor, within: rights)
            return try await account(name, visit, status: 201)
        }
    }

    private func changeAccount(_ visit: Visit) async -> HTTPResponse {
        await admitted(visit, ["role", "groups", "blocked"]) { body, rights in
            let role = try Self.role(body["role"])
            let groups = try body["groups"].map { try Self.texts($0, "groups") }
            guard body["blocked"] == nil || body["blocked"]?.bool != nil else {
                throw BodyRefusal(code: .badRequest, sentence: "\"blocked\" is true or false")
            }
            let blocked = body["blocked"]?.bool
            try await admission.changeAccount(visit.names[0], by: visit.actor, within: rights) { account in
                if let role { account.role = role }
                if let groups { account.groups = groups }
                if let blocked { account.isBlocked = blocked }
            }
            return try await account(visit.names[0], visit, status: 200)
        }
    }

    private func setPassword(_ visit: Visit) async -> HTTPResponse {
        await admitted(visit, ["password"]) { body, rights in
            guard let password = body["password"]?.string else {
                throw BodyRefusal(code: .badRequest, sentence: "this needs \"password\", as a text")
            }
            try await admission.setPassword(of: visit.names[0], to: password, by: visit.actor, within: rights)
            return visit.envelope.success(["name": .string(visit.names[0]), "passwordSet": true])
        }
    }

    private func removeAccount(_ visit: Visit) async -> HTTPResponse {
        await admitted(visit, nil) { _, rights in
            try await admission.removeAccount(visit.names[0], by: visit.actor, within: rights)
            return visit.envelope.success(["name": .string(visit.names[0]), "removed": true])
        }
    }

    private func groups(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) { visit.envelope.success(.array(try await admission.groups().map(\.json))) }
    }

    private func setGroup(_ visit: Visit) async -> HTTPResponse {
        await admitted(visit, ["permissions"]) { body, rights in
            let words = try Self.texts(body["permissions"], "permissions")
            let group = Group(name: visit.names[0], permissions: Set(words.compactMap(Permission.init)))
            // Null is no list: it would take all away from everybody who is in the group.
            guard body["permissions"]?.array != nil, words.allSatisfy({ Permission(rawValue: $0) != nil }) else {
                let known = Permission.allCases.map(\.rawValue).joined(separator: ", ")
                throw BodyRefusal(code: .badRequest, sentence: "\"permissions\" is a list that may hold: \(known)")
            }
            try await admission.setGroup(group, by: visit.actor, within: rights)
            return visit.envelope.success(group.json)
        }
    }

    private func removeGroup(_ visit: Visit) async -> HTTPResponse {
        await admitted(visit, nil) { _, _ in
            try await admission.removeGroup(visit.names[0], by: visit.actor)
            return visit.envelope.success(["name": .string(visit.names[0]), "removed": true])
        }
    }

    // MARK: Reading what was asked

    private func account(_ given: String, _ visit: Visit, status: Int) async throws -> HTTPResponse {
        let known = try await admission.accounts().first { $0.name == Account.name(given) }
        return visit.envelope.success(known?.json(at: visit.envelope.now) ?? .null, status: status)
    }

    /// The role that was named: nil where nothing is said, `.some(nil)` for none.
    private static func role(_ json: JSON?) throws -> Role?? {
        guard let json else { return nil }
        if json.isNull { return .some(nil) }
        guard let role = json.string.flatMap(Role.init) else {
            let known = Role.allCases.map(\.rawValue).joined(separator: ", ")
            throw BodyRefusal(code: .badRequest, sentence: "\"role\" is null or one of: \(known)")
        }
        return role
    }

    private static func texts(_ json: JSON?, _ name: String) throws -> [String] {
        guard let json, !json.isNull else { return [] }
        guard let list = json.array, list.allSatisfy({ $0.string != nil }) else {
            throw BodyRefusal(code: .badRequest, sentence: "\"\(name)\" is a list of texts")
        }
        return list.compactMap(\.string)
    }

    /// Answers a request of somebody who may admit others, with what he may do himself. `members`: what the body may
    /// hold; nil: nothing is to be said. What is known of callers is looked at anew afterwards.
    private func admitted(
        _ visit: Visit, _ members: Set<String>?, _ work: (JSON, Set<Permission>?) async throws -> HTTPResponse
    ) async -> HTTPResponse {
        await changed(visit, isBodyNeeded: members != nil) { body in
            let unknown = Set((body.object ?? [:]).keys).subtracting(members ?? []).sorted()
            guard unknown.isEmpty else {
                let known = (members ?? []).sorted().joined(separator: ", ")
                throw BodyRefusal(
                    code: .badRequest,
                    sentence: "\"\(unknown[0].prefix(60))\" means nothing here; there are: \(known)")
            }
            defer { doorkeeper.forget() }
            do {
                return try await work(body, visit.access?.permissions)
            } catch let refusal as RightsRefusal {
                return visit.envelope.failure(.forbidden, refusal.description)
            } catch let error as HubError {
                return visit.envelope.failure(try await code(for: visit), error.description)
            }
        }
    }

    /// What is wrong where the hub refuses: there is nothing of that name, or what is asked of it will not do.
    private func code(for visit: Visit) async throws -> ErrorCode {
        guard let name = visit.names.first else { return .validationFailed }
        let isThere: Bool
        if visit.request.address.path.hasPrefix("/api/auth/groups") {
            let groups = try await admission.groups()
            isThere = visit.request.method == "PUT" || groups.contains { $0.name == name }
        } else {
            isThere = try await admission.accounts().contains { $0.name == Account.name(name) }
        }
        return isThere ? .validationFailed : .notFound
    }
}
