import Foundation

/// How a book lies on disk. A book is always written back in the form it was found in.
public enum BookForm: String, Hashable, Sendable, CaseIterable {
    /// Text.
    case xml
    /// Text, compressed.
    case gzip
    /// A database.
    case sqlite
}

/// Where a written book is, and what was kept of the one before.
public struct BookSaved: Hashable, Sendable {
    /// The safety copy of the book as it was, or nil when nothing had to be written.
    public var safetyCopy: String?

    /// Nothing had to be written.
    static let nothing = BookSaved(safetyCopy: nil)
}

/// A book on disk that has been read, and can be changed.
public struct BookFile: Sendable {
    /// Where the book is.
    public let path: String
    /// What the book held when it was read.
    public let book: Book
    let disk: Disk
    let seen: FileStamp
    let layout: XMLLayout?

    /// How many of our own safety copies of a book are kept; the oldest go first.
    public static let keptSafetyCopies = 10

    /// Reads the book at this path. A lock is ignored: reading disturbs nobody.
    /// - Throws: `notFound`, `notPermitted`, `notABook`, `truncated`, `damaged`, `unknownVersion`, `busy`, `failed`.
    public static func open(_ path: String) throws(BookFailure) -> BookFile {
        try open(path, disk: .system)
    }

    /// Reads a book through a given disk, so that a test can make it fail.
    static func open(_ path: String, disk: Disk) throws(BookFailure) -> BookFile {
        let seen = try FileStamp(of: path)
        switch try BookSniff.form(of: path) {
        case .sqlite:
            let book = try SQLiteBookReader.read(path)
            return BookFile(path: path, book: book, disk: disk, seen: seen, layout: nil)
        case let form:
            let (book, layout) = try XMLBookReader.read(path, form: form)
            return BookFile(path: path, book: book, disk: disk, seen: seen, layout: layout)
        }
    }

    /// Whether another program has the book open; nil when none has.
    public func lock(now: BookTime) throws(BookFailure) -> BookFailure? {
        do {
            switch book.form {
            case .sqlite: try SQLiteBookWriter.checkUnlocked(path)
            case .xml, .gzip: try LockFile.checkFree(beside: path, now: now)
            }
            return nil
        } catch {
            if case .locked = error { return error }
            throw error
        }
    }

    /// Writes an edit: checked whole first, then written whole, or not at all.
    ///
    /// What was read (`book`) stays as it was: open the file again to see the change.
    /// - Parameters:
    ///   - edit: What to add and to change.
    ///   - now: The time, for the name of the safety copy and the age of a lock.
    ///   - randomness: Where new GUIDs of slot frames come from (database books only).
    /// - Returns: Where the safety copy of the old book is.
    /// - Throws: `refused`, `unbalanced`, `unknownVersion`, `locked`, `busy`, `changedMeanwhile`, `diskFull`,
    ///   `notPermitted`, `notFound`, `failed`; the book is unchanged then.
    @discardableResult
    public func apply(
        _ edit: BookEdit, now: BookTime, using randomness: inout some RandomNumberGenerator
    ) throws(BookFailure) -> BookSaved {
        if edit.isEmpty { return .nothing }
        if let reason = book.readOnlyReason { throw .unknownVersion(path: path, detail: reason) }
        if let first = book.unbalanced.first { throw unbalanced(first) }
        let plan: EditPlan
        do {
            plan = try EditPlan(edit, for: book)
        } catch {
            throw .refused(error)
        }
        switch layout {
        case .some(let layout):
            return try XMLBookWriter(file: self, layout: layout, plan: plan, now: now).save()
        case nil:
            return try SQLiteBookWriter(file: self, plan: plan, now: now).save(using: &randomness)
        }
    }

    private func unbalanced(_ guid: GUID) -> BookFailure {
        let found = book.transaction(guid)
        return .unbalanced(
            path: path, count: book.unbalanced.count, first: guid, text: found?.text ?? "",
            difference: found?.imbalance?.description ?? "more than fits")
    }
}
