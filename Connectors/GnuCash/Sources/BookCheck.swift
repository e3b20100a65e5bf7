import ConnectorKit
import GnuCashBook

/// Opens the book once and says what is in it, and what of the mapping does not fit.
struct BookCheck: ConnectionCheck {
    let client: GnuCashClient

    func check() async throws(ConnectorFailure) -> String {
        try await client.read { [client] open in Self.words(for: open, client.settings, now: client.surroundings.now())
        }
    }

    private static func words(for open: OpenBook, _ settings: BookSettings, now: Moment) -> String {
        let book = open.book
        let accounts = MappedAccounts(book: book, settings: settings)
        let name = settings.path.split(separator: "/").last.map(String.init) ?? settings.path
        let currency = accounts.currency
        var text =
            "GnuCash book \(name): "
            + [
                counted(book.accounts.count, "account"), counted(book.customers.count, "customer"),
                counted(book.transactionCount, "transaction"), currency?.code ?? "no currency", words(for: book.form),
            ].joined(separator: ", ")
        let roles = AccountRole.allCases.compactMap { role in
            settings.accounts[role].map { "\(role.rawValue.prefix { $0 != "_" }) \($0)" }
        }
        text += roles.isEmpty ? "; no accounts are mapped" : "; accounts for " + roles.joined(separator: ", ")
        let problems = problems(of: open, accounts, currency, now: now)
        if !problems.isEmpty { text += ". To mend: " + problems.joined(separator: " ") }
        return text
    }

    private static func problems(
        of open: OpenBook, _ accounts: MappedAccounts, _ currency: Currency?, now: Moment
    ) -> [String] {
        var result = currency.map(accounts.problems) ?? []
        if let reason = open.book.readOnlyReason { result.append("The book is read, but never written: \(reason).") }
        if !open.book.unbalanced.isEmpty {
            result.append(
                "\(counted(open.book.unbalanced.count, "transaction")) of the book do not sum to nought, so nothing is "
                    + "written; mend them in GnuCash (Actions, Check & Repair).")
        }
        do throws(BookFailure) {
            if let lock = try open.file.lock(now: BookTime(now)) { result.append(lock.description) }
        } catch {
            result.append(error.description)
        }
        return result
    }

    private static func words(for form: BookForm) -> String {
        switch form {
        case .xml: "XML"
        case .gzip: "XML gzip"
        case .sqlite: "SQLite"
        }
    }

    private static func counted(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }
}
