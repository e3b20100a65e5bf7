import ArgumentParser
import Commerce
import Foundation
import Ledger
import Pipeline
import Wire

/// `crossdock keys`
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "The keys that seal credentials: how old they are, and new ones.",
        discussion: """
            Credentials are sealed with a data key that lies in the store; a master key, which does not, seals the data
            key. Both can be changed while hubs run.

            Examples: crossdock keys rotate
                      crossdock keys rotate --master
            """,
        subcommands: [KeysListCommand.self, KeysRotateCommand.self], defaultSubcommand: KeysListCommand.self)
}

/// `crossdock keys list`, and `crossdock keys` alone.
struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the keys by their ids, which say nothing about them.")

    @OptionGroup var age: KeyAge
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            try age.check()
            let open = try OpenHub(options)
            try await open.hub.checkKey()
            let (keys, now) = (try await open.hub.dataKeys(), open.hub.now)
            let current = try await open.hub.currentKey()
            await open.close()
            let master = Vault.id(of: open.key)
            if options.json {
                let rows = keys.map { json($0, isCurrent: $0.id == current?.id, now) }
                return print((["masterKey": .string(master), "dataKeys": .array(rows)] as JSON).text)
            }
            print("master key \(master)" + (current == nil ? ", which seals credentials by itself" : ""))
            for key in keys { print(line(key, isCurrent: key.id == current?.id, now)) }
            if let current, age.isOld(madeAt: current.createdAt, now) {
                Terminal.note("the key \(current.id) is \(days(current, now)) days old: crossdock keys rotate")
            }
        }
    }

    private func days(_ key: DataKey, _ now: Moment) -> Int { KeyAge.days(madeAt: key.createdAt, now) }

    private func line(_ key: DataKey, isCurrent: Bool, _ now: Moment) -> String {
        if key.isRetired { return "data key \(key.id), a former master key: opens what it has sealed" }
        let state = isCurrent ? "seals credentials" : "opens what it has sealed"
        return "data key \(key.id), made \(key.createdAt), \(days(key, now)) days old: \(state)"
    }

    private func json(_ key: DataKey, isCurrent: Bool, _ now: Moment) -> JSON {
        [
            "id": .string(key.id), "createdAt": key.isRetired ? .null : .string(key.createdAt.description),
            "isCurrent": .bool(isCurrent), "wasMasterKey": .bool(key.isRetired),
            "isOld": .bool(isCurrent && age.isOld(madeAt: key.createdAt, now)),
        ]
    }
}

/// `crossdock keys rotate`
struct KeysRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Make a new data key and seal every credential with it; hubs go on meanwhile.")

    @Flag(help: "Change the master key, too: a new key file, or the keys of the environment (see below).")
    var master = false
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options, renewsMasterKey: master)
            let done =
                master
                ? try await open.hub.rotateMasterKey(by: Person.atThisTerminal)
                : try await open.hub.rotateKeys(by: Person.atThisTerminal)
            await open.close()
            let old = master ? try open.masters.finishNew() : nil
            if options.json {
                let answer: JSON = [
                    "dataKey": .string(done.key), "resealed": .integer(done.resealed),
                    "rewrapped": .integer(done.rewrapped),
                ]
                return print(answer.text)
            }
            print("data key \(done.key) seals now; credentials of \(done.resealed) integrations were sealed anew")
            guard master else { return }
            print("master key \(Vault.id(of: open.key)) seals the data keys now")
            if let old {
                Terminal.note(
                    "the old key is \(old); backups from before need it: keep a copy with them, then remove it")
            } else {
                Terminal.note("CROSSDOCK_ENCRYPTION_KEY_OLD is not needed any more; backups from before need that key")
            }
        }
    }
}
