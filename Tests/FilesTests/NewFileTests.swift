import Files
import Foundation
import Testing

@Suite("A file gets its name when it is whole")
struct NewFileTests {
    private let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "files-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private var path: String { folder + "/key" }
    private var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] }
    private func bytes() -> [UInt8]? { FileManager.default.contents(atPath: path).map(Array.init) }

    @Test func whatIsWrittenStandsUnderItsNameOnceItIsFinishedForItsOwnerAlone() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try NewFile(path)
        try file.write([1, 2])
        try file.write([3])
        #expect(bytes() == nil)
        try file.replace()
        #expect(bytes() == [1, 2, 3])
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(names == ["key"])
    }

    @Test func replacingPutsItOverWhatStandsThere() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for content in [[UInt8(1)], [2, 2]] {
            let file = try NewFile(path)
            try file.write(content)
            try file.replace()
        }
        #expect(bytes() == [2, 2])
        #expect(names == ["key"])
    }

    @Test func whatMustNotReplaceLeavesTheFirstAsItIsAndNothingBeside() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var answers: [Bool] = []
        for content in [[UInt8(1)], [2, 2]] {
            let file = try NewFile(path)
            try file.write(content)
            answers.append(try file.putIfNone())
        }
        #expect(answers == [true, false])
        #expect(bytes() == [1])
        #expect(names == ["key"])
    }

    @Test func ofManyWhoPutItAtOnceOneIsTheFirst() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = path
        let winners = try await withThrowingTaskGroup(of: UInt8?.self) { group in
            for number in UInt8(1)...20 {
                group.addTask {
                    let file = try NewFile(path)
                    try file.write([number])
                    return try file.putIfNone() ? number : nil
                }
            }
            return try await group.reduce(into: [UInt8]()) { $0 += [$1].compactMap { $0 } }
        }
        #expect(winners.count == 1)
        #expect(bytes() == winners)
        #expect(names == ["key"])
    }

    @Test func whatIsNotFinishedLeavesNothing() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try NewFile(path).write([1])
        #expect(names.isEmpty)
    }

    @Test func aFolderThatIsNotThereIsSaidWithTheWordsOfTheSystem() {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let lost = folder + "/none/key"
        #expect { _ = try NewFile(lost) } throws: {
            "\($0)" == "\(lost) cannot be written: No such file or directory"
        }
    }
}
