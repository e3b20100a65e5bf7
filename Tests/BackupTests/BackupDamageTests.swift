import Foundation
import Store
import Testing

@testable import Backup

/// Every file that is not as it was written is refused, wherever it was touched.
@Suite("A backup that was damaged")
struct BackupDamageTests {
    private let key = BackupKey([UInt8](repeating: 9, count: 32))

    /// A backup with several chunks, and its bytes.
    private func made(_ isEncrypted: Bool) async throws -> (stock: Stock, backup: Backup, bytes: [UInt8]) {
        let stock = try Stock()
        let store = try stock.sqlite("a.sqlite")
        try await Stock.fill(store, records: 200)
        let backup = Backup(stock.path("a.backup"), key: isEncrypted ? key : nil)
        _ = try await Stock.make(backup, of: store)
        let bytes = Array(try #require(FileManager.default.contents(atPath: backup.path)))
        return (stock, backup, bytes)
    }

    private func write(_ bytes: some Collection<UInt8>, to backup: Backup) throws {
        try Foundation.Data(bytes).write(to: URL(filePath: backup.path))
    }

    @Test(arguments: [false, true])
    func aFlippedBitIsNoticedWhereverItIs(isEncrypted: Bool) async throws {
        let (_, backup, bytes) = try await made(isEncrypted)
        // Some places of each part, and all around the beginning and the end.
        var places = Array(0..<420)
        places += Array(stride(from: 420, to: bytes.count, by: bytes.count / 50))
        places += Array(bytes.count - 60..<bytes.count)
        for place in places where place < bytes.count {
            var changed = bytes
            changed[place] ^= 1 << (place % 8)
            try write(changed, to: backup)
            #expect(throws: BackupFailure.self, "byte \(place)") { try backup.verify() }
        }
    }

    @Test(arguments: [false, true])
    func aFileThatWasCutIsNoticedWhereverItWas(isEncrypted: Bool) async throws {
        let (_, backup, bytes) = try await made(isEncrypted)
        for length in [0, 5, 20, 100, 500, bytes.count / 2, bytes.count - 200, bytes.count - 1] {
            try write(bytes[..<length], to: backup)
            #expect(throws: BackupFailure.self, "\(length) bytes") { try backup.verify() }
        }
        try write(bytes + [0], to: backup)
        #expect(throws: BackupFailure.altered(backup.path)) { try backup.verify() }
    }

    @Test(arguments: [false, true])
    func aChunkThatWasLeftOutOrMovedIsNoticed(isEncrypted: Bool) async throws {
        let (_, backup, bytes) = try await made(isEncrypted)
        let tag = isEncrypted ? 16 : 32
        var chunks: [ArraySlice<UInt8>] = []
        let headEnd = 17 + 4 + Int(bytes[17..<21].reduce(0) { $0 << 8 | UInt32($1) })
        var place = headEnd
        while place < bytes.count {
            let length = Int(bytes[place + 1..<place + 5].reduce(0) { $0 << 8 | UInt32($1) })
            chunks.append(bytes[place..<place + 5 + length + tag])
            place += 5 + length + tag
        }
        #expect(chunks.count > 6)
        for index in chunks.indices.dropLast() {
            var less = chunks
            less.remove(at: index)
            try write(bytes[..<headEnd] + less.joined(), to: backup)
            #expect(throws: BackupFailure.altered(backup.path)) { try backup.verify() }
            var moved = chunks
            moved.swapAt(index, index + 1)
            try write(bytes[..<headEnd] + moved.joined(), to: backup)
            #expect(throws: BackupFailure.altered(backup.path)) { try backup.verify() }
        }
    }

    @Test func nothingOfADamagedFileIsPutBack() async throws {
        let (stock, backup, bytes) = try await made(false)
        var changed = bytes
        changed[bytes.count / 2] ^= 4
        try write(changed, to: backup)
        let target = try stock.sqlite("b.sqlite")
        let before = try await Stock.sums(target)

        await #expect(throws: BackupFailure.altered(backup.path)) {
            try await backup.restore(into: target, replaces: true)
        }
        #expect(try await Stock.sums(target) == before)
    }

    @Test func aKeyThatIsMissingOrAnotherIsNamedAndNothingIsReadable() async throws {
        let (_, backup, bytes) = try await made(true)

        #expect(throws: BackupFailure.needsKey(backup.path)) { try Backup(backup.path).verify() }
        let other = BackupKey([UInt8](repeating: 8, count: 32))
        #expect(throws: BackupFailure.otherKey(backup.path, id: key.id)) {
            try Backup(backup.path, key: other).verify()
        }
        #expect(Foundation.Data(bytes).range(of: Foundation.Data("ආයුබෝවන්".utf8)) == nil)
        #expect(Foundation.Data(bytes).range(of: Foundation.Data("organization_id".utf8)) == nil)
    }

    @Test func aFileThatIsNoBackupIsSaidToBeNone() throws {
        let stock = try Stock()
        try "SQLite format 3".write(toFile: stock.path("x"), atomically: true, encoding: .utf8)
        #expect(throws: BackupFailure.notOurs(stock.path("x"))) { try Backup(stock.path("x")).verify() }
        #expect(throws: BackupFailure.self) { try Backup(stock.path("none")).verify() }
    }

    @Test(arguments: [
        "0707070707070707070707070707070707070707070707070707070707070707\n",
        "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", String(repeating: "\u{7}", count: 32),
    ])
    func aKeyFileMayHoldBytesOrTheirText(text: String) throws {
        let stock = try Stock()
        try text.write(toFile: stock.path("key"), atomically: true, encoding: .utf8)
        #expect(try BackupKey(file: stock.path("key")).id == BackupKey([UInt8](repeating: 7, count: 32)).id)
    }

    @Test(arguments: ["", "short", String(repeating: "x", count: 33)])
    func aKeyFileThatHoldsNoKeyIsRefusedAndNotShown(text: String) throws {
        let stock = try Stock()
        try text.write(toFile: stock.path("key"), atomically: true, encoding: .utf8)
        #expect {
            _ = try BackupKey(file: stock.path("key"))
        } throws: {
            "\($0)".contains("openssl rand -hex 32") && !"\($0)".contains("short")
        }
    }
}
