import Foundation

/// What reading one book cost.
public struct BookMeasure: Hashable, Sendable {
    public var form: BookForm
    public var transactions: Int
    public var splits: Int
    /// Processor time of this process, in seconds.
    public var cpuSeconds: Double
    /// The most memory this process has held since it started, in megabytes.
    public var peakMegabytes: Int

    /// Reads a book once and looks at every split, as a sync without a saved state must.
    ///
    /// Measure one book to a process: the peak of memory never goes down.
    /// - Throws: As `BookFile.open`.
    public static func load(_ path: String) throws(BookFailure) -> BookMeasure {
        let before = usage()
        let book = try BookFile.open(path).book
        var splits = 0
        book.forEachTransaction { splits += $0.splits.count }
        let after = usage()
        return BookMeasure(
            form: book.form, transactions: book.transactionCount, splits: splits,
            cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakMegabytes: after.peakMegabytes)
    }

    /// Makes a book of so many sales, each of 4 splits and an order id of ours, to be measured.
    ///
    /// The same count makes the same book.
    /// - Throws: As `BookFile.create`.
    public static func makeBook(_ path: String, form: BookForm, transactions: Int) throws(BookFailure) {
        var guids = SeededGUIDs("a book of \(transactions) sales")
        let file = try BookFile.create(path, form: form, currency: "EUR", using: &guids)
        let names = ["Assets:Bank", "Income:Sales", "Liabilities:Tax Payable", "Expenses:Payment Fees"]
        let accounts = names.compactMap { name -> GUID? in
            if case .found(let account) = file.book.account(path: name) { account.guid } else { nil }
        }
        var edit = BookEdit()
        edit.newTransactions = (0..<transactions).map { number in
            sale(number, accounts: accounts, guids: &guids)
        }
        let saved = try file.apply(edit, now: firstDay.bookTime, using: &guids)
        if let copy = saved.safetyCopy { unlink(copy) }
    }

    private static let firstDay = BookDay(daysSince1970: 19_000)

    private static func sale(_ number: Int, accounts: [GUID], guids: inout SeededGUIDs) -> BookTransaction {
        let net = 500 + Int64(number) * 37 % 20_000
        let (tax, fee) = (net * 19 / 100, net / 50)
        let splits = zip(accounts, [net + tax - fee, -net, -tax, fee]).map { account, cents in
            BookSplit(
                guid: guids.nextGUID(), account: account, value: Fraction(minorUnits: cents, perUnit: 100),
                memo: "order \(number)")
        }
        return BookTransaction(
            guid: guids.nextGUID(), currency: .currency("EUR"), number: "W-\(number)",
            posted: firstDay.adding(days: number / 100), entered: firstDay.bookTime, text: "Web sale \(number)",
            splits: splits, slots: .own(["order_id": .string("o-\(number)")]))
    }

    private static func usage() -> (cpuSeconds: Double, peakMegabytes: Int) {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let seconds = { (time: timeval) in Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return (seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss / 1024)
    }
}
