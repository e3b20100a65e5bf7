import Foundation

/// Writes an edit into a text book: copies the old text to a new file, and changes only what the edit names.
struct XMLBookWriter {
    let file: BookFile
    let layout: XMLLayout
    let plan: EditPlan
    let now: BookTime

    func save() throws(BookFailure) -> BookSaved {
        let path = Disk.resolved(file.path)
        let lock = try LockFile(beside: path, now: now)
        defer { lock.release() }
        try file.seen.check(path)
        let target = try SafeReplacement.temporary(beside: path, disk: file.disk)
        do {
            try write(from: path, to: target)
            try checkResult(target.path)
            try file.seen.check(path)
            return BookSaved(
                safetyCopy: try SafeReplacement.replace(path, with: target.path, now: now, disk: file.disk))
        } catch {
            unlink(target.path)
            throw error
        }
    }

    private func write(from path: String, to target: FileSink) throws(BookFailure) {
        let form = file.book.form
        let sink: any ByteSink = form == .gzip ? try GzipSink(target) : target
        let source = try XMLBookReader.source(path, form: form)
        let copy = EditedCopy(from: source, to: sink, path: path)
        for place in XMLEdits(plan, layout: layout, path: path).places { try copy.edit(place) }
        try copy.finish()
        try sink.finish()
        try target.take(rightsOf: file.seen)
    }

    /// Reads the new file back before it takes the old one's place.
    private func checkResult(_ path: String) throws(BookFailure) {
        let (made, _) = try XMLBookReader.read(path, form: file.book.form)
        let edit = plan.edit
        let book = file.book
        let pairs = [
            (made.transactionCount, book.transactionCount + edit.newTransactions.count),
            (made.splitCount, book.splitCount + edit.newTransactions.reduce(0) { $0 + $1.splits.count }),
            (made.accounts.count, book.accounts.count + edit.newAccounts.count),
            (made.customers.count, book.customers.count + edit.newCustomers.count),
            (made.invoices.count, book.invoices.count + edit.newInvoices.count),
            (made.entries.count, book.entries.count + edit.newEntries.count),
            (made.lots.count, book.lots.count + edit.newLots.count),
            (made.taxTables.count, book.taxTables.count + edit.newTaxTables.count),
        ]
        guard pairs.allSatisfy({ $0 == $1 }), made.unbalanced.isEmpty else {
            throw .failed(path: file.path, detail: "the book that was to be written did not read back as it should")
        }
    }
}

/// Copies a text piece by piece and puts other bytes in some places, which come in order.
private final class EditedCopy {
    private let source: any ByteSource
    private let sink: any ByteSink
    private let path: String
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    private var start = 0
    private var end = 0
    private var offset: Int64 = 0

    init(from source: any ByteSource, to sink: any ByteSink, path: String) {
        self.source = source
        self.sink = sink
        self.path = path
    }

    deinit { room.deallocate() }

    func edit(_ place: XMLEdits.Place) throws(BookFailure) {
        guard place.range.lowerBound >= offset else {
            throw .failed(path: path, detail: "two changes touch the same place")
        }
        try pass(until: place.range.lowerBound) { piece throws(BookFailure) in try sink.write(piece) }
        var old: [UInt8] = []
        try pass(until: place.range.upperBound) { piece in old.append(contentsOf: piece) }
        try sink.write(try place.make(old))
    }

    func finish() throws(BookFailure) {
        try pass(until: Int64.max) { piece throws(BookFailure) in try sink.write(piece) }
    }

    private func pass(
        until limit: Int64, _ body: (UnsafeRawBufferPointer) throws(BookFailure) -> Void
    ) throws(BookFailure) {
        while offset < limit {
            if start == end {
                start = 0
                end = try source.read(into: room)
                if end == 0 {
                    if limit == Int64.max { return }
                    throw .changedMeanwhile(path: path)
                }
            }
            let count = Int(min(Int64(end - start), limit - offset))
            try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[start..<start + count]))
            start += count
            offset += Int64(count)
        }
    }
}
