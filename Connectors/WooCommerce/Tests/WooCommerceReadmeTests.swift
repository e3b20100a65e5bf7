import Foundation
import Testing

/// The README names a test for every oddity; a name that proves nothing is worse than none.
@Suite("WooCommerce README")
struct WooCommerceReadmeTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func tests() throws -> Set<String> {
        var names: Set<String> = []
        for folder in ["Connectors/WooCommerce/Tests", "Tests/SandboxTests", "Tests/ConsoleTests"] {
            let place = root.appending(path: folder)
            for file in try FileManager.default.contentsOfDirectory(atPath: place.path) where file.hasSuffix(".swift") {
                let text = try String(contentsOf: place.appending(path: file), encoding: .utf8)
                for piece in text.components(separatedBy: "func ").dropFirst() {
                    names.insert(String(piece.prefix { $0.isLetter || $0.isNumber }))
                }
            }
        }
        return names
    }

    /// Rows of tables with a test in their last column: `| what | ``name``, ``name`` |`.
    private static func rows() throws -> [(oddity: String, names: [String])] {
        let text = try String(contentsOf: root.appending(path: "Connectors/WooCommerce/README.md"), encoding: .utf8)
        var rows: [(String, [String])] = []
        var isTable = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasSuffix("| test |") { isTable = true }
            if !line.hasPrefix("|") { isTable = false }
            guard isTable, !line.hasSuffix("| test |"), !line.hasPrefix("| ---") else { continue }
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let quoted = (cells.last ?? "").split(separator: "`", omittingEmptySubsequences: false)
            rows.append((cells.first ?? "", quoted.indices.filter { $0 % 2 == 1 }.map { String(quoted[$0]) }))
        }
        return rows
    }

    @Test func everyOddityNamesATestThatIsThere() throws {
        let tests = try Self.tests()
        let rows = try Self.rows()

        #expect(rows.count > 40)
        for (oddity, names) in rows {
            #expect(!names.isEmpty, "\(oddity): no test is named")
            for name in names { #expect(tests.contains(name), "\(oddity): \(name) is no test") }
        }
    }
}
