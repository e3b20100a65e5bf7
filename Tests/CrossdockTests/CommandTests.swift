import Commerce
import Foundation
import Testing

@testable import crossdock

@Suite("Commands", .serialized)
struct CommandTests {
    private func answer(
        _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> ProgramAnswer {
        let program = try Program()
        defer { program.close() }
        return try await program.run(arguments, environment: environment)
    }

    @Test(arguments: [["version"], ["--version"]])
    func theVersionIsSaid(arguments: [String]) async throws {
        let answer = try await answer(arguments)

        #expect(answer.status == 0)
        #expect(answer.output.contains(Version.text))
        #expect(answer.errors.isEmpty)
    }

    @Test func helpNamesEveryCommandAndTheExitCodes() async throws {
        let answer = try await answer(["--help"])

        #expect(answer.status == 0)
        for type in Crossdock.configuration.subcommands {
            let name = type.configuration.commandName ?? ""
            #expect(!name.isEmpty && answer.output.contains("\n  \(name) "), "\(name)")
        }
        #expect(answer.output.contains("Exit codes: 0 done"))
    }

    @Test func everyCommandHasItsHelp() async throws {
        for type in Crossdock.configuration.subcommands {
            let answer = try await answer([type.configuration.commandName ?? "", "--help"])
            #expect(answer.status == 0 && answer.output.contains("USAGE: crossdock"), "\(answer.said)")
        }
    }

    @Test(arguments: [
        ["bogus"], ["token"], ["status", "--nonsense"], ["serve", "--port", "x"], ["sync"], ["token", "--role"],
    ])
    func whatIsNoCommandIsRefusedWithExitCode2(arguments: [String]) async throws {
        let answer = try await answer(arguments)

        #expect(answer.status == 2, "\(answer.said)")
        #expect(answer.errors.contains("Usage: crossdock"))
        #expect(answer.output.isEmpty)
    }

    @Test func aTokenStandsAloneOnTheLastLine() async throws {
        let answer = try await answer(["token", "--role", "viewer"])

        #expect(answer.status == 0, "\(answer.said)")
        let token = try #require(answer.lines.last)
        #expect(token.split(separator: ".").count == 3)
        #expect(token.allSatisfy { $0.isLetter || $0.isNumber || "-_.".contains($0) })
        #expect(!answer.errors.contains(token))
    }

    @Test(arguments: [
        (["--role", "king"], "must be one of admin, operator, viewer, integration"),
        (["--role", "viewer", "--organization", "other"], "one organization"),
        (["--role", "viewer", "--days", "0"], "valid for 1 to"),
        (["--role", "viewer", "--days", "99999"], "valid for 1 to"),
    ])
    func aTokenForNobodyIsRefused(arguments: [String], sentence: String) async throws {
        let answer = try await answer(["token"] + arguments)

        #expect(answer.status == 2, "\(answer.said)")
        #expect(answer.errors.contains(sentence), "\(answer.said)")
        #expect(answer.output.isEmpty)
    }

    @Test func aShortSecretForTokensIsRefusedAndNotShown() async throws {
        let answer = try await answer(["token", "--role", "viewer"], environment: ["JWT_SECRET": "hidden-short"])

        #expect(answer.status == 2, "\(answer.said)")
        #expect(answer.errors.contains("needs 32 or more"))
        #expect(!answer.said.contains("hidden-short"))
    }

    @Test func anEmptyHubSaysSoInWordsAndInJSON() async throws {
        let program = try Program()
        defer { program.close() }
        for (command, words) in [
            ("integrations", "No integration yet"), ("status", "nothing waits"), ("jobs", "Nothing waits."),
            ("dead", "No task was given up."), ("schedules", "No schedule yet"), ("conflicts", "No conflict is open."),
            ("batches", "No batch yet"),
        ] {
            let plain = try await program.run([command])
            #expect(plain.status == 0 && plain.output.contains(words), "\(command): \(plain.said)")

            let json = try await program.run([command, "--json"])
            #expect(json.status == 0, "\(command): \(json.said)")
            let parsed = try JSON(parsing: json.output)
            if command != "status" { #expect(parsed.array?.isEmpty == true, "\(command): \(json.output)") }
        }
    }

    @Test(arguments: [
        (["explain", "product", "NO-SUCH"], 2, "no product is known by \"NO-SUCH\""),
        (["explain", "spoon", "X"], 2, "\"spoon\" is no kind; there are: "),
        (["sync", "nobody"], 2, "there is no integration named \"nobody\""),
        (["check", "nobody"], 2, "there is no integration named \"nobody\""),
        (["sync", "shop", "--direction", "up"], 2, "must be pull, push or both"),
        (["sync", "shop", "--entity", "spoon"], 2, "\"spoon\" is no kind"),
        (["jobs", "--state", "odd"], 2, "\"odd\" is no state; there are: "),
        (["jobs", "--limit", "0"], 2, "--limit must be from 1 to 500"),
        (["jobs", "--run", "7"], 2, "task 7 is not there"), (["dead", "--drop", "7"], 2, "task 7 is not there"),
        (["jobs", "--why", "7"], 2, "task 7 is not there"),
        (["jobs", "--snooze", "7"], 2, "task 7 is not there, or it does not wait"),
        (["jobs", "--hold", "7"], 2, "task 7 is not there, or it does not wait"),
        (["jobs", "--snooze", "7", "--minutes", "0"], 2, "--minutes must be from 1 to 525600"),
        (["cancel"], 2, "name what is dropped"), (["cancel", "nobody"], 2, "no integration named \"nobody\""),
        (["cancel", "--queue", "odd"], 2, "\"odd\" is no queue"), (["batches", "--id", "7"], 2, "there is no batch 7"),
        (["batches", "--drop", "7"], 2, "there is no batch 7 that goes on"),
        (["batches", "--limit", "0"], 2, "--limit must be from 1 to 500"),
        (["sync", "shop", "--later", "--plan"], 2, "--later and --plan exclude each other"),
        (["sync", "shop", "--later", "--priority", "1001"], 2, "--priority must be from 0 to 1000"),
        (["sync", "nobody", "--later"], 2, "there is no integration named \"nobody\""),
        (["dead", "edit", "7"], 2, "task 7 is no task that was given up"),
        (["dead", "edit", "7", "--payload", "@/no/such/file"], 2, "cannot be read"),
        (["dead", "retry"], 2, "name the tasks"), (["dead", "drop", "--queue", "odd"], 2, "\"odd\" is no queue"),
        (["pause", "nobody"], 2, "there is no integration named \"nobody\""),
        (["pause", "--queue", "odd"], 2, "\"odd\" is no queue; there are: receive, fetch, deliver, pull, task"),
        (["resume"], 2, "nothing is paused"), (["limits", "nobody"], 2, "no integration named \"nobody\""),
        (["limits", "shop", "--per-second", "0"], 2, "--per-second must be from"),
        (["limits", "shop", "--burst", "3"], 2, "--burst needs --per-second"),
        (["limits", "shop", "--at-once", "0"], 2, "--at-once must be from 1 to"),
        (["schedules", "set", "shop", "order", "--cron", "0 0 30 2 *"], 2, "never fires: Feb has no day 30"),
        (["schedules", "set", "shop", "order", "--cron", "0 0 * *"], 2, "has 4 fields"),
        (["schedules", "set", "shop", "order", "--cron", "0 0 * * *", "--zone", "Mars"], 2, "is no time zone"),
        (["schedules", "set", "shop", "order", "--every", "often"], 2, "is no interval; there are: 4-hourly"),
        (["schedules", "set", "shop", "order", "--every", "0"], 2, "the shortest is 1"),
        (["schedules", "set", "shop", "order"], 2, "give --cron or --every"),
        (["schedules", "set", "shop", "spoon", "--every", "daily"], 2, "\"spoon\" is no kind; there are: "),
        (["conflicts", "--resolve", "7"], 2, "--resolve needs --use"),
        (["conflicts", "--resolve", "7", "--use", "theirs"], 2, "no conflict 7 is open"),
        (["conflicts", "--resolve", "7", "--use", "{odd"], 2, "neither theirs, ours nor a JSON value"),
        (["sandbox", "magento"], 2, "there is no stand-in for \"magento\"; there is: woocommerce"),
        (["sandbox", "woocommerce", "--currency", "rupees"], 2, "--currency"),
        (["serve", "--open-on-loopback", "--bind", "0.0.0.0"], 2, "needs a loopback --bind"),
        (["serve", "--public-url", "ftp://x"], 2, "is not an http or https address"),
    ])
    func aWrongWordIsRefusedWithASentence(arguments: [String], status: Int32, sentence: String) async throws {
        let answer = try await answer(arguments)

        #expect(answer.status == status, "\(arguments): \(answer.said)")
        #expect(answer.errors.contains(sentence), "\(arguments): \(answer.said)")
        #expect(answer.output.isEmpty, "\(arguments): \(answer.output)")
    }

    @Test(arguments: [
        (["DATABASE_URL": "mysql://user:hidden-word@host/base"], "mysql is no store"),
        (["DATABASE_URL": "postgres:/user:hidden-word@host/base"], "\"postgres:\" must be followed by //"),
        (["DATABASE_URL": "oracle:thin:hidden-word@host"], "\"oracle\" is no kind of store"),
        (["CROSSDOCK_STORE": "sqlite:"], "names no file"),
        (["DATABASE_URL": "postgres://user:hidden-word@x@y@/%zz"], "cannot be read; write it like"),
        (["DB_HOST": "127.0.0.1", "DATABASE_URL": "sqlite:a"], "both name the store"),
        (["DB_HOST": "a", "DB_PASSWORD": "hidden-word", "DB_PASSWORD_FILE": "b"], "both name a password"),
        (["DATABASE_URL": "sqlite:a", "CROSSDOCK_STORE": "sqlite:b"], "are one setting and differ"),
        (["DB_HOST": "a", "DB_PORT": "x"], "DB_PORT \"x\" is no port"),
        (
            ["DATABASE_URL": "postgres://a@b/c", "DB_PASSWORD": "hidden-word", "DB_PASSWORD_FILE": "b"],
            "both name a password"
        ),
        (["LOG_LEVEL": "loud"], "the log level \"loud\" is none of"),
        (["CROSSDOCK_ENCRYPTION_KEY": "hidden-word"], "key"),
        (["CROSSDOCK_PUBLIC_URL": "http://a.example", "API_BASE_URL": "http://b.example"], "one setting and differ"),
        (["API_BASE_URL": "hub.example"], "is not an http or https address"),
    ])
    func aBadVariableIsRefusedAndNoSecretOfItShown(environment: [String: String], sentence: String) async throws {
        let answer = try await answer(["status"], environment: environment)

        #expect(answer.status == 2, "\(answer.said)")
        #expect(answer.errors.contains(sentence), "\(answer.said)")
        #expect(!answer.said.contains("hidden-word"), "\(answer.said)")
    }

    @Test(arguments: [
        (["DATABASE_URL": "postgres://user:hidden-word@127.0.0.1:1/base"], "no PostgreSQL answers for"),
        (["DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_PASSWORD": "hidden-word"], "no PostgreSQL answers for"),
        (["DB_HOST": "a", "DB_PASSWORD_FILE": "/nowhere/word"], "the password's file /nowhere/word cannot be read"),
    ])
    func aServerThatCannotBeReachedIsNamedAndNoSecretShown(
        environment: [String: String], sentence: String
    ) async throws {
        let answer = try await answer(["status"], environment: environment)

        #expect(answer.status == 1, "\(answer.said)")
        #expect(answer.errors.contains(sentence), "\(answer.said)")
        #expect(!answer.said.contains("hidden-word"), "\(answer.said)")
    }

    @Test(arguments: ["PORT", "CROSSDOCK_PORT"])
    func aPortThatIsNoneIsRefused(name: String) async throws {
        for value in ["x", "70000", "-1"] {
            let answer = try await answer(["serve"], environment: [name: value])
            #expect(answer.status == 2 && answer.errors.contains("is no port"), "\(answer.said)")
        }
    }

    @Test(arguments: [["serve"], ["sandbox", "woocommerce"]])
    func aPortBeyondTheLastIsRefused(command: [String]) async throws {
        let answer = try await answer(command + ["--port", "70000"])

        #expect(answer.status == 2 && answer.errors.contains("--port 70000 is no port"), "\(answer.said)")
    }

    @Test func twoPlacesForOneStoreAreRefused() async throws {
        let answer = try await answer(["status", "--data", "a", "--store", "b.sqlite"])

        #expect(answer.status == 2)
        #expect(answer.errors.contains("--data and --store both name the store"))

        let told = try await self.answer(
            ["status"], environment: ["CROSSDOCK_DATA": "a", "CROSSDOCK_STORE": "sqlite:b.sqlite"])
        #expect(told.status == 2)
        #expect(told.errors.contains("CROSSDOCK_DATA and CROSSDOCK_STORE (or DATABASE_URL) both name the store"))
    }

    @Test func theCommandLineBeatsTheEnvironment() async throws {
        let program = try Program()
        defer { program.close() }
        let answer = try await program.run(
            ["status", "--data", program.path("mine")], environment: ["DATABASE_URL": "sqlite:b.sqlite"])
        #expect(answer.status == 0, "\(answer.errors)")
        #expect(FileManager.default.fileExists(atPath: program.path("mine/crossdock.sqlite")))
    }

    @Test func theStoreIsReadableByItsOwnerAloneWhateverFolderItLiesIn() async throws {
        let program = try Program()
        defer { program.close() }
        try FileManager.default.createDirectory(
            atPath: program.path("open"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let answer = try await program.run(
            ["status", "--store", program.path("open/hub.sqlite")], environment: ["CROSSDOCK_DATA": ""])
        #expect(answer.status == 0, "\(answer.errors)")
        for name in try FileManager.default.contentsOfDirectory(atPath: program.path("open")) {
            let attributes = try FileManager.default.attributesOfItem(atPath: program.path("open/" + name))
            #expect((attributes[.posixPermissions] as? Int) == 0o600, "\(name)")
        }
    }

    @Test func theKeyIsMadeOnceAndReadableByItsOwnerAlone() async throws {
        let program = try Program()
        defer { program.close() }
        let first = try await program.run(["status"])
        let key = try Data(contentsOf: URL(filePath: program.path("hub/crossdock.key")))
        let second = try await program.run(["status"])

        #expect(first.status == 0 && first.errors.contains("made an encryption key"))
        #expect(second.status == 0 && second.errors.isEmpty, "\(second.said)")
        #expect(key.count == 32)
        #expect(try Data(contentsOf: URL(filePath: program.path("hub/crossdock.key"))) == key)
        #expect(try mode(program.path("hub/crossdock.key")) == 0o600)
        #expect(try mode(program.path("hub")) == 0o700)
    }

    @Test func aKeyThatWasCutIsRefusedAndLeftAsItIs() async throws {
        let program = try Program()
        defer { program.close() }
        try FileManager.default.createDirectory(atPath: program.path("hub"), withIntermediateDirectories: true)
        try program.write("short", to: "hub/crossdock.key")

        let answer = try await program.run(["status"])

        #expect(answer.status == 2 && answer.errors.contains("must hold 32 bytes; it holds 5"), "\(answer.said)")
        #expect(try String(contentsOfFile: program.path("hub/crossdock.key"), encoding: .utf8) == "short")
    }

    @Test func aStoreThatIsNoDatabaseIsNotTouched() async throws {
        let program = try Program()
        defer { program.close() }
        let text = String(repeating: "This is a letter, not a database.\n", count: 60)
        let path = try program.write(text, to: "letter.txt")

        let answer = try await program.run(["status", "--store", path])

        #expect(answer.status == 1, "\(answer.said)")
        #expect(answer.errors.hasPrefix("crossdock: ") || answer.errors.contains("\ncrossdock: "))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    private func mode(_ path: String) throws -> Int? {
        (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
    }
}
