/// What a path of account names leads to.
public enum AccountLookup: Hashable, Sendable {
    case found(BookAccount)
    case missing
    /// The path fits several accounts: names may repeat among siblings, and may hold the separator.
    case ambiguous([BookAccount])
}

extension Book {
    /// The account a path such as `Assets:Bank` leads to.
    ///
    /// Names may hold `:` themselves, so every way to cut the path is tried; a path that fits more than one account is
    /// reported and never guessed. Keep the GUID once it is found: names change.
    public func account(path: String, separator: Character = ":") -> AccountLookup {
        var found: [BookAccount] = []
        walk(from: root, rest: path[...], separator: separator, depth: 0, into: &found)
        switch found.count {
        case 0: return .missing
        case 1: return .found(found[0])
        default: return .ambiguous(found)
        }
    }

    /// The names from the top down to an account, joined; the GUID itself for an unknown account.
    public func path(of guid: GUID, separator: Character = ":") -> String {
        guard account(guid) != nil else { return guid.description }
        var names: [String] = []
        var next: GUID? = guid
        while let step = next.flatMap(account), names.count < Self.deepestAccount {
            names.append(step.name)
            next = step.parent
        }
        return names.reversed().joined(separator: String(separator))
    }

    /// The balance of every account that has splits, in its own commodity, without its children's.
    ///
    /// An account whose sum does not fit into 64 bits is left out.
    public func balances() -> [GUID: Fraction] { store.balances() }

    /// Smallest units to one of a commodity: 100 for EUR, 1 for JPY.
    ///
    /// A database book says so itself; a text book leaves the currencies to ISO 4217.
    public func smallestUnit(of commodity: BookCommodity) -> Int64 {
        if let fraction = fractions[commodity], fraction > 0 { return fraction }
        if commodity.isCurrency { return Currencies.smallestUnit(of: commodity) }
        return max(1, accounts.first { $0.commodity == commodity }?.smallestUnit ?? 1)
    }

    /// How deep a tree of accounts is followed; a file may lie about parents and go in circles.
    private static let deepestAccount = 100

    private func walk(
        from parent: GUID, rest: Substring, separator: Character, depth: Int, into found: inout [BookAccount]
    ) {
        guard depth < Self.deepestAccount else { return }
        for account in accounts where account.parent == parent && rest.hasPrefix(account.name) {
            let tail = rest.dropFirst(account.name.count)
            if tail.isEmpty {
                found.append(account)
            } else if tail.first == separator {
                walk(
                    from: account.guid, rest: tail.dropFirst(), separator: separator, depth: depth + 1, into: &found)
            }
        }
    }
}
