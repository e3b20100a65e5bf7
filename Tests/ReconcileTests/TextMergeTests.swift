import Testing

@testable import Reconcile

@Suite("Text, line by line")
struct TextMergeTests {
    @Test(arguments: [
        ("a\nb\nc\nd\ne", "A\nb\nc\nd\ne", "a\nb\nc\nd\nE", "A\nb\nc\nd\nE"),
        ("a\nb\nc", "a\nb\nc\nd", "z\na\nb\nc", "z\na\nb\nc\nd"),
        ("a\nb\nc\nd\ne", "a\nc\nd\ne", "a\nb\nc\nd", "a\nc\nd"),
        ("a\nb\nc", "a\nB\nc", "a\nB\nc", "a\nB\nc"),
        ("a\nb", "a\nb", "x", "x"),
        ("a\nb", "x", "a\nb", "x"),
        ("a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n", "A\r\nb\r\nC\r\n"),
        ("", "", "new", "new"),
        ("x\nx\nx\ny", "x\nx\ny", "x\nx\nx\ny\nz", "x\nx\ny\nz"),
    ])
    func changesApartAreJoined(base: String, ours: String, theirs: String, expected: String) {
        #expect(TextMerge.merged(base: base, ours: ours, theirs: theirs) == expected)
        #expect(TextMerge.merged(base: base, ours: theirs, theirs: ours) == expected)
    }

    @Test(arguments: [
        ("a\nb\nc", "a\nB\nc", "a\nX\nc"), ("a\nb", "a\nB", "A\nb"), ("", "one", "other"),
        ("a\nb\nc", "a\nc", "a\nB\nc"), ("a", "a\nours", "a\ntheirs"),
    ])
    func changesThatTouchAreNot(base: String, ours: String, theirs: String) {
        #expect(TextMerge.merged(base: base, ours: ours, theirs: theirs) == nil)
        #expect(TextMerge.merged(base: base, ours: theirs, theirs: ours) == nil)
    }

    @Test func aTextTooLongToCompareIsDecidedWhole() {
        let long = String(repeating: "line\n", count: TextMerge.lineLimit)

        #expect(TextMerge.merged(base: long, ours: long + "x", theirs: long) == nil)
    }

    @Test func editsInDifferentParagraphsNeverMeet() {
        for seed in Seeds.list(300) { editTwoHalves(seed) }
    }

    private func editTwoHalves(_ seed: UInt64) {
        var random = Seeded(seed)
        let base = (0..<random.below(8) + 4).map { "line \($0)" }
        var (ours, theirs, both) = (base, base, base)
        // Ours edits even lines of the first half, theirs of the second, with an untouched line between the halves.
        let half = base.count / 2
        for line in base.indices where line != half && random.below(2) == 0 {
            let text = "edit \(random.below(1000))"
            both[line] = text
            if line < half { ours[line] = text } else { theirs[line] = text }
        }

        let merged = TextMerge.merged(
            base: base.joined(separator: "\n"), ours: ours.joined(separator: "\n"),
            theirs: theirs.joined(separator: "\n"))

        #expect(merged == both.joined(separator: "\n"), "CROSSDOCK_SEED=\(seed)")
    }
}
