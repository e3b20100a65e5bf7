/// A plan for the accounts of a new book.
public struct ChartOfAccounts: Hashable, Sendable {
    /// One account to be made.
    public struct Line: Hashable, Sendable {
        /// The names from the top down.
        public var path: [String]
        public var type: String
        public var code: String
        public var isPlaceholder: Bool

        /// An account at a path whose parents stand before it.
        public init(_ path: [String], _ type: String, code: String = "", isPlaceholder: Bool = false) {
            self.path = path
            self.type = type
            self.code = code
            self.isPlaceholder = isPlaceholder
        }
    }

    public var lines: [Line]

    /// A chart of these accounts.
    public init(_ lines: [Line]) {
        self.lines = lines
    }

    /// What a small web shop needs.
    public static let webShop = ChartOfAccounts([
        Line(["Assets"], "ASSET", code: "1000", isPlaceholder: true),
        Line(["Assets", "Bank"], "BANK", code: "1010"),
        Line(["Assets", "Cash"], "CASH", code: "1020"),
        Line(["Assets", "Accounts Receivable"], "RECEIVABLE", code: "1100"),
        Line(["Assets", "Inventory"], "ASSET", code: "1200"),
        Line(["Liabilities"], "LIABILITY", code: "2000", isPlaceholder: true),
        Line(["Liabilities", "Tax Payable"], "LIABILITY", code: "2100"),
        Line(["Equity"], "EQUITY", code: "3000", isPlaceholder: true),
        Line(["Equity", "Opening Balances"], "EQUITY", code: "3010"),
        Line(["Income"], "INCOME", code: "4000", isPlaceholder: true),
        Line(["Income", "Sales"], "INCOME", code: "4010"),
        Line(["Income", "Shipping"], "INCOME", code: "4020"),
        Line(["Expenses"], "EXPENSE", code: "5000", isPlaceholder: true),
        Line(["Expenses", "Cost of Goods Sold"], "EXPENSE", code: "5010"),
        Line(["Expenses", "Payment Fees"], "EXPENSE", code: "5020"),
        Line(["Expenses", "Discounts"], "EXPENSE", code: "5030"),
        Line(["Expenses", "Rounding"], "EXPENSE", code: "5040"),
    ])

    /// The accounts of this chart under a root.
    func accounts(
        under root: GUID, in currency: BookCommodity, using guids: inout some RandomNumberGenerator
    ) -> [BookAccount] {
        var made: [[String]: GUID] = [:]
        return lines.map { line in
            let guid = GUID.random(using: &guids)
            made[line.path] = guid
            return BookAccount(
                guid: guid, name: line.path.last ?? "", type: line.type, commodity: currency,
                smallestUnit: Currencies.smallestUnit(of: currency), code: line.code,
                parent: made[line.path.dropLast()] ?? root, isPlaceholder: line.isPlaceholder)
        }
    }
}

extension BookFile {
    /// Makes a new book from nothing and reads it.
    ///
    /// The same source of randomness gives the same book.
    /// - Parameters:
    ///   - path: Where no file is yet.
    ///   - form: How it lies on disk.
    ///   - currency: The currency of all accounts, by ISO code.
    ///   - chart: The accounts to make.
    ///   - randomness: Where the GUIDs come from.
    /// - Returns: The new book, read.
    /// - Throws: `alreadyExists`, `notFound` (no such folder), `notPermitted`, `diskFull`, `failed`.
    public static func create(
        _ path: String, form: BookForm, currency: String, chart: ChartOfAccounts = .webShop,
        using randomness: inout some RandomNumberGenerator
    ) throws(BookFailure) -> BookFile {
        let seed = NewBook(
            currency: .currency(currency), chart: chart, using: &randomness)
        switch form {
        case .xml, .gzip: try XMLBookCreator.create(seed, at: path, form: form, disk: .system)
        case .sqlite: try SQLiteBookCreator.create(seed, at: path)
        }
        return try open(path)
    }
}

/// What a new book is made of.
struct NewBook {
    let id: GUID
    let currency: BookCommodity
    let currencyGUID: GUID
    let root: GUID
    let templateRoot: GUID
    let templateCommodity: GUID
    let accounts: [BookAccount]

    init(currency: BookCommodity, chart: ChartOfAccounts, using randomness: inout some RandomNumberGenerator) {
        self.currency = currency
        id = .random(using: &randomness)
        currencyGUID = .random(using: &randomness)
        root = .random(using: &randomness)
        templateRoot = .random(using: &randomness)
        templateCommodity = .random(using: &randomness)
        accounts = chart.accounts(under: root, in: currency, using: &randomness)
    }
}

/// Currencies whose smallest unit is not a hundredth. Source: ISO 4217, list one, column "minor unit".
enum Currencies {
    private static let whole: Set<String> = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
        "XPF",
    ]
    private static let thousandth: Set<String> = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]

    static func smallestUnit(of commodity: BookCommodity) -> Int64 {
        if whole.contains(commodity.code) { return 1 }
        return thousandth.contains(commodity.code) ? 1000 : 100
    }
}
