import ArgumentParser
import ConnectorKit
import Notices
import Pipeline

/// Which webhook a person means.
struct WebhookChoice: ParsableArguments {
    @Argument(help: "Its id, or its name where no other has it.")
    var webhook: String

    func publicID(_ hub: Hub) async throws -> String {
        guard let listener = try await hub.listener(webhook) else { throw Self.unknown(webhook) }
        return listener.publicID
    }

    static func unknown(_ word: String) -> Refusal {
        Refusal("there is no webhook \"\(word)\", or several have that name; crossdock webhooks lists them")
    }
}

/// `crossdock webhooks enable`
struct WebhooksEnableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Switch a webhook on; what it missed is told now.")

    @OptionGroup var choice: WebhookChoice
    @Flag(help: "What it missed is left; it hears of what happens from now on.")
    var withoutReplay = false
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let id = try await choice.publicID(open.hub)
            let replay = try await open.hub.enable(
                listener: id, replays: !withoutReplay, by: Person.atThisTerminal)
            await open.close()
            guard let replay else { throw WebhookChoice.unknown(id) }
            WebhookWords.show(replay, options)
        }
    }
}

/// `crossdock webhooks disable`
struct WebhooksDisableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Switch a webhook off; what happens meanwhile can be told afterwards.")

    @OptionGroup var choice: WebhookChoice
    @Option(help: "Why.")
    var reason = "by hand"
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let id = try await choice.publicID(open.hub)
            _ = try await open.hub.disable(listener: id, reason: reason, by: Person.atThisTerminal)
            await open.close()
        }
    }
}

/// `crossdock webhooks replay`
struct WebhooksReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Tell again what failed or was missed, the oldest first.")

    @OptionGroup var choice: WebhookChoice
    @Option(help: "What happened from this time on, as 2026-11-20T21:51:20Z; else all of the last 30 days.")
    var since: String?
    @Flag(help: "Also what got through.")
    var all = false
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let from = try since.map { text in
                guard let moment = Moment(iso: text) else {
                    throw Refusal("--since \(text): expected a time as 2026-11-20T21:51:20Z")
                }
                return moment
            }
            let open = try OpenHub(options)
            let id = try await choice.publicID(open.hub)
            let replay = try await open.hub.replay(
                listener: id, since: from ?? Moment(milliseconds: .min), all: all, by: Person.atThisTerminal)
            await open.close()
            guard let replay else { throw WebhookChoice.unknown(id) }
            WebhookWords.show(replay, options)
        }
    }
}

/// `crossdock webhooks rotate`
struct WebhooksRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Give a webhook another secret; for a while calls are signed with both.")

    @OptionGroup var choice: WebhookChoice
    @Option(help: "The file with the new secret, on its first line; else one is made and shown this once.")
    var secretFile: String?
    @Option(help: "The form of the one that is made: v1 (shared) or v1a (Ed25519, of which the public key is shown).")
    var signing: String?
    @Option(help: "For how many hours calls are signed with the old one, too, from 0 to 720.")
    var keepOldHours = 24
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let given = try secretFile.map(WebhooksAddCommand.firstLine)
            var members: [String: JSON] = [:]
            members["secret"] = given.map(JSON.string)
            members["signing"] = signing.map(JSON.string)
            let wish = try ListenerWish(.object(members))
            let open = try OpenHub(options)
            try await open.hub.checkKey()
            let id = try await choice.publicID(open.hub)
            let view = try await open.hub.rotateSecret(
                ofListener: id, to: wish.namedSecret, signing: wish.namedSigning,
                keepingOldSeconds: Double(keepOldHours) * 3600, by: Person.atThisTerminal)
            await open.close()
            guard let view else { throw WebhookChoice.unknown(id) }
            if options.json { return print(view.json.text) }
            if let secret = view.madeSecret {
                Terminal.note("its new secret, shown this once:")
                print(secret)
            } else if let key = view.publicKeys.first {
                Terminal.note("its new public key, which checks its calls:")
                print(key)
            }
        }
    }
}

/// `crossdock webhooks remove`
struct WebhooksRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take a webhook away, with its log.")

    @OptionGroup var choice: WebhookChoice
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let id = try await choice.publicID(open.hub)
            _ = try await open.hub.remove(listener: id, by: Person.atThisTerminal)
            await open.close()
        }
    }
}

/// `crossdock webhooks events`
struct WebhooksEventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "The events that can be told; with --json their schemas.")

    @Flag(help: "Answer in JSON.")
    var json = false

    func run() async throws {
        if json { return print(JSON.array(EventCatalogue.all.map(\.json)).text) }
        Terminal.table(
            EventCatalogue.all.map { [$0.name, $0.aliases.joined(separator: " "), $0.purpose] },
            header: ["EVENT", "ALSO CALLED", "WHEN"])
    }
}

/// What is said of webhooks.
enum WebhookWords {
    static func show(_ replay: NoticeReplay, _ options: HubOptions) {
        if options.json { return print(replay.json.text) }
        print("\(replay.notices) notices are told again" + (replay.hasMore ? "; there are more, ask once again" : ""))
    }
}
