import Foundation
import Testing

@testable import crossdock

@Suite("The environment and .env")
struct HubEnvironmentTests {
    private func read(_ text: String) throws -> [String: String] { try HubEnvironment.read(text, path: ".env") }

    /// An environment with a file of this text.
    private func environment(_ process: [String: String], file: String) throws -> HubEnvironment {
        let folder = FileManager.default.temporaryDirectory.appending(path: "crossdock-env-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try file.write(to: folder.appending(path: ".env"), atomically: true, encoding: .utf8)
        return try HubEnvironment(process: process, folder: folder.path)
    }

    @Test(arguments: [
        ("NAME=value", "value"), ("  NAME = value  ", "value"), ("export NAME=value", "value"),
        ("NAME=\"two words\"", "two words"), ("NAME='a # b'", "a # b"), ("NAME=value # remark", "value"),
        ("NAME=a#b", "a#b"), ("NAME=a=b=", "a=b="), ("NAME=", ""), ("NAME=\"\"", ""), ("# x\n\nNAME=y\n", "y"),
        ("NAME=ආයුබෝවන්", "ආයුබෝවන්"), ("NAME=value\r\nOTHER=x\r", "value"),
    ])
    func aLineGivesItsValue(line: String, value: String) throws {
        #expect(try read(line)["NAME"] == value)
    }

    @Test(arguments: [
        ("NAME", "line 1: expected NAME=value"), ("A=1\n=x", "line 2: expected NAME=value"),
        ("NAME=\"open", "line 1: the quote of NAME is not closed"), ("NAME='", "the quote of NAME is not closed"),
        ("NAME=a\nNAME=b", "NAME stands there twice with different values"),
    ])
    func aLineThatCannotBeReadIsRefusedWithItsPlace(text: String, sentence: String) {
        #expect {
            try read(text)
        } throws: {
            "\($0)".contains(sentence)
        }
    }

    @Test func aRefusalShowsNoValue() {
        #expect {
            try read("SECRET=hidden-one\nSECRET=hidden-two")
        } throws: {
            !"\($0)".contains("hidden")
        }
    }

    @Test func theSameValueTwiceIsNoContradiction() throws {
        #expect(try read("NAME=a\nNAME=a")["NAME"] == "a")
    }

    @Test func theProcessBeatsTheFile() throws {
        let both = try environment(["NAME": "process"], file: "NAME=file\nOTHER=file")

        #expect(try both.value(["NAME"]) == "process")
        #expect(try both.value(["OTHER"]) == "file")
        #expect(both.variables(prefix: "NA") == ["NAME": "process"])
    }

    @Test func anEmptyVariableCountsAsNotGiven() throws {
        let both = try environment(["NAME": ""], file: "NAME=file\nBLANK=")

        #expect(try both.value(["NAME"]) == "file")
        #expect(try both.value(["BLANK"]) == nil)
        #expect(both.variables(prefix: "NAME") == ["NAME": "file"])
    }

    @Test func twoNamesOfOneThingMayNotDiffer() throws {
        let process = try HubEnvironment(process: ["A": "1", "B": "2"], folder: "/nonexistent")

        #expect {
            try process.value(["A", "B"])
        } throws: {
            "\($0)".contains("A and B are one setting and differ in the environment")
        }
        #expect(try HubEnvironment(process: ["A": "1", "B": "1"], folder: "/nonexistent").value(["A", "B"]) == "1")
    }

    @Test func aNameOfTheProcessBeatsAnotherNameInTheFile() throws {
        #expect(try environment(["B": "process"], file: "A=file").value(["A", "B"]) == "process")
    }

    @Test(arguments: ["mysql://h/d", "mariadb://h/d", "mongodb://h/d", "oracle://h/d"])
    func aStoreThatIsNeitherAFileNorPostgreSQLIsRefused(url: String) throws {
        var options = HubOptions()
        (options.data, options.store, options.json) = (nil, url, false)
        let environment = try HubEnvironment(process: [:], folder: "/nonexistent")

        #expect(throws: Refusal.self) { try StorePlace(options, environment) }
    }
}
