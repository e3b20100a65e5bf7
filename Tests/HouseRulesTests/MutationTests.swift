import Foundation
import Testing

/// Defects that are planted to test the simulator's oracle: where they may stand, and that nothing shipped holds them.
@Suite("Planted defects")
struct MutationTests {
    /// Files that are nothing but the seam.
    static let seam: Set<String> = [
        "Sources/Commerce/Mutation.swift", "Sources/Pipeline/Hub+Mutations.swift", "Sources/Rehearsal/Mutations.swift",
    ]
    /// The rooms whose code may be mutated.
    static let rooms = [
        "Sources/Reconcile/", "Sources/Ledger/", "Sources/Queue/", "Sources/Deliver/", "Sources/Pipeline/",
        "Connectors/WooCommerce/Sources/",
    ]
    /// The most lines of one block: a mutation that needs more is no small one.
    static let blockLimit = 9

    static let source = House.swift.first { $0.path == "Sources/Commerce/Mutation.swift" }
    /// Case and name of each.
    static let all: [(word: String, name: String)] = (source?.lines ?? []).compactMap { line in
        guard line.contains("case "), let name = Floorplan.quoted(line).first else { return nil }
        let word = line.split(separator: " ").drop { $0 != "case" }.dropFirst().first
        return word.map { (String($0), name) }
    }

    @Test func theTraitIsOffUnlessItIsAskedFor() {
        let manifest = House.text("Package.swift")

        #expect(manifest.contains(".trait(name: \"Mutations\""))
        #expect(!manifest.contains(".default(") && !manifest.contains("enabledTraits"))
        for script in House.files where script.hasPrefix("scripts/") && script != "scripts/rehearse-program" {
            #expect(!House.text(script).contains("--traits"), "\(script)")
        }
    }

    @Test func everyDefectStandsInOneShortBlockOfTheHub() {
        #expect(Self.all.count >= 12)
        let blocks = House.swift.filter { !Self.seam.contains($0.path) }.flatMap(blocks)
        let found = blocks.compactMap(breach)

        #expect(found.isEmpty, "\(breaches(found))")
        for (word, name) in Self.all {
            let places = blocks.filter { $0.lines.contains { $0.contains("Mutation.\(word).isPlanted") } }
            #expect(places.count == 1, "\(name): \(places.map(\.path))")
        }
    }

    @Test func theSeamIsEmptyInAnOrdinaryBuild() throws {
        for path in Self.seam where path != "Sources/Rehearsal/Mutations.swift" {
            let code = try #require(House.swift.first { $0.path == path }).code.filter {
                !$0.allSatisfy(\.isWhitespace)
            }
            #expect(code.first == "#if Mutations" && code.last == "#endif", "\(path)")
            #expect(!code.contains { $0.hasPrefix("#else") }, "\(path)")
        }
    }

    @Test func aLongBlockOneElsewhereAndOneWithoutADefectAreNoticed() {
        let short = "#if Mutations\nif Mutation.a.isPlanted { return }\n#endif"
        let long = "#if Mutations\nif Mutation.a.isPlanted {\n" + String(repeating: "b()\n", count: 9) + "}\n#endif"
        let bare = "#if Mutations\nb()\n#endif"
        let either = "#if Mutations\nif Mutation.a.isPlanted { return }\n#else\nb()\n#endif"
        func found(_ text: String, at path: String = "Sources/Queue/A.swift") -> Int {
            blocks(in: SourceFile(path: path, text: text)).compactMap(breach).count
        }

        #expect(found(short) == 0)
        for text in [long, bare, either] { #expect(found(text) == 1, "\(text)") }
        for path in ["Sources/Store/A.swift", "Sources/crossdock/A.swift", "Tests/QueueTests/A.swift"] {
            #expect(found(short, at: path) == 1, "\(path)")
        }
    }

    @Test func theTableTellsOfEveryDefectWithItsSeed() {
        let rows = House.text("docs/mutations.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
        let cells = rows.map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }

        #expect(Set(cells.map { $0[0] }) == Set(Self.all.map { "`\($0.name)`" }))
        #expect(cells.count == Self.all.count)
        for row in cells where row.count == 5 {
            #expect(Int(row[3]).map { $0 > 0 } == true && row[4].first.map("IL".contains) == true, "\(row[0])")
        }
        #expect(cells.allSatisfy { $0.count == 5 })
    }

    /// A narrowed build has no programs beside the tests; the whole one has.
    @Test func theBuiltProgramsHoldNoDefect() throws {
        let folder = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        for name in ["crossdock", "rehearse"] {
            guard let bytes = try? Foundation.Data(contentsOf: folder.appending(path: name), options: .alwaysMapped)
            else {
                print("no \(name) beside the tests: it is looked at by the whole build alone")
                continue
            }
            // The search finds what is there: a type of the same room.
            #expect(holds(bytes, "8Commerce5Money"), "\(name)")
            #expect(!holds(bytes, "8Commerce8Mutation"), "\(name) holds the seam")
            for mutation in Self.all { #expect(!holds(bytes, mutation.name), "\(name) holds \(mutation.name)") }
        }
    }

    private func holds(_ bytes: Foundation.Data, _ word: String) -> Bool {
        bytes.range(of: Foundation.Data(word.utf8)) != nil
    }

    // MARK: - Blocks

    /// What stands under the trait's condition.
    private struct Block {
        let path: String
        let place: String
        let condition: String
        let lines: [String]
    }

    private func blocks(in file: SourceFile) -> [Block] {
        file.code.indices.compactMap { index in
            let line = file.code[index].drop { $0 == " " }
            guard line.hasPrefix("#if") || line.hasPrefix("#elseif"), line.contains("Mutation") else { return nil }
            let lines = file.code[(index + 1)...].prefix { !$0.drop { $0 == " " }.hasPrefix("#endif") }
            return Block(path: file.path, place: file.place(index), condition: String(line), lines: Array(lines))
        }
    }

    private func breach(_ block: Block) -> String? {
        let isFit =
            block.condition == "#if Mutations" && Self.rooms.contains { block.path.hasPrefix($0) }
            && block.lines.count <= Self.blockLimit && !block.lines.contains { $0.contains("#else") }
            && block.lines.contains { $0.contains("Mutation.") && $0.contains(".isPlanted") }
        return isFit ? nil : block.place
    }
}
