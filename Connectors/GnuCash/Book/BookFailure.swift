/// Why a book could not be read or written. The book is unchanged in every case.
public enum BookFailure: Error, Hashable, Sendable {
    /// There is no file at this path.
    case notFound(path: String)
    /// The operating system does not let us; `action` is what we wanted, e.g. "read".
    case notPermitted(path: String, action: String)
    /// The file is another program's, or another file of this one; `sign` is what it was known by.
    case notABook(path: String, sign: String)
    /// The file ends before the book does.
    case truncated(path: String, detail: String)
    /// The file is a book, but damaged.
    case damaged(path: String, detail: String)
    /// The file was written by a version whose form is not known here.
    case unknownVersion(path: String, detail: String)
    /// The book holds transactions that do not sum to nought; `first` is one of them. It can be read, not written.
    case unbalanced(path: String, count: Int, first: GUID, text: String, difference: String)
    /// Another program has the book open.
    case locked(path: String, holder: String, ageSeconds: Int64?)
    /// The database is busy for a moment.
    case busy(path: String)
    /// The file was changed by someone else since it was read.
    case changedMeanwhile(path: String)
    /// There is no room for the new book beside the old.
    case diskFull(path: String)
    /// The edit does not fit the book.
    case refused(EditFault)
    /// There is already a file where a new book shall be made.
    case alreadyExists(path: String)
    /// The operating system reports another fault.
    case failed(path: String, detail: String)
}

/// Why an edit was refused before anything was written.
public enum EditFault: Error, Hashable, Sendable {
    case unbalanced(transaction: GUID, text: String, difference: String)
    case noSplits(transaction: GUID, text: String)
    case missingAccount(GUID, wantedBy: String)
    case placeholderAccount(name: String, wantedBy: String)
    case missingCustomer(GUID, wantedBy: String)
    case missingInvoice(GUID, wantedBy: String)
    case missingTransaction(GUID, wantedBy: String)
    case missingTaxTable(GUID, wantedBy: String)
    case missingLot(GUID, wantedBy: String)
    case missingCommodity(String, wantedBy: String)
    case duplicate(GUID, kind: String)
    /// An account is counted in another currency than the posting or the tax needs.
    case wrongCurrency(account: String, has: String, needs: String, wantedBy: String)
    /// The posting of an invoice is not what its lines add up to.
    case postingDiffers(invoice: String, posted: String, reckoned: String)
    /// A line of a posted invoice points to a tax table the user can change, and would lose its tax when unposted.
    case taxTableNotFrozen(invoice: String)
    /// A number cannot be said in the smallest unit of the account, or does not fit.
    case unrepresentable(String, wantedBy: String)
    /// A slot that is not ours to write, or a path without a name.
    case forbiddenSlot(path: String)
    /// The object must not be changed any more, e.g. the lines of a posted invoice.
    case unchangeable(String)
}

extension BookFailure: CustomStringConvertible {
    /// What happened, to which file, and what the operator can do.
    public var description: String {
        switch self {
        case .notFound(let path):
            "There is no book at \(path). Check the path in the settings; nothing was read."
        case .notPermitted(let path, let action):
            "Not allowed to \(action) \(path). Give this program the right to \(action) the file and its folder."
        case .notABook(let path, let sign):
            "\(path) is not a GnuCash book: \(sign). Choose the book itself; the file was left alone."
        case .truncated(let path, let detail):
            "The book \(path) ends too early (\(detail)). Restore it from a safety copy beside it; it was left alone."
        case .damaged(let path, let detail):
            "The book \(path) is damaged: \(detail). Open it in GnuCash or restore a safety copy; it was left alone."
        case .unknownVersion(let path, let detail):
            "The book \(path) was written by a version not known here: \(detail). It is read, but never written."
        case .unbalanced(let path, let count, let first, let text, let difference):
            "The book \(path) holds \(count) transaction(s) that do not sum to nought, first \"\(text)\" (\(first)), "
                + "off by \(difference). Mend them in GnuCash (Actions, Check & Repair); nothing was written."
        case .locked(let path, let holder, let age):
            "The book \(path) is open elsewhere (\(holder)\(Self.words(age))). It is tried again later. If no GnuCash "
                + "has it open, start GnuCash once and choose \"Open Anyway\", then close it."
        case .busy(let path):
            "The book \(path) is being written by another program. It is tried again later; nothing was written."
        case .changedMeanwhile(let path):
            "The book \(path) was changed by another program after it was read. It is read again; nothing was written."
        case .diskFull(let path):
            "There is no room to write beside \(path). Free some space; the book is unchanged."
        case .refused(let fault):
            "The change was refused before writing: \(fault)"
        case .alreadyExists(let path):
            "There is already a file at \(path); no new book was made."
        case .failed(let path, let detail):
            "Reading or writing \(path) failed: \(detail). The book is unchanged."
        }
    }

    private static func words(_ age: Int64?) -> String {
        guard let age else { return "" }
        switch age {
        case ..<120: return ", since \(max(0, age)) seconds"
        case ..<7200: return ", since \(age / 60) minutes"
        case ..<172_800: return ", since \(age / 3600) hours"
        default: return ", since \(age / 86_400) days"
        }
    }
}

extension EditFault: CustomStringConvertible {
    /// What is wrong with the edit, and what the operator can do.
    public var description: String {
        switch self {
        case .unbalanced(let guid, let text, let difference):
            "the transaction \"\(text)\" (\(guid)) is off by \(difference); its splits must sum to nought."
        case .noSplits(let guid, let text):
            "the transaction \"\(text)\" (\(guid)) has no splits."
        case .missingAccount(let guid, let by):
            "the account \(guid) wanted by \(by) is not in the book; choose an account in the mapping again."
        case .placeholderAccount(let name, let by):
            "the account \"\(name)\" wanted by \(by) is a placeholder; choose one that may be posted to."
        case .missingCustomer(let guid, let by):
            "the customer \(guid) wanted by \(by) is not in the book; it may have been deleted in GnuCash."
        case .missingInvoice(let guid, let by):
            "the invoice \(guid) wanted by \(by) is not in the book; it may have been deleted in GnuCash."
        case .missingTransaction(let guid, let by):
            "the transaction \(guid) wanted by \(by) is not in the book; it may have been deleted in GnuCash."
        case .missingTaxTable(let guid, let by):
            "the tax table \(guid) wanted by \(by) is not in the book; choose a tax table in the mapping again."
        case .missingLot(let guid, let by):
            "the lot \(guid) wanted by \(by) is not in the book; the invoice may have been unposted in GnuCash."
        case .missingCommodity(let code, let by):
            "the currency \(code) wanted by \(by) is not in the book; add an account in that currency in GnuCash."
        case .duplicate(let guid, let kind):
            "the \(kind) \(guid) is in the book already."
        case .wrongCurrency(let account, let has, let needs, let by):
            "the account \"\(account)\" is in \(has), but \(by) needs one in \(needs); choose another in the mapping."
        case .postingDiffers(let invoice, let posted, let reckoned):
            "invoice \(invoice) is posted with \(posted), but its lines add up to \(reckoned)."
        case .taxTableNotFrozen(let invoice):
            "a line of the posted invoice \(invoice) points to a visible tax table, which would be lost on unposting."
        case .unrepresentable(let number, let by):
            "the amount \(number) of \(by) cannot be written exactly in this book."
        case .forbiddenSlot(let path):
            "the slot \"\(path)\" is not ours to write."
        case .unchangeable(let what):
            "\(what) cannot be changed from here; change it in GnuCash."
        }
    }
}
