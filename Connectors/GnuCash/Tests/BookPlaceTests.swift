import ConnectorKit
import Foundation
import Testing

@testable import GnuCash

@Suite("Where a book may lie")
struct BookPlaceTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "places-\(UUID().uuidString)")

    private func refused(_ path: String, in folders: [String]?) -> Bool {
        do {
            try BookPlace.check(path, in: folders)
            return false
        } catch {
            return error.byField.map(\.field) == ["gnucash_file_path"]
        }
    }

    @Test func aBookLiesInOneOfTheFolders() throws {
        let (books, other) = (root.appending(path: "books").path, root.appending(path: "books-of-others").path)
        for folder in [books, other] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(at: root) }
        let link = books + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: other)

        #expect(!refused(books + "/shop.gnucash", in: [books]))
        #expect(!refused(books + "/2026/shop.gnucash", in: ["/nowhere", books]))
        #expect(!refused("/etc/passwd", in: nil) && !refused("/etc/passwd", in: ["/"]))
        for path in [
            "/etc/passwd", other + "/shop.gnucash", books + "/../books-of-others/a", link + "/shop.gnucash", books, "",
        ] {
            #expect(refused(path, in: [books]), "\(path)")
        }
    }
}
