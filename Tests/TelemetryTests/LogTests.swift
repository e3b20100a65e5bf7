import Foundation
import Logging
import Synchronization
import Testing

@testable import Telemetry

@Suite("The log")
struct LogTests {
    private static let folder = FileManager.default.temporaryDirectory

    private func path() -> String { Self.folder.appending(path: "crossdock-log-\(UUID().uuidString)").path }

    private func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

    private static func line(_ message: String, _ fields: [String: String] = [:]) -> LogLine {
        LogLine(seconds: 1_800_000_000.25, level: .warning, label: "crossdock", message: message, fields: fields)
    }

    @Test func aLineForPeopleIsOneLine() {
        #expect(
            Self.line("two\nlines \u{1B}[31m", ["integration": "shop", "a": "b\tc"]).text(as: .text)
                == "2027-01-15T08:00:00.250Z warning crossdock: a=b\\tc integration=shop two\\nlines \u{FFFD}[31m\n")
    }

    @Test func aLineForProgramsIsOneObject() throws {
        let text = Self.line("he said \"no\"\n\u{1}", ["trace": "4bf9", "level": "own"]).text(as: .json)
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String]

        #expect(text.hasSuffix("}\n") && text.filter { $0 == "\n" }.count == 1)
        #expect(
            object == [
                "time": "2027-01-15T08:00:00.250Z", "level": "warning", "logger": "crossdock",
                "message": "he said \"no\"\n\u{1}", "trace": "4bf9", "_level": "own",
            ])
    }

    @Test(arguments: [
        ("consumer_secret=cs_0123456789abcdef&page=2", "consumer_secret=***&page=2"),
        ("Authorization: Bearer abc.def.ghi failed", "Authorization: Bearer *** failed"),
        ("{\"password\":\"hunter2\",\"name\":\"mara\"}", "{\"password\":\"***\",\"name\":\"mara\"}"),
        ("the key ck_0123456789abcdef is refused", "the key *** is refused"),
        ("mail to nadeesha@example.com bounced", "mail to ***@example.com bounced"),
        ("postgres://hub:s3cret@db/x", "postgres://hub:***@db/x"), ("card 4111111111111111 used", "card ***1111 used"),
        ("order 10482 at 1800000000000 of shop", "order 10482 at 1800000000000 of shop"),
        ("token expired", "token expired"), ("status 401", "status 401"), ("", ""),
    ])
    func whatMustStandInNoLogIsTakenOut(text: String, expected: String) {
        #expect(Redaction.text(text) == expected)
    }

    @Test func aFieldThatIsCalledSoIsNotTold() {
        let line = Self.line("refused", ["webhookSecret": "abc", "integration": "shop"]).text(as: .text)

        #expect(line.contains("webhookSecret=***"))
        #expect(line.contains("integration=shop"))
        #expect(!line.contains("abc"))
    }

    @Test func whatIsVeryLongIsCut() {
        let text = Redaction.text(String(repeating: "word ", count: 20_000))

        #expect(text.utf8.count < 20_000 && text.hasSuffix("(cut)"))
    }

    @Test func aFileThatWasMovedAwayIsMadeAnew() throws {
        let (path, clock) = (path(), Clock())
        defer { for name in [path, path + ".1"] { try? FileManager.default.removeItem(atPath: name) } }
        let file = try LogFile(path, clock: { clock.now })
        file.write("one\n")
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        file.write("two\n")
        clock.pass(1)
        file.write("three\n")

        // Within a second nobody looks; then lines go on in a new file, and none is lost.
        #expect(text(path + ".1") == "one\ntwo\n")
        #expect(text(path) == "three\n")
    }

    @Test func itLooksAtOnceWhenItIsAsked() throws {
        let (path, clock) = (path(), Clock())
        defer { for name in [path, path + ".1"] { try? FileManager.default.removeItem(atPath: name) } }
        let file = try LogFile(path, clock: { clock.now })
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        file.reopen()
        file.write("here\n")

        #expect(text(path) == "here\n")
        let rights = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect((rights ?? 0o777) & 0o007 == 0)
    }

    @Test func aFileThatIsMadeEmptyMeanwhileIsWrittenFromItsBeginning() throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try LogFile(path)
        file.write("one\n")
        #expect(truncate(path, 0) == 0)
        file.write("two\n")

        #expect(text(path) == "two\n")
    }

    @Test func aFileThatCannotBeWrittenIsRefusedWithItsName() {
        #expect(throws: LogFile.Failure.self) { try LogFile("/no/such/folder/hub.log") }
    }

    @Test func theLevelChangesForLoggersThatThereAre() {
        let desk = LogDesk(level: .info)
        let logger = Logger(label: "x", factory: { DeskLogHandler(desk, label: $0) })
        #expect(logger.logLevel == .info)
        desk.level = .debug
        #expect(logger.logLevel == .debug && desk.usualLevel == .info)
        var other = logger
        other.logLevel = .error
        desk.level = .trace
        #expect(other.logLevel == .error && logger.logLevel == .trace)
    }

    @Test func aLineNamesTheTraceItBelongsTo() throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let desk = LogDesk(level: .info)
        desk.write(to: try LogFile(path))
        desk.format = .json
        let logger = Logger(label: "x", factory: { DeskLogHandler(desk, label: $0) })
        Trace.$current.withValue(Trace(random: Array(1...24))) { logger.info("hello", metadata: ["a": "b"]) }

        #expect(text(path).contains("\"a\":\"b\",\"trace\":\"0102030405060708090a0b0c0d0e0f10\"}"))
    }

    private final class Clock: Sendable {
        private let seconds = Mutex(1000.0)
        var now: Double { seconds.withLock { $0 } }
        func pass(_ more: Double) { seconds.withLock { $0 += more } }
    }
}
