import Foundation

/// Reads a book's text from front to end in one window of memory, without building a tree.
///
/// The caller walks: `child()` gives the next element inside the current one, or nil at its end; the caller then either
/// walks into it, takes its `text()`, or lets it `skip()`. Names and nesting are checked, so a cut or crossed text is
/// noticed wherever it happens.
final class XMLScanner {
    private let path: String
    private let source: any ByteSource
    private let names = XMLNameTable.shared
    private var window: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var limit = 0
    private var position = 0
    /// Where in the window what the caller still holds begins; `Int.max` when nothing is held.
    private var held = Int.max
    /// Where in the whole text the window begins.
    private var base: Int64 = 0
    private var isAtEnd = false
    private var isSelfClosed = false
    private var open: [UInt64] = []
    private var scratch: [UInt8] = []
    private var scratchCopy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 256)
    private var attributes = 0..<0

    /// Where in the whole text the last start tag given by `child()` begins.
    private(set) var startOffset: Int64 = 0
    /// Where in the whole text the last end tag that was passed begins.
    private(set) var endTagOffset: Int64 = 0

    private static let windowBytes = 1 << 20
    /// No single tag or text of a book is longer; a longer one is not a book.
    private static let longestToken = 1 << 26

    init(_ source: any ByteSource, path: String) {
        self.source = source
        self.path = path
        capacity = Self.windowBytes
        window = .allocate(capacity: capacity)
    }

    deinit {
        window.deallocate()
        scratchCopy.deallocate()
    }

    /// Where in the whole text reading goes on.
    var offset: Int64 { base + Int64(position) }

    /// How many elements are open.
    var depth: Int { open.count }

    /// Passes the declaration `<?xml ... ?>`, which must be the first thing, and gives it.
    func declaration() throws(BookFailure) -> String {
        guard try ensure(5), matches("<?xml"), let end = try seek(UInt8(ascii: ">"), from: 0) else {
            throw .notABook(path: path, sign: "it does not start with an XML declaration")
        }
        let text = String(decoding: UnsafeBufferPointer(start: window + position, count: end + 1), as: UTF8.self)
        position += end + 1
        return text
    }

    /// The next element inside the current one, or nil when that ends here (its end tag is passed then).
    func child() throws(BookFailure) -> XMLName? {
        if isSelfClosed {
            isSelfClosed = false
            open.removeLast()
            endTagOffset = offset
            return nil
        }
        while true {
            guard let gap = try seek(UInt8(ascii: "<"), from: 0) else { throw cut("in the middle of an element") }
            position += gap
            guard try ensure(2) else { throw cut("in a tag") }
            switch window[position + 1] {
            case UInt8(ascii: "/"):
                try endTag()
                return nil
            case UInt8(ascii: "!"), UInt8(ascii: "?"):
                try passAside()
            default:
                return try startTag()
            }
        }
    }

    /// The text of the element `child()` gave last, which is passed. Valid until the next call.
    func text() throws(BookFailure) -> UnsafeBufferPointer<UInt8> {
        if isSelfClosed {
            _ = try child()
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        held = position
        defer { held = Int.max }
        guard let end = try seek(UInt8(ascii: "<"), from: 0) else { throw cut("in a text") }
        position += end
        guard try ensure(2) else { throw cut("in a text") }
        if window[position + 1] == UInt8(ascii: "/") {
            try endTag()
            let text = UnsafeBufferPointer(start: window + held, count: end)
            return memchr(window + held, Int32(UInt8(ascii: "&")), end) == nil ? text : decoded(text)
        }
        return try mixedText(UnsafeBufferPointer(start: window + held, count: end))
    }

    /// Passes the element `child()` gave last with all it holds.
    func skip() throws(BookFailure) {
        let level = open.count
        while open.count >= level { _ = try child() }
    }

    /// The value of an attribute of the start tag `child()` gave last. Ask before walking on.
    func attribute(_ name: StaticString) -> String? {
        let bytes = UnsafeBufferPointer(start: window + attributes.lowerBound, count: attributes.count)
        var text = String(decoding: bytes, as: UTF8.self)[...]
        while let equals = text.firstIndex(of: "=") {
            let found = text[..<equals].trimmingCharacters(in: .whitespacesAndNewlines)
            let rest = text[text.index(after: equals)...].drop(while: \.isWhitespace)
            guard let quote = rest.first, let close = rest.dropFirst().firstIndex(of: quote) else { return nil }
            if found == "\(name)" { return String(rest[rest.index(after: rest.startIndex)..<close]) }
            text = rest[rest.index(after: close)...]
        }
        return nil
    }

    /// The first byte of the value of the start tag's one attribute, which tells the types of slots apart; 0 for none.
    var attributeMark: (first: UInt8, count: Int) {
        var index = attributes.lowerBound
        while index < attributes.upperBound, window[index] != UInt8(ascii: "\""), window[index] != UInt8(ascii: "'") {
            index += 1
        }
        guard index + 1 < attributes.upperBound else { return (0, 0) }
        let quote = window[index]
        var end = index + 1
        while end < attributes.upperBound, window[end] != quote { end += 1 }
        return (window[index + 1], end - index - 1)
    }

    /// Whether nothing but space and asides follow.
    func isDone() throws(BookFailure) -> Bool {
        while let gap = try seek(UInt8(ascii: "<"), from: 0) {
            position += gap
            guard try ensure(2), [UInt8(ascii: "!"), UInt8(ascii: "?")].contains(window[position + 1]) else {
                return false
            }
            try passAside()
        }
        return true
    }
}

