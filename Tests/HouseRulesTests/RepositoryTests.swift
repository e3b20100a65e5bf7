import Foundation
import Testing

@Suite("What lies in the repository")
struct RepositoryTests {
    @Test func whatIsBuiltOrResolvedIsNotTracked() throws {
        let ignored = House.text(".gitignore").split(separator: "\n")
        #expect(ignored.contains(".build/") && ignored.contains("Package.resolved"))

        guard let tracked = try trackedFiles() else { return print("no git here: only .gitignore was checked") }
        let found = tracked.filter {
            $0.hasPrefix(".build/") || $0.hasSuffix("Package.resolved") || $0.contains("/.build/")
        }
        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func noFileIsACopyOfTheCollectedContracts() throws {
        let shared = House.root.deletingLastPathComponent().appending(path: "shared")
        guard FileManager.default.fileExists(atPath: shared.path) else {
            return print("no collected contracts beside the project: nothing to compare with")
        }
        let theirs = try Set(contents(of: shared).map(\.bytes))

        let found = House.files.filter { path in
            guard let bytes = try? Foundation.Data(contentsOf: House.root.appending(path: path)) else { return false }
            return bytes.count >= 200 && theirs.contains(bytes)
        }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func whatRunsOnEveryChangeIsWhatADeveloperRuns() {
        #expect(House.text(".ci/run").split(separator: "\n").last == "make ci")
        let makefile = House.text("Makefile").split(separator: "\n")
        let phony = makefile.first { $0.hasPrefix(".PHONY:") }?.split(separator: " ").dropFirst() ?? []
        for target in phony {
            #expect(makefile.contains { $0.hasPrefix("\(target): ## ") }, "make help does not tell of \(target)")
        }
        for line in makefile {
            for word in line.split(separator: " ") where word.contains("scripts/") {
                let path = String(word.drop { $0 != "s" })
                #expect(House.files.contains(path), "the Makefile calls \(path)")
            }
        }
    }

    private func contents(of folder: URL) throws -> [(path: String, bytes: Foundation.Data)] {
        let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.isRegularFileKey])
        return try (all?.compactMap { $0 as? URL } ?? []).compactMap { file in
            guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { return nil }
            return (file.path, try Foundation.Data(contentsOf: file))
        }
    }

    private func trackedFiles() throws -> [String]? {
        guard FileManager.default.fileExists(atPath: House.root.appending(path: ".git").path) else { return nil }
        let answer = try Shell.run("git ls-files", in: House.root, timeoutSeconds: 30)
        return answer.status == 0 ? answer.output.split(separator: "\n").map(String.init) : nil
    }
}

@Suite("Recordings")
struct RecordingTests {
    static let recordings = House.files.filter { path in
        path.split(separator: "/").contains { ["Recordings", "Fixtures", "Snapshots"].contains($0) }
    }

    @Test func noRecordingHoldsWhatMustBeBlanked() {
        let found = Self.recordings.flatMap { path in secrets(in: House.text(path)).map { "\(path): \($0)" } }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test(arguments: [
        #"{"headers": {"Authorization": "Basic Y2tfYTpjc19i"}}"#,
        #"{"headers": {"authorization": "Bearer abc.def.ghi"}}"#,
        #"{"key": "ck_1f9c2e7ab45d80367f12c0de93ab5e6471d8f20c"}"#,
        #"{"secret": "cs_1f9c2e7ab45d80367f12c0de93ab5e6471d8f20c"}"#,
        #"{"email": "someone@gmail.com"}"#,
        "-----BEGIN PRIVATE KEY-----",
    ])
    func aSecretOrAPersonIsNoticed(text: String) {
        #expect(secrets(in: text).count == 1)
    }

    @Test(arguments: [
        #"{"headers": {"Authorization": "[blanked]"}}"#, #"{"key": "ck_invented"}"#, #"{"email": "a@example.com"}"#,
        #"{"email": "b@shop.example", "other": "c@mail.example.org"}"#,
    ])
    func aBlankedOrInventedValueIsFine(text: String) {
        #expect(secrets(in: text).isEmpty)
    }
}

/// What looks like a secret or a real person's address in a text.
func secrets(in text: String) -> [String] {
    var found: [String] = []
    for prefix in ["ck_", "cs_"] {
        for place in text.ranges(of: prefix) {
            let digits = text[place.upperBound...].prefix { $0.isHexDigit }
            if digits.count >= 32, Set(digits).count > 4 {
                found.append("\(prefix)\(digits.prefix(4))... looks like a key")
            }
        }
    }
    let lowered = text.lowercased()
    for mark in ["\"basic ", "\"bearer "] where lowered.contains(mark) { found.append("a sign-in header: \(mark)") }
    if text.contains("PRIVATE KEY-----") { found.append("a private key") }
    for place in text.indices(where: { $0 == "@" }).ranges {
        let host = text[place.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" }
            .lowercased()
        let name = text[..<place.lowerBound].reversed().prefix { $0.isLetter || $0.isNumber || "._+-".contains($0) }
        if !name.isEmpty, host.contains("."), !isInvented(host) { found.append("an e-mail address at \(host)") }
    }
    return found
}

/// Whether a host belongs to the names kept free for examples (RFC 2606).
private func isInvented(_ host: String) -> Bool {
    let labels = host.split(separator: ".")
    return ["example", "test", "invalid", "localhost"].contains(labels.last) || labels.dropLast().contains("example")
}
