import Foundation

/// Reads a book from its text, plain or packed, in one pass.
final class XMLBookReader {
    let scanner: XMLScanner
    let path: String
    var parts: BookParts
    var layout = XMLLayout()
    private var sides: [TransactionStore.Side] = []

    static func read(_ path: String, form: BookForm) throws(BookFailure) -> (Book, XMLLayout) {
        let reader = XMLBookReader(try source(path, form: form), path: path, form: form)
        try reader.readDocument()
        return (Book(reader.parts), reader.layout)
    }

    static func source(_ path: String, form: BookForm) throws(BookFailure) -> any ByteSource {
        let file = try FileSource(path)
        return form == .gzip ? try GzipSource(file) : file
    }

    init(_ source: any ByteSource, path: String, form: BookForm) {
        scanner = XMLScanner(source, path: path)
        self.path = path
        parts = BookParts(form: form)
    }

    func damaged(_ detail: String) -> BookFailure { .damaged(path: path, detail: detail) }

    private func readDocument() throws(BookFailure) {
        let declaration = try scanner.declaration().lowercased()
        guard declaration.contains("encoding") else {
            throw .notABook(path: path, sign: "its XML declaration names no encoding, which GnuCash refuses")
        }
        guard declaration.contains("utf-8") else { throw .unknownVersion(path: path, detail: "it is not in UTF-8") }
        guard try scanner.child() == .document else {
            throw .notABook(path: path, sign: "it is XML, but its first element is not <gnc-v2>")
        }
        guard scanner.attribute("xmlns:gnc") == "http://www.gnucash.org/XML/gnc" else {
            throw .unknownVersion(path: path, detail: "its namespaces are not those of GnuCash 2 to 5")
        }
        var books = 0
        while let name = try scanner.child() {
            guard name == .book else {
                try scanner.skip()
                continue
            }
            books += 1
            guard books == 1 else { throw damaged("it holds more than one book") }
            try readBook()
        }
        guard books == 1 else { throw damaged("there is no <gnc:book> in it") }
        guard try scanner.isDone() else { throw damaged("something follows the end of the book") }
        guard !parts.store.isFull else { throw damaged("it is larger than this program can hold") }
        parts.store.settle()
        parts.slots["features"].map(checkFeatures)
        if !layout.unknownVersions.isEmpty {
            parts.readOnlyReason = layout.unknownVersions.sorted().joined(separator: ", ")
        }
    }

    private func readBook() throws(BookFailure) {
        noteVersion("gnc:book")
        while let name = try scanner.child() {
            let start = scanner.startOffset
            switch name {
            case .bookID:
                parts.id = try guid("the book")
                layout.afterBookID = scanner.offset
                layout.afterCounts = scanner.offset
            case .bookSlots:
                parts.slots = try slots()
                layout.bookSlots = start..<scanner.offset
                layout.afterCounts = scanner.offset
            case .count: try readCount(from: start)
            case .commodity:
                noteVersion("gnc:commodity")
                let commodity = try commodity()
                if commodity.space != "template" { parts.commodities.append(commodity) }
            case .account: try keepAccount(from: start)
            case .transaction: try keepTransaction(from: start)
            default: try readBusiness(name, from: start)
            }
        }
        layout.bookEnd = scanner.endTagOffset
        layout.afterAccounts = max(layout.afterAccounts, layout.afterCounts)
    }

    /// Notes the version of an object; one that is not known makes the book read only.
    func noteVersion(_ kind: String) {
        let version = scanner.attribute("version") ?? "none"
        parts.versions[kind] = version
        if version != "2.0.0" {
            layout.unknownVersions.insert("\(kind) of version \(version)")
        }
    }

    private func checkFeatures(_ features: SlotValue) {
        guard case .frame(let names) = features else { return }
        for name in names.keys where !BookVersions.features.contains(name) {
            layout.unknownVersions.insert("the feature \"\(name)\"")
        }
    }

    private func readCount(from start: Int64) throws(BookFailure) {
        let type = scanner.attribute("cd:type") ?? ""
        let value = Int64(try string()) ?? 0
        layout.counts[type] = XMLLayout.Count(range: start..<scanner.offset, value: value)
        layout.afterCounts = scanner.offset
        if type == "transaction" {
            let count = Int(clamping: min(max(value, 0), 1_000_000))
            parts.store.reserve(transactions: count, splits: count * 3)
        }
    }

    private func keepTransaction(from start: Int64) throws(BookFailure) {
        guard try readTransaction() else { return }
        layout.transactionStarts.append(start)
        layout.transactionLengths.append(UInt32(clamping: scanner.offset - start))
        layout.afterTransactions = scanner.offset
    }

