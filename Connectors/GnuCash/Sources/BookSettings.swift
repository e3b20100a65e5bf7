import ConnectorKit
import Foundation

/// What an account of the mapping is for.
enum AccountRole: String, CaseIterable, Sendable {
    case sales = "sales_account"
    case receivables = "receivables_account"
    case shipping = "shipping_account"
    case fees = "fees_account"
    case discounts = "discounts_account"
    case tax = "tax_account"
    case rounding = "rounding_account"
    case bank = "bank_account"

    /// The types GnuCash gives to accounts that usually have this role; used to suggest one.
    var usualTypes: Set<String> {
        switch self {
        case .sales, .shipping, .fees: ["INCOME"]
        case .receivables: ["RECEIVABLE"]
        case .discounts, .rounding: ["EXPENSE", "INCOME"]
        case .tax: ["LIABILITY"]
        case .bank: ["BANK", "CASH", "ASSET"]
        }
    }
}

/// How an order is booked.
enum BookingForm: String, CaseIterable, Sendable {
    case invoices
    case transactions
}

/// The settings of one book, as values.
struct BookSettings: Sendable {
    var path: String
    /// Paths of account names, such as `Income:Sales`.
    var accounts: [AccountRole: String] = [:]
    /// Where money that came by a payment method goes; `bank_account` for all others.
    var paymentAccounts: [String: String] = [:]
    var createsCustomers = true
    var readsTransactions = true
    var form = BookingForm.invoices
    /// Whether an order that is off by a few smallest units is booked with the difference; else it is held.
    var booksDifferences = false
    var booksUnknownProducts = false
    /// Nil: the currency of the account of receivables, else of the first account.
    var currency: Currency?
    var customerPrefix = "XD-"
    var invoicePrefix = ""
    var bookWhen: Set<OrderState> = [.processing, .completed]
    /// Minutes to add to UTC to get the merchant's day.
    var zoneOffsetMinutes = 0

    static let shapes: [SettingShape] = [
        SettingShape("gnucash_file_path", .text, aliases: ["file"], isRequired: true, "The path of the book."),
        SettingShape(
            "account_mapping", .group(mappingShapes),
            "Which account of the book takes what, as names from the top down: \"Income:Sales\"."),
        SettingShape(
            "payment_accounts", .table,
            "The account that takes the money, by payment method; bank_account takes the rest."),
        SettingShape(
            "auto_create_customers", .flag, standard: true, "Whether a customer missing in the book is made there."),
        SettingShape("sync_transactions", .flag, standard: true, "Whether the book's transactions are read."),
        SettingShape(
            "sync_frequency", .textOrNumber, standard: "15",
            "How often the book is read: hourly, daily, weekly, a number of minutes from 1 to 525600, or a cron line, "
                + "with its time zone before it where that is not UTC: \"CRON_TZ=Asia/Colombo 0 2 * * *\"."),
        SettingShape(
            "orders_as", .oneOf(BookingForm.allCases.map(\.rawValue)), standard: "invoices",
            "Whether an order becomes a posted invoice with its payment, or a plain transaction."),
        SettingShape(
            "rounding", .oneOf(["book", "hold"]), standard: "hold",
            "What to do with an order that is off its own total by a few smallest units: book the difference to "
                + "rounding_account, or hold the order."),
        SettingShape(
            "unknown_products", .oneOf(["book", "hold"]), standard: "hold",
            "What to do with an order that sells something that is no product: book it, or hold it."),
        SettingShape("currency", .text, "The book's currency; that of receivables_account where it is not given."),
        SettingShape(
            "customer_id_prefix", .text, standard: "XD-", "What the numbers of customers made here begin with."),
        SettingShape("invoice_id_prefix", .text, "What stands before the order's number in the number of an invoice."),
        SettingShape(
            "book_when", .list, standard: ["processing", "completed"], "The states in which an order is booked."),
        SettingShape(
            "time_zone_offset", .integer(-840...840), standard: 0,
            "Minutes to add to UTC to find the day an order, payment or refund counts for."),
    ]

