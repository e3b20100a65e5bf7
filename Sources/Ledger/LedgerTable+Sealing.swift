import Store

/// Values of persons on their way into the tables of the ledger and out of them.
extension LedgerTable {
    /// What seals in this step; nil where nobody does.
    var seals: StepSeals? { session.personal as? StepSeals }

    /// What seals, where values are sealed and some of these kinds hold any.
    private func seals(for kinds: some Sequence<RecordKind>) -> StepSeals? {
        guard let seals, seals.isOn, kinds.contains(where: \.isPersonal) else { return nil }
        return seals
    }

    // MARK: Records and links

    func sealed(_ records: [HubRecord]) throws -> [HubRecord] {
        guard let seals = seals(for: records.lazy.map(\.kind)) else { return records }
        var records = records
        try seals.appoint(&records)
        for index in records.indices {
            guard let key = records[index].sealKey else { continue }
            let kind = records[index].kind
            for (part, value) in records[index].parts {
                records[index].parts[part]?.value = try seals.sealed(value.value, kind, part, key: key)
            }
            guard kind == .customer else { continue }
            if records[index].erasedAt == nil {
                records[index].title = try seals.sealed(text: records[index].title, key: key)
            }
            records[index].naturalKey = try records[index].naturalKey.map(seals.index)
        }
        return records
    }

    func opened(_ records: [HubRecord]) throws -> [HubRecord] {
        guard let seals, records.contains(where: { $0.kind.isPersonal && $0.sealKey != nil }) else { return records }
        var records = records
        try seals.prefetch(records.compactMap(\.sealKey))
        for index in records.indices where records[index].kind.isPersonal {
            seals.meet(records[index].id, records[index].kind, key: records[index].sealKey)
            for (part, value) in records[index].parts {
                records[index].parts[part]?.value = try seals.opened(value.value, depth: 0)
            }
            guard records[index].kind == .customer else { continue }
            records[index].title = try seals.opened(text: records[index].title)
            if records[index].naturalKey?.hasPrefix(PersonalForm.mark) ?? false {
                records[index].naturalKey = nil
                records[index] = records[index].keyed
            }
        }
        return records
    }

    func sealed(_ links: [HubLink]) throws -> [HubLink] {
        guard let seals, seals.isOn else { return links }
        for link in links where !link.kind.isPersonal { seals.meet(link.record, link.kind, key: nil) }
        guard links.contains(where: \.kind.isPersonal) else { return links }
        try seals.meet(links.lazy.filter(\.kind.isPersonal).map(\.record))
        return try links.map { link in
            guard link.kind.isPersonal, let key = try seals.seal(of: link.record)?.key else { return link }
            return try link.mapped { try seals.sealed($1, link.kind, $0, key: key) }
        }
    }

    func opened(_ links: [HubLink]) throws -> [HubLink] {
        guard let seals, links.contains(where: \.kind.isPersonal) else { return links }
        let own = links.lazy.filter(\.kind.isPersonal)
        try seals.prefetch(
            own.flatMap(\.parts.values).flatMap { [$0.sent, $0.seen] }.compactMap { $0.flatMap(StepSeals.keys) })
        return try links.map { link in
            guard link.kind.isPersonal else { return link }
            return try link.mapped { try seals.opened($1, depth: 0) }
        }
    }

    // MARK: What is only added to

    func sealed(_ changes: [Change]) throws -> [Change] {
        guard let seals = seals(for: changes.lazy.map(\.kind)) else { return changes }
        try seals.meet(changes.lazy.filter(\.kind.isPersonal).map(\.record))
        return try changes.map { change in
            guard change.kind.isPersonal, let key = try seals.seal(of: change.record)?.key else { return change }
            return try sealed(change, key: key, seals)
        }
    }

    func sealed(_ change: Change, key: Int64, _ seals: StepSeals) throws -> Change {
        var change = change
        if change.part == Change.birthPart, var birth = change.new?.object {
            for (part, value) in birth["values"]?.object ?? [:] {
                let sealed = try seals.sealed(value, change.kind, part, key: key)
                birth["values"] = birth["values"].map { $0.with(part, sealed) }
            }
            if change.kind == .customer, let title = birth["title"] {
                birth["title"] = try seals.sealed(title, .customer, "title", key: key)
            }
            change.new = .object(birth)
            return change
        }
        func value(_ json: JSON?) throws -> JSON? {
            try json.map { try seals.sealed($0, change.kind, change.part, key: key) }
        }
        (change.old, change.new, change.loser) = (
            try value(change.old), try value(change.new), try value(change.loser)
        )
        return change
    }

    func sealed(_ receipts: [Receipt]) throws -> [Receipt] {
        guard let seals, seals.isOn, !receipts.isEmpty else { return receipts }
        try seals.meet(receipts.map(\.record))
        return try receipts.map { receipt in
            guard let (kind, key) = try seals.seal(of: receipt.record), let key, kind.isPersonal else {
                return receipt
            }
            var receipt = receipt
            receipt.parts = try sealed(told: receipt.parts, kind, key: key, seals)
            receipt.remarks = receipt.remarks.map(session.told)
            return receipt
        }
    }

    /// Of each part what it was, what it became and the like.
    func sealed(told parts: JSON, _ kind: RecordKind, key: Int64, _ seals: StepSeals) throws -> JSON {
        guard let parts = parts.object else { return parts }
        var result = parts
        for (part, told) in parts {
            guard let members = told.object else { continue }
            result[part] = .object(try members.mapValues { try seals.sealed($0, kind, part, key: key) })
        }
        return .object(result)
    }

    func sealed(_ conflicts: [NewConflict]) throws -> [NewConflict] {
        guard let seals, seals.isOn, !conflicts.isEmpty else { return conflicts }
        try seals.meet(conflicts.map(\.record))
        return try conflicts.map { conflict in
            guard let (kind, key) = try seals.seal(of: conflict.record), let key else { return conflict }
            func value(_ json: JSON) throws -> JSON { try seals.sealed(json, kind, conflict.part, key: key) }
            var conflict = conflict
            (conflict.base, conflict.theirs, conflict.ours) = (
                try conflict.base.map(value), try value(conflict.theirs), try value(conflict.ours)
            )
            return conflict
        }
    }

    /// A value that is told, opened.
    func opened(_ json: JSON) throws -> JSON { try seals?.opened(json) ?? json }

    func opened(_ json: JSON?, _ kind: RecordKind) throws -> JSON? {
        guard kind.isPersonal, let json else { return json }
        return try opened(json)
    }

    // MARK: Keys that people know records by

    /// The forms in which such keys may stand in the table, each with the key itself.
    func indexes(of keys: [String], _ kind: RecordKind) throws -> [String: String] {
        var names = Dictionary(keys.map { ($0, $0) }, uniquingKeysWith: { first, _ in first })
        guard kind == .customer, let seals, seals.isOn else { return names }
        for key in keys { names[try seals.index(of: key)] = key }
        return names
    }
}

extension HubLink {
    /// The link with what both sides agreed on made into something else, part by part.
    func mapped(_ change: (String, JSON) throws -> JSON) rethrows -> HubLink {
        var link = self
        for (name, part) in parts {
            var part = part
            let isSame = part.sent == part.seen
            part.sent = try part.sent.map { try change(name, $0) }
            part.seen = isSame ? part.sent : try part.seen.map { try change(name, $0) }
            link.parts[name] = part
        }
        return link
    }
}

extension JSON {
    /// The object with a member.
    fileprivate func with(_ name: String, _ value: JSON) -> JSON {
        var members = object ?? [:]
        members[name] = value
        return .object(members)
    }
}
