import ArgumentParser
import ConnectorKit
import Foundation
import Ledger
import Pipeline

/// `crossdock connect`
struct ConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Connect a shop, a book or another system.",
        discussion: """
            An integration that is connected keeps its settings until --replace gives it others.

            Settings come from --config FILE (JSON), --set and --secret, and for WooCommerce also from WOOCOMMERCE_* \
            in the environment or .env. A secret may be read from a file: --secret consumerSecret=@FILE.
            """)

    @Argument(help: "The connector: woocommerce, gnucash, ...")
    var connector: String

    @Option(help: "A name for the integration, unique in the organization.")
    var name: String?

    @Option(help: "Settings as a JSON file; - reads standard input.")
    var config: String?

    @Option(name: .customLong("set"), help: "A setting: key=value, or group.key=value.")
    var values: [String] = []

    @Option(name: .customLong("secret"), help: "A secret: key=value, or key=@FILE.")
    var secrets: [String] = []

    @Option(help: "How often a kind is read: SECONDS, or KIND=SECONDS.")
    var every: [String] = []

    @Option(help: "Which way a kind travels: pull, push, both or none; or KIND=WAY.")
    var direction: [String] = []

    @Option(help: "What decides when both sides changed a part: PART=POLICY, e.g. customer.phone=manual.")
    var policy: [String] = []

    @Option(
        help: """
            What is offered there of stock: TERM=VALUE for all, SKU.TERM=VALUE for one product. Terms: mode (shared, \
            allotted), buffer, maximum, share.
            """)
    var stock: [String] = []

    @Option(
        name: .customLong("guard"),
        help: """
            How much at once waits for a person: TERM=VALUE. Terms: share (percent of its records, 30), minimum (so \
            many are no alarm, 10), price (percent a price must change by to count, 50).
            """)
    var guardTerms: [String] = []

    @Flag(help: "Give an integration that is connected already new settings; all it knows, and its address, stay.")
    var replace = false

    @Option(
        help: """
            With --replace: for how many hours calls signed with the old secret are still taken. 0 for a secret that \
            others know.
            """)
    var keepSecret = 0.0

    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            try await open.hub.checkKey()
            let given = try SettingsInput(self, environment: open.environment).json()
            let name = name ?? given.name ?? connector
            let integration =
                replace
                ? try await open.hub.replace(
                    connector, name: name, config: given.config, options: habits(),
                    keepingOldSecretsSeconds: keepSecret * 3600, by: Person.atThisTerminal)
                : try await open.hub.connect(
                    connector, name: name, config: given.config, options: habits(), by: Person.atThisTerminal)
            if options.json {
                let address = open.hub.webhookAddress(integration)
                print(
                    JSON.object([
                        "id": .string(integration.publicID), "name": .string(integration.name),
                        "webhookAddress": .text(address),
                    ]).text)
            } else {
                let reason = integration.reason.map { "It is inactive: \($0). " } ?? ""
                Terminal.note(
                    "connected \(integration.name) (\(integration.connector)). \(reason)"
                        + "Next: crossdock check \(integration.name)"
                )
                print(integration.publicID)
            }
            await open.close()
        }
    }

    private func habits() throws -> IntegrationOptions {
        var result = IntegrationOptions()
        for text in every {
            let (key, value) = Self.pair(text)
            guard let seconds = Int(value) else { throw Refusal("--every \(text): expected SECONDS or KIND=SECONDS") }
            result.intervals[try Self.kind(key)] = seconds
        }
        for text in direction {
            let (key, value) = Self.pair(text)
            result.directions[try Self.kind(key)] = value
        }
        for text in policy {
            guard text.contains("=") else { throw Refusal("--policy \(text): expected PART=POLICY") }
            let (key, value) = Self.pair(text)
            result.policies[try PolicyWords.part(key)] = try PolicyWords.policy(value)
        }
        for text in stock { try StockWords.put(text, into: &result.stock) }
        for text in guardTerms { try GuardWords.put(text, into: &result.guardTerms, of: "--guard ") }
        return result
    }

    private static func pair(_ text: String) -> (String, String) {
        guard let equals = text.firstIndex(of: "=") else { return ("*", text) }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    private static func kind(_ word: String) throws -> String {
        guard word == "*" || RecordKind(rawValue: word) != nil else {
            let known = RecordKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal("\"\(word)\" is no kind of record; there are: \(known)")
        }
        return word
    }
}

