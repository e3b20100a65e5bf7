import Testing

@Suite("What may not stand in the code")
struct SafetyTests {
    @Test func nothingIsForced() {
        let found = House.swift.flatMap { file in
            file.codeLines(containing: "try!") + file.codeLines(containing: " as!") + forcedUnwraps(in: file)
        }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func aForcedUnwrapIsNoticed() {
        let text = "let a = b!\nlet c = d[0]!.e\nlet f = \"\"!\nlet g: Int! = nil\nlet h = \"\\(i!)\""
        let fine = "if a != b, !c { }\nlet d = \"wow!\"  // yes!\n#if !os(Linux)\nlet e = a! = b".dropLast(12)

        #expect(forcedUnwraps(in: SourceFile(path: "A.swift", text: text)).count == 5)
        #expect(forcedUnwraps(in: SourceFile(path: "A.swift", text: String(fine))).isEmpty)
    }

    @Test func nothingTrapsOnInput() {
        let found = House.shipped.flatMap { $0.codeLines(containing: "fatalError(") }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func sendabilityIsOnlyAssertedWithAProof() {
        let found = House.swift.flatMap { file in
            ["@unchecked Sendable", "nonisolated(unsafe)"].flatMap { mark in
                unproved(mark, in: file)
            }
        }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    /// In tests it may stand anywhere, with its proof.
    @Test func anAssertionWithoutProofOrInAnotherRoomIsNoticed() {
        let bare = "final class A: @unchecked Sendable {}"
        let proved = "// SAFETY: touched on one thread alone.\n" + bare

        #expect(unproved("@unchecked Sendable", in: SourceFile(path: "Sources/Store/A.swift", text: proved)).isEmpty)
        #expect(unproved("@unchecked Sendable", in: SourceFile(path: "Sources/Store/A.swift", text: bare)).count == 1)
        #expect(unproved("@unchecked Sendable", in: SourceFile(path: "Sources/Queue/A.swift", text: proved)).count == 1)
        #expect(
            unproved("@unchecked Sendable", in: SourceFile(path: "Tests/QueueTests/A.swift", text: bare)).count == 1)
    }

    @Test func noTaskEscapesItsGroup() {
        let found = House.shipped.flatMap { $0.codeLines(containing: "Task.detached") }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func aConnectorWaitsForNothingButItsTransport() {
        let words = ["Task {", "Task(", "Task.", "actor ", "sleep(", "Continuation", "DispatchQueue", "Date()"]
        let found = House.shipped.filter { $0.path.hasPrefix("Connectors/") && $0.path.contains("/Sources/") }
            .flatMap { file in words.flatMap { file.codeLines(containing: $0) } }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func noTestSleepsOrIsSwitchedOff() {
        let words = [
            "Task.sleep", "Thread.sleep", "usleep(", "nanosleep(", ".dis" + "abled(", "withKnown" + "Issue",
            "XCT" + "Skip",
            "import XCT" + "est",
        ]
        let found = House.swift.filter { $0.path.contains("Tests/") }.flatMap { file in
            words.flatMap { file.codeLines(containing: $0) }
        }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    /// `ChildProgram` says why.
    @Test func noTestStartsAProgramByFoundation() {
        let found = House.swift.filter { $0.path.contains("Tests/") || $0.path.hasPrefix("Sources/Test") }
            .flatMap { $0.codeLines(containing: "= Process" + "()") }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    /// Under whatever name. Only what drives the built program, which lives by the real clock, may wait for it.
    @Test func onlyTestsOfTheBuiltProgramWaitOnARealClock() {
        let drivers = ["Program", "KillLoop", "Blow", "Caller"].map { "Tests/CrossdockTests/\($0).swift" }
        let found = House.swift.filter { $0.path.contains("Tests/") && !drivers.contains($0.path) }
            .flatMap { $0.codeLines(containing: ".sle" + "ep(") }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    private func unproved(_ mark: String, in file: SourceFile) -> [String] {
        let rooms = ["Sources/Store/", "Sources/Wire/", "Sources/WireHTTP/"]
        return file.code.indices.filter { index in
            guard file.code[index].holds(mark) else { return false }
            let above = file.lines[max(0, index - 6)...index]
            return !(file.path.contains("Tests/") || rooms.contains { file.path.hasPrefix($0) })
                || !above.contains { $0.contains("SAFETY:") }
        }.map(file.place)
    }
}

/// The lines with a `!` right behind a value or a type.
func forcedUnwraps(in file: SourceFile) -> [String] {
    file.codeLines(containing: "!") { before, after in
        guard let last = before.last, after.first != "=" else { return false }
        return last.isLetter || last.isNumber || "_)]}\"`".contains(last)
    }.filter { !$0.contains("try!") && !$0.contains(" as!") }
}
