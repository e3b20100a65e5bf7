import Testing

/// Tables in documents that say what the sources say.
@Suite("Documents that mirror the sources")
struct DocumentTableTests {
    @Test func theDataModelNamesEveryTableOfTheMigrations() {
        // What the simulator writes down for itself stands in no merchant's store.
        let made = House.shipped.filter {
            $0.path.hasPrefix("Sources/") && !$0.path.hasPrefix("Sources/Rehearsal/")
        }.flatMap { $0.lines.compactMap(createdTable) }
        let told = firstCells(in: "docs/data-model.md")

        #expect(made.count > 10)
        #expect(Set(made) == Set(told), "\(Set(made).symmetricDifference(told).sorted())")
    }

    @Test func thePageOfJobStatesShowsTheArrowsOfTheSource() throws {
        let source = House.swift.first { $0.path == "Sources/Queue/Job.swift" }
        let lines = try #require(source).code
        let start = try #require(lines.firstIndex { $0.contains("var next: Set<JobState>") })
        var arrows: [String: Set<String>] = [:]
        for line in lines[start...].prefix(while: { !$0.hasPrefix("    }") }) where line.contains("case .") {
            let halves = line.split(separator: ":", maxSplits: 1).map { words(in: $0) }
            for state in halves[0] where state != "case" { arrows[state] = Set(halves[1]) }
        }

        let rows = tableRows(in: "docs/job-states.md").filter { $0.count == 3 && $0[0] != "state" && $0[0] != "---" }
        let told = rows.prefix { arrows[$0[0]] != nil }

        #expect(arrows.count == 9)
        #expect(told.count == 9)
        for row in told { #expect(arrows[row[0]] == Set(words(in: row[2][...])), "\(row[0])") }
    }

    /// Each way: nothing is read that nobody is told of, nothing is told that nobody reads.
    @Test func theExampleOfTheEnvironmentNamesWhatIsRead() {
        let told = Set(
            House.text(".env.example").split(separator: "\n").compactMap { line -> String? in
                let name = line.drop { $0 == "#" }.prefix { $0 != "=" }
                return line.contains("=") && !name.isEmpty && isVariable(name) ? String(name) : nil
            })
        let read = Set(
            House.shipped.flatMap {
                $0.lines.flatMap { !$0.holds("_") ? [] : Floorplan.quoted($0).filter { isVariable($0[...]) } }
            }
            .filter { name in
                ["CROSSDOCK_", "WOOCOMMERCE_"].contains { name.hasPrefix($0) } || name == "API_BASE_URL"
            })

        #expect(told.count > 10)
        #expect(read.subtracting(told).isEmpty, "read, not told: \(read.subtracting(told).sorted())")
        let unread = told.filter { name in !House.shipped.contains { $0.lines.contains { $0.holds("\"\(name)\"") } }
        }
        #expect(unread.isEmpty, "told, not read: \(unread.sorted())")
    }

    private func isVariable(_ text: Substring) -> Bool {
        text.last != "_" && text.contains { $0.isLetter }
            && text.allSatisfy { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
    }

    @Test func theListOfDecisionsIsWhole() {
        let notes = House.files.filter { $0.hasPrefix("docs/decisions/0") }
        let list = House.text("docs/decisions/README.md")

        #expect(!notes.isEmpty)
        for (index, note) in notes.enumerated() {
            let name = String(note.dropFirst("docs/decisions/".count))
            #expect(list.contains("](\(name))"), "\(name) is not in the list")
            #expect(Int(name.prefix(4)) == index + 1, "\(name) breaks the numbering")
        }
    }

    private func createdTable(_ line: String) -> String? {
        guard line.holds("CREATE TABLE "), let range = line.firstRange(of: "CREATE TABLE ") else { return nil }
        let rest = line[range.upperBound...].replacing("IF NOT EXISTS ", with: "")
        return String(rest.prefix { $0.isLetter || $0 == "_" })
    }

    private func firstCells(in document: String) -> [String] {
        tableRows(in: document).map { $0[0] }.filter { $0.hasPrefix("`") }.map { $0.replacing("`", with: "") }
    }

    private func tableRows(in document: String) -> [[String]] {
        House.text(document).split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
            line.split(separator: "|").map { cell in
                String(cell.drop { $0 == " " }).trimmed
            }
        }.filter { !$0.isEmpty }
    }

    private func words(in text: Substring) -> [String] {
        text.split { !$0.isLetter }.map(String.init)
    }
}