/// The words of `--stock`.
enum StockWords {
    /// `buffer=2`, or `TEA-250.buffer=2`. A SKU may hold points itself: the term stands behind the last one.
    static func put(_ text: String, into terms: inout [String: OfferTerms]) throws {
        guard let equals = text.lastIndex(of: "="), equals > text.startIndex else {
            throw Refusal("--stock \(text): expected TERM=VALUE or SKU.TERM=VALUE")
        }
        let name = text[..<equals]
        let point = name.lastIndex(of: ".")
        let sku = point.map { String(name[..<$0]) } ?? "*"
        let term = String(point.map { name[name.index(after: $0)...] } ?? name)
        let key = sku == "*" ? sku : NaturalKey.folded(sku)
        guard !key.isEmpty else { throw Refusal("--stock \(text): the SKU before the point is empty") }
        do throws(PartError) {
            try terms[key, default: OfferTerms()].set(term, to: String(text[text.index(after: equals)...]))
        } catch {
            throw Refusal("--stock \(text): \(error.description)")
        }
    }
}

/// The words of `--policy`.
enum PolicyWords {
    private static let known = [
        "timestamp", "manual", "merge", "counter", "priority", "local", "nxt_wins", "hub_wins", "remote", "source",
        "wc_wins",
    ]

    /// `*`, a kind, or a part of a kind: `customer.phone`, `customer.*`.
    static func part(_ word: String) throws -> String {
        let names = word.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let kinds = RecordKind.allCases.filter { names[0] == "*" || names[0] == $0.rawValue }
        let part = names.count == 2 ? names[1] : "*"
        guard part == "*" ? !kinds.isEmpty : kinds.contains(where: { $0.parts.contains { $0.name == part } }) else {
            let parts = kinds.count == 1 ? kinds[0].parts.map(\.name) : RecordKind.allCases.map(\.rawValue)
            throw Refusal("--policy: \"\(word)\" is no part; there are: \(parts.joined(separator: ", "))")
        }
        return word
    }

    static func policy(_ word: String) throws -> String {
        let all = known + Registry.connectors.map { "\($0.card.name)_wins" }
        guard all.contains(word) else {
            throw Refusal("--policy: \"\(word)\" is no policy; there are: \(all.joined(separator: ", "))")
        }
        return word
    }
}

/// Settings gathered from a file, the command line and the environment.
struct SettingsInput {
    let command: ConnectCommand
    let environment: HubEnvironment

    init(_ command: ConnectCommand, environment: HubEnvironment) {
        self.command = command
        self.environment = environment
    }

    /// The settings, and the name a file of seed 000's form gives.
    func json() throws -> (config: JSON, name: String?) {
        var whole = try file()
        let isWrapped = whole["configuration"]?.object != nil
        var members = (isWrapped ? whole["configuration"] : whole)?.object ?? [:]
        for text in command.values + command.secrets { try put(text, into: &members) }
        if command.connector == "woocommerce" {
            // Both names of one thing reach the card, which refuses two different values; what the command line names
            // beats the environment (C-24).
            let named = try names(of: command.values + command.secrets)
            for (key, value) in environment.variables(prefix: "WOOCOMMERCE_")
            where members[key] == nil && !named.contains(key) {
                members[key] = .string(value)
            }
        }
        let name = whole["name"]?.string
        if isWrapped, var outer = whole.object {
            outer["configuration"] = .object(members)
            whole = .object(outer)
            return (whole, name)
        }
        return (.object(members), nil)
    }

    /// All names of the settings that are given on the command line.
    private func names(of given: [String]) throws -> Set<String> {
        let keys = Set(given.map { String($0.prefix { $0 != "=" }) })
        let card = Registry.connectors.first { $0.card.name == command.connector }?.card
        return (card?.settings ?? []).filter { !keys.isDisjoint(with: [$0.name] + $0.aliases) }
            .reduce(into: keys) { $0.formUnion([$1.name] + $1.aliases) }
    }

    private func file() throws -> JSON {
        guard let path = command.config else { return [:] }
        let data =
            path == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: path)
        guard let data else { throw Refusal("the settings file \(path) cannot be read") }
        do {
            let json = try JSON(parsing: data)
            guard json.object != nil else { throw Refusal("\(path): expected settings as a JSON object") }
            if let key = RepeatedKey.first(in: Array(data), parsed: json) {
                throw Refusal("\(path): \"\(key)\" stands there twice; keep one of them")
            }
            return json
        } catch let error as JSONError {
            throw Refusal("\(path): \(error)")
        }
    }

    private func put(_ text: String, into members: inout [String: JSON]) throws {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw Refusal("a setting is given as key=value")
        }
        let names = text[..<equals].split(separator: ".").map(String.init)
        var value = String(text[text.index(after: equals)...])
        if value.hasPrefix("@") {
            let path = String(value.dropFirst())
            guard let content = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw Refusal("the file \(path) for \(names.joined(separator: ".")) cannot be read")
            }
            value = content.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        Self.put(.string(value), at: names[...], into: &members)
    }

    private static func put(_ value: JSON, at names: ArraySlice<String>, into members: inout [String: JSON]) {
        guard let first = names.first else { return }
        if names.count == 1 {
            members[first] = value
            return
        }
        var inner = members[first]?.object ?? [:]
        put(value, at: names.dropFirst(), into: &inner)
        members[first] = .object(inner)
    }
}