    private static let mappingShapes: [SettingShape] = [
        SettingShape(AccountRole.sales.rawValue, .text, isRequired: true, "Takes the net price of goods."),
        SettingShape(
            AccountRole.receivables.rawValue, .text, isRequired: true, "What customers owe; of the type receivable."),
        SettingShape(
            AccountRole.shipping.rawValue, .text, "Takes what is charged for shipping; sales_account if none."),
        SettingShape(AccountRole.fees.rawValue, .text, "Takes fees on an order; sales_account if none."),
        SettingShape(
            AccountRole.discounts.rawValue, .text,
            "Takes discounts; if none, goods are booked at the price after discount."),
        SettingShape(AccountRole.tax.rawValue, .text, "Takes the tax; needed once an order has tax."),
        SettingShape(AccountRole.rounding.rawValue, .text, "Takes rounding differences."),
        SettingShape(AccountRole.bank.rawValue, .text, "Takes payments; if none, payments are not booked."),
    ]

    init(path: String) { self.path = path }

    /// Reads accepted settings.
    ///
    /// - Throws: `SettingsError` for an unknown currency, state or frequency.
    init(_ settings: Settings) throws(SettingsError) {
        path = NSString(string: settings.text("gnucash_file_path") ?? "").expandingTildeInPath
        var problems: [String] = []
        let mapping = settings.group("account_mapping")
        for role in AccountRole.allCases { accounts[role] = mapping?.text(role.rawValue) }
        paymentAccounts = settings.table("payment_accounts")
        createsCustomers = settings.flag("auto_create_customers") ?? true
        readsTransactions = settings.flag("sync_transactions") ?? true
        form = settings.text("orders_as").flatMap(BookingForm.init(rawValue:)) ?? .invoices
        booksDifferences = settings.text("rounding") == "book"
        booksUnknownProducts = settings.text("unknown_products") == "book"
        customerPrefix = settings.text("customer_id_prefix") ?? "XD-"
        invoicePrefix = settings.text("invoice_id_prefix") ?? ""
        zoneOffsetMinutes = settings.integer("time_zone_offset") ?? 0
        if let code = settings.text("currency") {
            do {
                currency = try Currency(code)
            } catch {
                problems.append("GnuCash: \"currency\": \(error.description)")
            }
        }
        bookWhen = []
        for word in settings.list("book_when") {
            guard let state = OrderState(rawValue: word), state != .cancelled, state != .failed else {
                problems.append(
                    "GnuCash: \"book_when\" may name draft, pending, onHold, processing and completed, "
                        + "found \"\(word)\"")
                continue
            }
            bookWhen.insert(state)
        }
        if let word = settings.text("sync_frequency"), Self.seconds(of: word) == nil, Self.cronLine(of: word) == nil {
            problems.append(
                "GnuCash: \"sync_frequency\" must be hourly, daily, weekly, a number of minutes or a cron line, found "
                    + "\"\(word)\"")
        }
        guard problems.isEmpty else { throw SettingsError(problems) }
    }

    /// A frequency of five words, with a zone before them or not, is a cron line: minute, hour, day, month, weekday.
    /// The hub reads it, and refuses one that cannot be.
    static func cronLine(of frequency: String) -> String? {
        let words = frequency.split(separator: " ").drop { $0.hasPrefix("CRON_TZ=") || $0.hasPrefix("TZ=") }
        return words.count == 5 ? frequency : nil
    }

    /// The seconds between two readings of the book; nil for a word that means nothing here.
    static func seconds(of frequency: String) -> Int? {
        switch frequency {
        case "hourly": 3600
        case "daily": 86_400
        case "weekly": 604_800
        default: Int(frequency).flatMap { (1...525_600).contains($0) ? $0 * 60 : nil }
        }
    }
}
