import ArgumentParser
import Commerce
import Identity
import Pipeline

/// `crossdock api-keys`
struct APIKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-keys", abstract: "Keys with which programs ask the hub.",
        discussion: """
            A key is shown once, when it is made; the hub keeps only a digest of it. It is sent as Authorization: \
            Bearer KEY, or as X-API-Key: KEY.

            Examples: crossdock api-keys make reports --permission see --days 365
                      crossdock api-keys revoke 5a0c2f91d8e4b673
            """,
        subcommands: [
            APIKeysListCommand.self, APIKeysMakeCommand.self, APIKeysRotateCommand.self, APIKeysRevokeCommand.self,
        ],
        defaultSubcommand: APIKeysListCommand.self)
}

/// `crossdock api-keys list`, and `crossdock api-keys` alone.
struct APIKeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the keys by their ids, which say nothing about them.")

    @OptionGroup var age: KeyAge
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            try age.check()
            let open = try OpenHub(options)
            let (keys, now) = (try await open.hub.apiKeys(), open.hub.now)
            await open.close()
            if options.json { return print(JSON.array(keys.map { $0.json(at: now) }).text) }
            guard !keys.isEmpty else {
                return print("No key yet. Make one: crossdock api-keys make NAME --permission see")
            }
            Terminal.table(
                keys.map { key in
                    [
                        key.id, key.name, words(key.permissions), state(key, now),
                        key.usedAt?.description ?? "never",
                    ]
                }, header: ["ID", "NAME", "MAY", "STATE", "LAST USED"])
            for key in keys where key.isGood(at: now) && age.isOld(madeAt: key.createdAt, now) {
                let days = KeyAge.days(madeAt: key.createdAt, now)
                Terminal.note("the key \(key.id) (\(key.name)) is \(days) days old: crossdock api-keys rotate")
            }
        }
    }

    private func words(_ permissions: Set<Permission>) -> String {
        permissions.map(\.rawValue).sorted().joined(separator: " ")
    }

    private func state(_ key: APIKey, _ now: Moment) -> String {
        if let revoked = key.revokedAt { return "revoked \(revoked)" }
        guard let expires = key.expiresAt else { return "good" }
        return key.isGood(at: now) ? "good until \(expires)" : "expired \(expires)"
    }
}

/// `crossdock api-keys make`
struct APIKeysMakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make", abstract: "Make a key; it stands alone on the last line.")

    @Argument(help: "What it is for.")
    var name: String
    @Option(help: "What it may do: see, audit, operate, configure, admit, webhook:write; may be given several times.")
    var permission: [String]
    @Option(help: "How long it is good, in days; not given: until it is revoked.")
    var days: Int?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let permissions = try PermissionWord.permissions(permission)
            guard days.map({ (1...3650).contains($0) }) ?? true else { throw Refusal("--days must be from 1 to 3650") }
            let open = try OpenHub(options)
            let expires = days.map { open.hub.now.adding(seconds: Double($0) * 86_400) }
            let (key, secret) = try await open.hub.makeAPIKey(
                name, permissions: permissions, expires: expires, by: Person.atThisTerminal)
            await open.close()
            Terminal.note("its id is \(key.id); it is shown this once")
            print(options.json ? (["id": .string(key.id), "key": .string(secret)] as JSON).text : secret)
        }
    }
}

/// `crossdock api-keys rotate`
struct APIKeysRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Make a key that follows another; it stands alone on the last line.",
        discussion: "It may the same and lasts as long. The old one goes on for a day, or as --keep-old says.")

    @Argument(help: "The id of the old key.")
    var id: String
    @Option(help: "For how many hours the old key goes on; 0 for one that others know.")
    var keepOld = 24.0
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let (key, secret) = try await open.hub.rotateAPIKey(
                id, keepingOldSeconds: keepOld * 3600, by: Person.atThisTerminal)
            await open.close()
            Terminal.note("its id is \(key.id); it is shown this once")
            print(options.json ? (["id": .string(key.id), "key": .string(secret)] as JSON).text : secret)
        }
    }
}

/// `crossdock api-keys revoke`
struct APIKeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "revoke", abstract: "Take a key back, for good.")

    @Argument(help: "Its id.")
    var id: String
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            try await open.hub.revokeAPIKey(id, by: Person.atThisTerminal)
            await open.close()
            Terminal.note("the key is taken back; hubs that run know it within two seconds")
        }
    }
}

/// Words for permissions.
enum PermissionWord {
    static func permissions(_ words: [String]) throws -> Set<Permission> {
        try Set(
            words.map { word in
                guard let permission = Permission(rawValue: word) else {
                    let all = Permission.allCases.map(\.rawValue).joined(separator: ", ")
                    throw Refusal("--permission \(word): must be one of \(all)")
                }
                return permission
            })
    }
}