    /// Keeps a transaction; false when GnuCash would not show it (no splits, or a GUID used twice).
    private func readTransaction() throws(BookFailure) -> Bool {
        if scanner.attributeMark != (UInt8(ascii: "2"), 5) { noteVersion("gnc:transaction") }
        var guid: GUID?
        var head = TransactionStore.Head(
            guid: GUID(high: 0, low: 0), currency: BookCommodity(space: "", code: ""),
            posted: BookDay(daysSince1970: 0),
            entered: .none)
        sides.removeAll(keepingCapacity: true)
        var postedSlot: BookDay?
        while let name = try scanner.child() {
            switch name {
            case .transactionID: guid = try self.guid("a transaction")
            case .transactionCurrency: head.currency = try commodity()
            case .transactionNumber: head.number = parts.store.pool.add(try scanner.text())
            case .transactionPosted: head.posted = try time("a transaction").day
            case .transactionEntered: head.entered = try time("a transaction")
            case .transactionText: head.text = parts.store.pool.add(try scanner.text())
            case .transactionSlots:
                var slots = try slots()
                if case .day(let day)? = slots.removeValue(forKey: "date-posted") { postedSlot = day }
                if !slots.isEmpty { head.slots = parts.store.pool.add(SlotPacking.pack(slots)) }
            case .splits:
                while let name = try scanner.child() {
                    if name == .split { sides.append(try readSplit()) } else { try scanner.skip() }
                }
            default: try scanner.skip()
            }
        }
        guard let guid else { throw damaged("a transaction without a GUID before byte \(scanner.offset)") }
        head.guid = guid
        if let postedSlot { head.posted = postedSlot }
        return sides.isEmpty ? false : parts.store.append(head, sides: sides)
    }

    private func readSplit() throws(BookFailure) -> TransactionStore.Side {
        var guid: GUID?
        var account: GUID?
        var value: Fraction?
        var quantity: Fraction?
        var side = TransactionStore.Side(
            guid: GUID(high: 0, low: 0), account: GUID(high: 0, low: 0), value: .zero, quantity: .zero)
        while let name = try scanner.child() {
            switch name {
            case .splitID: guid = try self.guid("a split")
            case .splitAccount: account = try self.guid("a split")
            case .splitValue: value = try fraction("a split")
            case .splitQuantity: quantity = try fraction("a split")
            case .splitMemo: side.memo = parts.store.pool.add(try scanner.text())
            case .splitAction: side.action = parts.store.pool.add(try scanner.text())
            case .splitReconciled: side.reconciled = try scanner.text().first ?? side.reconciled
            case .splitLot: side.lot = try self.guid("a split")
            case .splitSlots: side.slots = parts.store.pool.add(SlotPacking.pack(try slots()))
            default: try scanner.skip()
            }
        }
        guard let guid, let account, let value, let quantity else {
            throw damaged("a split without GUID, account, value or quantity before byte \(scanner.offset)")
        }
        side.guid = guid
        side.account = account
        side.value = value
        side.quantity = quantity
        return side
    }
}

// MARK: - Single values

extension XMLBookReader {
    func string() throws(BookFailure) -> String { String(decoding: try scanner.text(), as: UTF8.self) }

    func guid(_ owner: String) throws(BookFailure) -> GUID {
        guard let guid = GUID(hex: try scanner.text()) else {
            throw damaged("\(owner) has a broken GUID before byte \(scanner.offset)")
        }
        return guid
    }

    func fraction(_ owner: String) throws(BookFailure) -> Fraction {
        guard let fraction = Fraction(bytes: try scanner.text()) else {
            throw damaged("\(owner) has a broken number before byte \(scanner.offset)")
        }
        return fraction
    }

    func flag() throws(BookFailure) -> Bool { try scanner.text().first == UInt8(ascii: "1") }

    /// The moment inside an element that wraps a `<ts:date>`.
    func time(_ owner: String) throws(BookFailure) -> BookTime {
        var found: BookTime?
        while let name = try scanner.child() {
            if name == .time { found = BookTime(bytes: try scanner.text()) } else { try scanner.skip() }
        }
        guard let found else { throw damaged("\(owner) has a broken date before byte \(scanner.offset)") }
        return found
    }

    func commodity() throws(BookFailure) -> BookCommodity {
        var space = ""
        var code = ""
        while let name = try scanner.child() {
            switch name {
            case .space: space = try string()
            case .code: code = try string()
            default: try scanner.skip()
            }
        }
        return BookCommodity(space: space, code: code)
    }
}
