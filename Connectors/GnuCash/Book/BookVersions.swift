/// The versions of books that are known here, and may be written.
enum BookVersions {
    /// Features a book may have switched on. Source: GnuCash 4.13, gnc-features.h.
    static let features: Set<String> = [
        "Credit Notes", "Number Field Source", "Extra data in addresses, jobs or invoice entries",
        "Use a Book-Currency",
        "Account GUID based Bayesian data", "Account GUID based bayesian with flat KVP",
        "ISO-8601 formatted date strings in SQLite3 databases.",
        "Register sort and filter settings stored in .gcm file", "Use natural signs in budget amounts",
        "Show extra account columns in the Budget View",
        "Use a dedicated opening balance account identified by an 'equity-type' slot",
    ]

    /// The versions of the tables that are written, as GnuCash 4.13 makes them.
    static let tables: KeyValuePairs<String, Int64> = [
        "Gnucash": 4_000_013, "Gnucash-Resave": 19_920, "books": 1, "commodities": 1, "accounts": 1, "budgets": 1,
        "budget_amounts": 1, "prices": 3, "transactions": 4, "splits": 5, "slots": 4, "recurrences": 2,
        "schedxactions": 1, "lots": 2, "billterms": 2, "customers": 2, "employees": 2, "entries": 4, "invoices": 4,
        "jobs": 1, "orders": 1, "taxtables": 2, "taxtable_entries": 3, "vendors": 1,
    ]

    /// The tables this program writes to; their versions must be exactly those known.
    static let written: Set<String> = [
        "Gnucash-Resave", "accounts", "commodities", "customers", "entries", "invoices", "lots", "slots", "splits",
        "taxtable_entries", "taxtables", "transactions",
    ]
}
