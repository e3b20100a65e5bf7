/// Where in the text of a book everything lies that an edit may touch, in bytes of the unpacked text.
struct XMLLayout: Sendable {
    /// A `<gnc:count-data>` element.
    struct Count: Hashable, Sendable {
        var range: Range<Int64>
        var value: Int64
    }

    /// The counts inside the book, by type.
    var counts: [String: Count] = [:]
    /// Behind the last count, or where the first may stand.
    var afterCounts: Int64 = 0
    /// Behind the book's id, where its slots may stand.
    var afterBookID: Int64 = 0
    var bookSlots: Range<Int64>?
    /// Behind the last account.
    var afterAccounts: Int64 = 0
    /// Behind the last transaction, before the templates; 0 when there is none.
    var afterTransactions: Int64 = 0
    /// Where the first tax table begins.
    var firstTaxTable: Int64?
    /// Where the end tag of the book begins.
    var bookEnd: Int64 = 0
    var accounts: [GUID: Range<Int64>] = [:]
    var customers: [GUID: Range<Int64>] = [:]
    var invoices: [GUID: Range<Int64>] = [:]
    var taxTables: [GUID: Range<Int64>] = [:]
    /// Begin and length of each transaction, in the order of the file.
    var transactionStarts: [Int64] = []
    var transactionLengths: [UInt32] = []
    /// What in the book carries a version not known here.
    var unknownVersions: Set<String> = []

    func transaction(at position: Int) -> Range<Int64>? {
        guard transactionStarts.indices.contains(position) else { return nil }
        let start = transactionStarts[position]
        return start..<start + Int64(transactionLengths[position])
    }
}