// MARK: - Tags

extension XMLScanner {
    private func startTag() throws(BookFailure) -> XMLName {
        let end = try tagEnd()
        startOffset = offset
        let first = window + position + 1
        var count = 0
        while count < end - 1, first[count] > 0x20, first[count] != UInt8(ascii: "/") { count += 1 }
        guard count > 0 else { throw .damaged(path: path, detail: "a tag without a name at byte \(offset)") }
        let hash = XMLNameTable.hash(first, count)
        isSelfClosed = window[position + end - 1] == UInt8(ascii: "/")
        attributes = (position + 1 + count)..<(position + end)
        open.append(hash)
        guard open.count < 1000 else { throw .damaged(path: path, detail: "elements are nested too deeply") }
        position += end + 1
        return names.name(hash)
    }

    private func endTag() throws(BookFailure) {
        guard let end = try seek(UInt8(ascii: ">"), from: 2) else { throw cut("in an end tag") }
        let first = window + position + 2
        var count = end - 2
        while count > 0, first[count - 1] <= 0x20 { count -= 1 }
        guard let expected = open.popLast(), expected == XMLNameTable.hash(first, count) else {
            throw .damaged(path: path, detail: "the end tag at byte \(offset) closes another element")
        }
        endTagOffset = offset
        position += end + 1
    }

    /// How far the `>` of the tag at the position is; quotes may hold one.
    private func tagEnd() throws(BookFailure) -> Int {
        var index = 1
        var quote: UInt8 = 0
        while true {
            while position + index < limit {
                let byte = window[position + index]
                if quote != 0 {
                    if byte == quote { quote = 0 }
                } else if byte == UInt8(ascii: ">") {
                    return index
                } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                    quote = byte
                }
                index += 1
            }
            guard try more() else { throw cut("in a start tag") }
        }
    }

    /// Passes a comment, an instruction, a CDATA section or a document type.
    private func passAside() throws(BookFailure) {
        let (opening, closing): (Int, StaticString) =
            try ensure(9) && matches("<![CDATA[") ? (9, "]]>") : matches("<!--") ? (4, "-->") : (2, ">")
        guard let end = try seek(closing, from: opening) else { throw cut("in a comment") }
        position += end + closing.utf8CodeUnitCount
    }

    private func matches(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        return limit - position >= count && memcmp(window + position, text.utf8Start, count) == 0
    }

    func cut(_ place: String) -> BookFailure {
        .truncated(path: path, detail: "after \(base + Int64(limit)) bytes, \(place)")
    }
}

// MARK: - Texts

