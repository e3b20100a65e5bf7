import Foundation
import Testing

/// What a hub says whose settings from outside are wrong, before it has made anything.
@Suite("A start that cannot be", .serialized)
struct MissingKeyTests {
    private let manager = FileManager.default

    @Test func noOtherKeyIsMadeInThePlaceOfOneThatIsMissing() async throws {
        let program = try Program()
        defer { program.close() }
        let key = program.path("hub/crossdock.key")
        #expect(try await program.run(["token", "--role", "viewer"]).status == 0)
        try manager.moveItem(atPath: key, toPath: key + ".kept")

        for command in [["serve", "--port", "0"], ["token", "--role", "viewer"], ["keys", "rotate", "--master"]] {
            let answer = try await program.run(command)
            #expect(answer.status == 2, "\(command): \(answer.said)")
            #expect(answer.errors.contains("is not there, and the store is sealed with one"), "\(answer.said)")
            #expect(answer.output.isEmpty && !manager.fileExists(atPath: key), "\(command): \(answer.said)")
        }
        // Who only looks goes on without it.
        #expect(try await program.run(["status"]).status == 0)
        #expect(!manager.fileExists(atPath: key))

        try manager.moveItem(atPath: key + ".kept", toPath: key)
        let back = try await program.run(["token", "--role", "viewer"])
        #expect(back.status == 0 && !back.errors.contains("is not there"), "\(back.said)")
    }

    @Test(arguments: [
        (["PORT": "ten"], "PORT \"ten\" is no port"),
        (
            ["NOTIFICATION_SERVICE_URL": "nowhere"],
            "CROSSDOCK_NOTIFICATION_URL (or NOTIFICATION_SERVICE_URL) is not an http or https address"
        ),
        (["CROSSDOCK_ALERT_QUEUE_SIZE": "many"], "CROSSDOCK_ALERT_QUEUE_SIZE"),
    ])
    func whatIsGivenIsLookedAtBeforeAnythingIsMade(environment: [String: String], sentence: String) async throws {
        let program = try Program()
        defer { program.close() }

        let answer = try await program.run(["serve"], environment: environment)

        #expect(answer.status == 2 && answer.errors.contains(sentence), "\(answer.said)")
        #expect(!manager.fileExists(atPath: program.path("hub")))
    }

    @Test func aKeyForTokensThatIsTooShortIsWhatWasGivenWrong() async throws {
        let program = try Program()
        defer { program.close() }

        let answer = try await program.run(
            ["serve", "--port", "0"], environment: ["JWT_SECRET": "your-super-secret-jwt-key"])

        #expect(answer.status == 2 && answer.errors.contains("has 25 bytes; it needs 32"), "\(answer.said)")
    }

    @Test func aFileThatIsNoStoreIsNamedAndLeftAsItIs() async throws {
        let program = try Program()
        defer { program.close() }
        let text = String(repeating: "a letter, and no store\n", count: 200)
        let path = try program.write(text, to: "letter.txt")

        let answer = try await program.run(["status", "--store", path], environment: ["CROSSDOCK_DATA": ""])

        #expect(answer.status == 1 && answer.errors.contains("\(path) is no store of the hub"), "\(answer.said)")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
}
