import Foundation
import Testing

@Suite("Documents")
struct DocumentTests {
    static let documents = House.files.filter { $0.hasSuffix(".md") && !$0.contains("/_Template/") }
    static let examples = documents.flatMap { shellExamples(in: House.text($0), of: $0) }

    @Test func theDocumentsThatPeopleStartWithAreThere() {
        for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", ".env.example"] {
            #expect(House.files.contains(name), "\(name)")
        }
    }

    @Test func theReadmeLeadsWithTheTwoCommands() throws {
        let commands = Self.examples.filter { $0.document == "README.md" }.flatMap(\.commands)

        #expect(
            commands.prefix(2).map { $0.split(separator: "#")[0].trimmingCharacters(in: .whitespaces) } == [
                "make demo", "make test",
            ])
    }

    @Test func everyLinkToAFileLeadsSomewhere() {
        let found = Self.documents.flatMap { document in
            deadLinks(in: House.text(document), of: document).map { "\(document): \($0)" }
        }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func everyMakeCommandInAnExampleIsATarget() {
        let targets = Set(
            House.text("Makefile").split(separator: "\n").filter { $0.contains(": ##") }.compactMap {
                $0.split(separator: ":").first
            })
        let found = Self.examples.flatMap { example in
            example.commands.filter { command in
                let words = command.split(separator: " ")
                return words.first == "make" && !(words.count > 1 && targets.contains(words[1]))
            }.map { "\(example.document): \($0)" }
        }

        #expect(targets.count > 10)
        #expect(found.isEmpty, "\(breaches(found))")
    }

    /// The commands are the ones the program declares, so an example cannot outlive a renamed command.
    @Test func everyCrossdockCommandInAnExampleIsDeclared() {
        let sources = House.swift.filter { $0.path.hasPrefix("Sources/crossdock/") }.map {
            $0.lines.joined(separator: "\n")
        }
        let names = Self.examples.flatMap { example in
            example.commands.compactMap { command -> (String, String)? in
                let words = command.split(separator: " ").drop { $0.contains("=") }
                guard let program = words.first, program == "crossdock" || program.hasSuffix("/crossdock") else {
                    return nil
                }
                return words.dropFirst().first.map { (example.document, String($0)) }
            }
        }
        let found = names.filter { name in
            !name.1.hasPrefix("-") && !sources.contains { $0.contains("commandName: \"\(name.1)\"") }
        }

        #expect(found.isEmpty, "\(breaches(found.map { "\($0.0): crossdock \($0.1)" }))")
    }

    @Test func everyOtherCommandInAnExampleIsAKnownOne() {
        let known: Set<String> = [
            "make", "crossdock", "git", "cd", "cp", "mv", "rm", "mkdir", "export", "swift", "curl", "sqlite3", "sudo",
            "apt-get", "systemctl", "echo", "cat", "ls", "chmod", "openssl", "source",
        ]
        let found = Self.examples.flatMap { example in
            example.commands.filter { command in
                guard let word = command.split(separator: " ").first(where: { !$0.contains("=") }) else { return false }
                if word.contains("/crossdock") { return false }
                if word.hasPrefix("scripts/") { return !House.files.contains(String(word)) }
                return !known.contains(String(word))
            }.map { "\(example.document): \($0)" }
        }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    /// An example that starts with `# runs in test` is run as it stands, in an empty folder, with the built program on
    /// the path. A narrowed build has no program; the whole one has.
    @Test func theExamplesThatSaySoRun() throws {
        let programs = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        guard FileManager.default.isExecutableFile(atPath: programs.appending(path: "crossdock").path) else {
            return print("no crossdock beside the tests: the examples are run by the whole build alone")
        }
        for example in Self.examples where example.runsInTest {
            let folder = FileManager.default.temporaryDirectory.appending(
                path: "crossdock-example-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = programs.path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")

            let answer = try Shell.run(example.text, in: folder, timeoutSeconds: 60, environment: ["PATH": path])

            #expect(answer.status == 0, "\(example.document):\n\(example.text)\n\(answer.output)")
        }
    }

    @Test func anExampleIsReadLineByLine() {
        let text =
            "Text\n```sh\n# runs in test\ncrossdock version \\\n    --json\n\nmake test   # all\n```\n"
            + "```json\n{}\n```\n"

        let found = shellExamples(in: text, of: "A.md")

        #expect(found.count == 1)
        #expect(found.first?.runsInTest == true)
        #expect(found.first?.commands == ["crossdock version  --json", "make test   # all"])
    }

    @Test func aDeadLinkIsNoticed() {
        let text = "[a](Makefile) [b](nowhere.md#x) [c](https://example.com/none) [d](#here) `[e](code.md)`"

        #expect(deadLinks(in: text, of: "CONTRIBUTING.md") == ["nowhere.md#x"])
    }
}

/// One fenced `sh` block of a document.
struct ShellExample {
    let document: String
    let text: String

    var runsInTest: Bool { text.hasPrefix("# runs in test") }

    /// Its commands, continued lines joined, without comments and empty lines.
    var commands: [String] {
        text.replacing("\\\n   ", with: "").replacing("\\\n", with: "").split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("#") && !$0.allSatisfy(\.isWhitespace) && !$0.hasPrefix(" ") }
    }
}

/// The fenced `sh` blocks of a document.
func shellExamples(in text: String, of document: String) -> [ShellExample] {
    var found: [ShellExample] = []
    var open: [Substring]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        if let lines = open {
            guard line.hasPrefix("```") else {
                open = lines + [line]
                continue
            }
            found.append(ShellExample(document: document, text: lines.joined(separator: "\n")))
            open = nil
        } else if line.hasPrefix("```sh") {
            open = []
        }
    }
    return found
}

/// The links of a document to files that are not there.
func deadLinks(in text: String, of document: String) -> [String] {
    let folder = House.root.appending(path: document).deletingLastPathComponent()
    let prose = text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
        .filter { $0.offset % 2 == 0 }.map(\.element).joined()
    return prose.ranges(of: "](").compactMap { place in
        let target = String(prose[place.upperBound...].prefix { $0 != ")" })
        guard !target.contains("://"), !target.hasPrefix("#"), !target.hasPrefix("mailto:") else { return nil }
        let path = String(target.prefix { $0 != "#" })
        return FileManager.default.fileExists(atPath: folder.appending(path: path).path) ? nil : target
    }
}