extension XMLScanner {
    /// Text with other things in it: comments are left out, CDATA is taken, elements are passed.
    private func mixedText(_ front: UnsafeBufferPointer<UInt8>) throws(BookFailure) -> UnsafeBufferPointer<UInt8> {
        var text = Array(decoded(front))
        held = Int.max
        let level = open.count
        while true {
            if try ensure(9), matches("<![CDATA[") {
                guard let end = try seek("]]>", from: 9) else { throw cut("in a text") }
                text.append(contentsOf: UnsafeBufferPointer(start: window + position + 9, count: end - 9))
                position += end + 3
            } else if window[position + 1] == UInt8(ascii: "!") || window[position + 1] == UInt8(ascii: "?") {
                try passAside()
            } else if window[position + 1] == UInt8(ascii: "/") {
                try endTag()
                break
            } else {
                _ = try startTag()
                try skip()
            }
            guard open.count == level, let gap = try seek(UInt8(ascii: "<"), from: 0) else { throw cut("in a text") }
            text.append(contentsOf: Array(decoded(UnsafeBufferPointer(start: window + position, count: gap))))
            position += gap
            guard try ensure(2) else { throw cut("in a text") }
        }
        scratch = text
        return heldScratch()
    }

    /// The text with its entities replaced, in the scratch room.
    private func decoded(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        scratch.removeAll(keepingCapacity: true)
        XMLText.decode(text, into: &scratch)
        return heldScratch()
    }

    /// The scratch room as it lies; it is not touched until the next text is asked for.
    private func heldScratch() -> UnsafeBufferPointer<UInt8> {
        if scratchCopy.count < scratch.count {
            scratchCopy.deallocate()
            scratchCopy = .allocate(capacity: scratch.count * 2)
        }
        _ = scratchCopy.update(fromContentsOf: scratch)
        return UnsafeBufferPointer(rebasing: scratchCopy[0..<scratch.count])
    }
}

// MARK: - The window

extension XMLScanner {
    /// How far from the position the next such byte is, looking from a distance on; nil when the text ends before.
    private func seek(_ byte: UInt8, from distance: Int) throws(BookFailure) -> Int? {
        var distance = distance
        while true {
            let count = limit - position - distance
            if count > 0, let found = memchr(window + position + distance, Int32(byte), count) {
                return found.assumingMemoryBound(to: UInt8.self) - UnsafeMutablePointer(window + position)
            }
            distance = max(distance, limit - position)
            guard try more() else { return nil }
        }
    }

    /// How far from the position these bytes are, looking from a distance on.
    private func seek(_ text: StaticString, from distance: Int) throws(BookFailure) -> Int? {
        let count = text.utf8CodeUnitCount
        var distance = distance
        while let found = try seek(text.utf8Start[0], from: distance) {
            guard try ensure(found + count) else { return nil }
            if memcmp(window + position + found, text.utf8Start, count) == 0 { return found }
            distance = found + 1
        }
        return nil
    }

    /// Sees to it that so many bytes lie in the window from the position on; false when the text ends before.
    private func ensure(_ count: Int) throws(BookFailure) -> Bool {
        while limit - position < count {
            guard try more() else { return false }
        }
        return true
    }

    /// Reads on: moves what is still needed to the front of the window, and widens it when a token is longer.
    private func more() throws(BookFailure) -> Bool {
        if isAtEnd { return false }
        let first = min(held, position)
        if first > 0 {
            memmove(window, window + first, limit - first)
            limit -= first
            position -= first
            if held != Int.max { held -= first }
            base += Int64(first)
        }
        if limit == capacity { try widen() }
        let count = try source.read(into: UnsafeMutableRawBufferPointer(start: window + limit, count: capacity - limit))
        isAtEnd = count == 0
        limit += count
        return count > 0
    }

    private func widen() throws(BookFailure) {
        guard capacity < Self.longestToken else {
            throw .damaged(path: path, detail: "a text at byte \(offset) is longer than any book's")
        }
        let wider = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
        memcpy(wider, window, limit)
        window.deallocate()
        window = wider
        capacity *= 2
    }
}
