import Identity
import Pipeline

extension Shape {
    static let permissions = list(word(of: Permission.self))

    static let tokens = object([
        "token": text, "tokenType": word(["Bearer"]), "expiresIn": count, "refreshToken": text,
        "refreshExpiresIn": count, "permissions": permissions,
    ]).named("Tokens")

    static let caller = object([
        "name": text, "kind": word(["person", "key"]), "organization": text, "permissions": permissions,
        "expiresAt": time.orNull,
    ]).named("Caller")

    private static let keyMembers: [String: Shape] = [
        "id": text, "name": text, "permissions": permissions, "createdAt": time, "expiresAt": time.orNull,
        "usedAt": time.orNull, "revokedAt": time.orNull, "isGood": flag,
    ]

    static let apiKey = object(keyMembers).named("ApiKey")
    static let madeKey = object(keyMembers.merging(["key": text]) { $1 }).named("MadeApiKey")

    static let account = object([
        "name": text, "role": word(of: Role.self).orNull, "groups": list(text), "blocked": flag, "state": text,
        "createdAt": time, "passwordAt": time, "signedInAt": time.orNull,
    ]).named("Account")

    static let group = object(["name": text, "permissions": permissions]).named("Group")

    static let securityEvents = object([
        "minutes": count, "counts": map(count),
        "events": list(
            object([
                "minute": time, "kind": word(of: SecurityKind.self), "source": text, "times": count, "place": text,
            ]).named("SecurityEvent")),
    ])

    // MARK: What is sent

    static let signIn = object([:], optional: ["username": text, "name": text, "password": text]).like([
        "username": "mara", "password": "one that nobody guesses",
    ])
    static let wantedKey = object(
        ["name": text, "permissions": permissions], optional: ["expiresInDays": integer(1...3650).orNull]
    ).like(["name": "reports", "permissions": ["see"], "expiresInDays": 365])
    static let keyRotation = object(
        [:], optional: ["keep_old_hours": integer(0...Int(Hub.longestKeyOverlapSeconds / 3600))]
    ).like(["keep_old_hours": 24])
    static let wantedAccount = object(
        ["username": text, "password": text],
        optional: ["role": word(of: Role.self).orNull, "groups": list(text).orNull], isClosed: true
    ).like(["username": "mara", "password": "one that nobody guesses", "role": "operator"])
    static let changedAccount = object(
        [:], optional: ["role": word(of: Role.self).orNull, "groups": list(text).orNull, "blocked": flag],
        isClosed: true
    ).like(["blocked": true])
}
