import ConnectorKit
import GnuCashBook

/// Why a document is not written.
enum Stop: Error, Hashable {
    /// A person decides.
    case held(String)
    /// There is nothing to write for now.
    case skipped(String)
    case failed(ConnectorFailure)

    /// What the hub is told.
    var result: WriteResult {
        switch self {
        case .held(let reason): .held(reason)
        case .skipped(let reason): .skipped(reason)
        case .failed(let failure): .failed(failure)
        }
    }

    /// An edit that does not fit the book.
    init(_ fault: EditFault) { self = .failed(.refused(code: "edit", detail: fault.description)) }
}

/// The accounts that the settings name, found in the book.
struct MappedAccounts {
    let book: Book
    let settings: BookSettings

    /// How many accounts are suggested in place of one that is missing.
    static let suggestionLimit = 5

    /// Whether an account is named for this role.
    func names(_ role: AccountRole) -> Bool { settings.accounts[role] != nil }

    /// The account of a role, fit for a document in a currency.
    ///
    /// - Throws: `Stop.failed` when none is named, none is found, several are found or it may not be posted to;
    ///   `Stop.held` when it is in another currency.
    func account(_ role: AccountRole, for document: String, _ currency: Currency) throws(Stop) -> BookAccount {
        guard let path = settings.accounts[role] else {
            throw refused("\(document) needs an account that account_mapping does not name: \(role.rawValue).", role)
        }
        let account = try account(at: path, named: role.rawValue, role: role, for: document, currency)
        if role == .receivables, settings.form == .invoices, account.type != "RECEIVABLE" {
            throw refused("\"\(path)\" (\(role.rawValue)) is of the type \(account.type), not RECEIVABLE.", role)
        }
        return account
    }

    /// The account that takes money paid by a method; nil when none is named for payments.
    ///
    /// - Throws: As `account(_:for:_:)`.
    func bank(method: String, for document: String, _ currency: Currency) throws(Stop) -> BookAccount? {
        if let path = settings.paymentAccounts[method] {
            let name = "payment_accounts.\(method)"
            return try account(at: path, named: name, role: .bank, for: document, currency)
        }
        return names(.bank) ? try account(.bank, for: document, currency) : nil
    }

    /// All that is wrong with the mapping, one sentence each.
    func problems(_ currency: Currency) -> [String] {
        var result: [String] = []
        for role in AccountRole.allCases where names(role) {
            do throws(Stop) {
                _ = try account(role, for: "the mapping", currency)
            } catch {
                result.append(Self.sentence(of: error))
            }
        }
        for method in settings.paymentAccounts.keys.sorted() {
            do throws(Stop) {
                _ = try bank(method: method, for: "the mapping", currency)
            } catch {
                result.append(Self.sentence(of: error))
            }
        }
        return result
    }

    /// The currency orders are booked in: as the settings say, else that of the account of receivables, else that of
    /// the first account that is in money.
    var currency: Currency? {
        if let currency = settings.currency { return currency }
        if let path = settings.accounts[.receivables], case .found(let account) = book.account(path: path),
            let code = account.commodity?.code, let currency = try? Currency(code)
        {
            return currency
        }
        let first = book.accounts.first { $0.commodity?.isCurrency == true }
        return first?.commodity.flatMap { try? Currency($0.code) }
    }

    private func account(
        at path: String, named name: String, role: AccountRole, for document: String, _ currency: Currency
    ) throws(Stop) -> BookAccount {
        let account: BookAccount
        switch book.account(path: path) {
        case .found(let found): account = found
        case .missing:
            if let renamed = remembered(role, path) {
                account = renamed
                break
            }
            throw refused(
                "The account \"\(path)\" (\(name)) wanted by \(document) is not in the book.", role, near: path)
        case .ambiguous(let several):
            throw .failed(
                .refused(
                    code: "account",
                    detail: "The account \"\(path)\" (\(name)) wanted by \(document) is in the book \(several.count) "
                        + "times. Rename all but one in GnuCash; nothing was booked."))
        }
        if account.isPlaceholder {
            throw refused("The account \"\(path)\" (\(name)) is a placeholder and takes no postings.", role, near: path)
        }
        guard account.commodity == .currency(currency.code) else {
            throw .held(
                "\(document) is in \(currency.code), but \"\(path)\" (\(name)) is in "
                    + "\(account.commodity?.code ?? "none"). Nothing is converted: book it by hand, or map accounts in "
                    + "\(currency.code) in an integration of its own.")
        }
        return account
    }

    /// The account that this very name led to when something was booked last: somebody may have renamed it since.
    private func remembered(_ role: AccountRole, _ path: String) -> BookAccount? {
        guard let text = book.slots.value(at: Self.memory(of: role))?.text, text.dropFirst(33) == path else {
            return nil
        }
        return GUID(text.prefix(32)).flatMap(book.account)
    }

    /// Notes in the book which accounts the names lead to, where it is not noted yet.
    func remember(in edit: inout BookEdit) {
        for role in AccountRole.allCases {
            guard let path = settings.accounts[role], case .found(let account) = book.account(path: path) else {
                continue
            }
            let change = SlotChange(.book, Self.memory(of: role), .string("\(account.guid) \(path)"))
            let isKnown = book.slots.value(at: change.path) == change.value || edit.slotChanges.contains(change)
            if !isKnown { edit.slotChanges.append(change) }
        }
    }

    private static func memory(of role: AccountRole) -> [String] { [Slots.ownFrame, "accounts", role.rawValue] }

    private func refused(_ text: String, _ role: AccountRole, near path: String = "") -> Stop {
        let near = suggestions(for: role, near: path)
        let hint = near.isEmpty ? "" : " There are: \(near.map { "\"\($0)\"" }.joined(separator: ", "))."
        return .failed(
            .refused(code: "account", detail: "\(text)\(hint) Choose one in account_mapping; nothing was booked."))
    }

    /// Accounts that may have been meant: of a like name first, then of a usual type.
    private func suggestions(for role: AccountRole, near path: String) -> [String] {
        let wanted = path.split(separator: ":").last.map { $0.lowercased() } ?? ""
        let open = book.accounts.filter { !$0.isPlaceholder && !$0.isHidden }
        let alike = open.filter { account in
            let name = account.name.lowercased()
            return !wanted.isEmpty && !name.isEmpty
                && (name.contains(wanted) || wanted.contains(name) || Self.isOneSlip(name, wanted))
        }
        let usual = open.filter { role.usualTypes.contains($0.type) }
        var paths: [String] = []
        for account in alike + usual where paths.count < Self.suggestionLimit {
            let path = book.path(of: account.guid)
            if !paths.contains(path) { paths.append(path) }
        }
        return paths
    }

    /// Whether two words differ by one letter more, less or other.
    private static func isOneSlip(_ left: String, _ right: String) -> Bool {
        guard abs(left.count - right.count) <= 1 else { return false }
        let ahead = zip(left, right).prefix { $0 == $1 }.count
        let behind = zip(left.reversed(), right.reversed()).prefix { $0 == $1 }.count
        return ahead + behind >= max(left.count, right.count) - 1
    }

    private static func sentence(of stop: Stop) -> String {
        switch stop {
        case .held(let reason), .skipped(let reason): reason
        case .failed(let failure): failure.sentence
        }
    }
}
