import Commerce

/// What staff do to the article numbers of goods.
enum Numbering: String, Sendable, CaseIterable {
    /// A good is given a number nobody has used.
    case changed
    /// Two goods change their numbers.
    case swapped
    /// A good is given the number of another, which keeps it.
    case merged
}

/// Staff change the article numbers of goods the hub knows wherever they are to be had: from then on a good is what was
/// linked, whatever its number. Of what is not linked yet nobody could tell which good it is.
extension World {
    /// How long after one the next comes, in seconds.
    static let numberingSeconds = 15.0...150.0

    /// What each good that is to be had anywhere is known as, by vendor and id; empty where no numbers change.
    var goodsByID: [String: String] {
        guard !knobs.reach.numberings.isEmpty else { return [:] }
        var goods = knownGoods
        for vendor in vendors {
            for good in vendor.shown(at: now).goods { goods["\(vendor.name)/\(good.id)"] = good.number }
        }
        return goods
    }

    mutating func planNumberings() {
        guard !knobs.reach.numberings.isEmpty else { return }
        agenda.add(.numbering, at: now.adding(seconds: numberingChance.seconds(Self.numberingSeconds)))
    }

    /// Staff of a vendor change numbers.
    ///
    /// - Parameter linked: What the hub knows, by vendor and id.
    mutating func changeNumbers(linked: Set<String>) {
        guard isStormy else { return }
        planNumberings()
        let vendor = numberingChance.below(vendors.count)
        guard let numbering = numberingChance.pick(knobs.reach.numberings) else { return }
        let goods = vendors[vendor].shown(at: now).goods.filter { !$0.label.isEmpty && isKnown($0.number, linked) }
        guard let good = numberingChance.pick(goods) else { return }
        let isDone: Bool
        switch numbering {
        case .changed: isDone = renumber(good.number, to: "n\(number())", at: vendor)
        case .swapped: isDone = swap(good, with: goods, at: vendor)
        case .merged: isDone = merge(good, with: goods, at: vendor)
        }
        if isDone { coverage.did("numbers \(numbering.rawValue)") }
    }

    /// Whether the hub knows a good wherever it is to be had.
    private func isKnown(_ number: String, _ linked: Set<String>) -> Bool {
        vendors.allSatisfy { vendor in
            vendor.shown(at: now).goods.allSatisfy { $0.number != number || linked.contains("\(vendor.name)/\($0.id)") }
        }
    }

    /// Whether a good is to be had everywhere.
    private func isEverywhere(_ number: String) -> Bool {
        vendors.allSatisfy { $0.shown(at: now).good(number) != nil }
    }

    /// Whether a good never bore that number: what is given again could not be told from what was never changed.
    private func isNew(_ label: String, for number: String) -> Bool {
        let topic = Oracle.Topic(number: number, part: ShownGood.labelPart)
        return !(oracle.editsOf[topic] ?? []).contains { oracle.edits[$0]?.value == label }
    }

    private mutating func renumber(_ number: String, to label: String, at vendor: Int) -> Bool {
        remember(number)
        return happen(at: vendor, "gives \(number) the number \(label)") { $0.renumber(number, to: label, at: $1) }
    }

    /// From now on it is known as what it was, wherever it is to be had.
    private mutating func remember(_ number: String) {
        for index in vendors.indices {
            for good in vendors[index].shown(at: now).goods where good.number == number { know(good.id, number, index) }
        }
    }

    private mutating func know(_ id: String, _ number: String, _ vendor: Int) {
        vendors[vendor].know(id, as: number)
        knownGoods["\(vendors[vendor].name)/\(id)"] = number
    }

    /// A shop has no number twice, not for a moment: one of the goods bears a third one meanwhile.
    private mutating func swap(_ good: ShownGood, with goods: [ShownGood], at vendor: Int) -> Bool {
        let others = goods.filter {
            $0.label != good.label && isNew($0.label, for: good.number) && isNew(good.label, for: $0.number)
        }
        guard let other = numberingChance.pick(others) else { return false }
        if vendors[vendor].nature.keepsNumbersUnique {
            guard renumber(good.number, to: "n\(number())", at: vendor) else { return false }
            return renumber(other.number, to: good.label, at: vendor)
                && renumber(good.number, to: other.label, at: vendor)
        }
        return renumber(good.number, to: other.label, at: vendor)
            && renumber(other.number, to: good.label, at: vendor)
    }

    private mutating func merge(_ good: ShownGood, with goods: [ShownGood], at vendor: Int) -> Bool {
        guard !vendors[vendor].nature.keepsNumbersUnique, isEverywhere(good.number) else { return false }
        let others = goods.filter {
            $0.label != good.label && isNew($0.label, for: good.number) && isEverywhere($0.number)
        }
        guard let other = numberingChance.pick(others) else { return false }
        return renumber(good.number, to: other.label, at: vendor)
    }

    // MARK: - What the hub makes

    /// What the hub has just made somewhere is the good whose name it was given, whatever number it bears.
    mutating func recogniseNew(at vendor: Int, since before: Shown) {
        guard !knobs.reach.numberings.isEmpty else { return }
        let known = Set(before.goods.map(\.id))
        for good in vendors[vendor].shown(at: now).goods where !known.contains(good.id) {
            know(good.id, oracle.good(named: good.name) ?? good.number, vendor)
        }
    }
}

extension Oracle {
    /// The good somebody gave that name.
    func good(named name: String) -> String? {
        let canonical = ShownGood.canonical(name)
        return editsOf.keys.sorted().first { topic in
            topic.part == "name"
                && (editsOf[topic] ?? []).contains { ShownGood.canonical(edits[$0]?.value ?? "") == canonical }
        }?.number
    }
}

extension Rehearsal {
    func changeNumbers() {
        let links = try? stage.disk.look { session in
            try session.rows(
                """
                SELECT integration.name || '/' || link.external_id FROM link
                JOIN integration ON integration.id = link.integration_id
                WHERE link.kind = 'product' AND link.is_active = 1
                """, []
            ).map { $0.text(0) }
        }
        stage.world.withLock { $0.changeNumbers(linked: Set(links ?? [])) }
    }
}
