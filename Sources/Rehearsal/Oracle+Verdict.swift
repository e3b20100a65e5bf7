import Commerce

/// What must be true when all has come to rest.
extension Oracle {
    /// What is not as it must be, once nothing goes wrong any more and everybody has had time.
    func disagreements(
        _ shown: [Shown], _ facts: HubFacts, taken: [String: Int] = [:], deals: Bool = false
    ) -> [Breach] {
        var found: [Breach] = []
        let say = { (invariant: String, words: String) in
            found.append(Breach(invariant: invariant, words: words, at: Moment(seconds: 0)))
        }
        judgeTopics(shown, facts, say)
        judgeNumbers(shown, facts, say)
        judgePresence(shown, facts, say)
        if deals { judgeDealt(shown, facts, say) } else { judgeStock(shown, facts, say) }
        judgeOrders(shown, facts, say)
        for (order, pieces) in taken.sorted(by: { $0.key < $1.key }) {
            let moved = facts.moved[order] ?? 0
            if moved == -Int64(pieces) * 1_000_000 { continue }
            say("I3", "order \(order) has taken \(pieces) pieces, and its movements come to \(moved) millionths")
        }
        for id in facts.unread { say("I1", "the call stored as \(id) was never understood") }
        for id in acknowledged.subtracting(facts.deliveries).sorted() {
            say("I1", "the call \(id) was taken and is nowhere")
        }
        for job in facts.moving {
            say(
                "L1", "\(job.queue) of \(job.kind) \(job.key) at \(job.integration) is still \(job.state): \(job.error)"
            )
        }
        return found
    }

    /// Whether two edits of a topic happened without knowledge of each other, so that somebody must choose.
    func isContested(_ topic: Topic) -> Bool { lastEdits(topic).count > 1 }

    /// The edits that no other edit came after.
    func lastEdits(_ topic: Topic) -> [Int] {
        let all = editsOf[topic] ?? []
        return all.filter { edit in
            !all.contains { $0 != edit && edits[$0]?.known.contains(edit) == true }
        }
    }

    private func judgeTopics(_ shown: [Shown], _ facts: HubFacts, _ say: (String, String) -> Void) {
        let open = Set(facts.conflicts.map { Topic(number: $0.number, part: $0.part) })
        for topic in cells.keys.sorted() {
            // A vendor that keeps what it has, and of which the hub says so, is not asked to agree.
            let values = (cells[topic] ?? [:]).sorted { $0.key < $1.key }.filter { vendor, _ in
                let drift = HubFacts.Drift(number: topic.number, part: topic.part, place: natures[vendor].name)
                guard facts.drifts.contains(drift) else { return true }
                return !(natures[vendor].keepsPrices && topic.part == "price")
                    && !(topic.part == ShownGood.labelPart && isTaken(topic.number, at: vendor, shown))
            }
            let told = values.map { "\(natures[$0.key].name) \"\(edits[$0.value.edit]?.value ?? "")\"" }
                .joined(separator: ", ")
            let heads = Set(values.map { ShownGood.canonical(edits[$0.value.edit]?.value ?? "") })
            if open.contains(topic) {
                if !isContested(topic) {
                    say("I5", "a conflict over \(topic.part) of \(topic.number) nobody made: \(told)")
                }
                continue
            }
            if heads.count > 1 { say("L1", "\(topic.part) of \(topic.number) differs: \(told)") }
            for (vendor, cell) in values { judgeLoss(topic, vendor, cell, say) }
        }
    }

    /// The value everybody shows must be one that no later edit came after.
    private func judgeLoss(_ topic: Topic, _ vendor: Int, _ cell: Cell, _ say: (String, String) -> Void) {
        // A value that was taken back comes from several edits; one that nothing came after is enough.
        let sources = same(as: cell.edit, topic)
        let later = sources.map { edits(after: $0, topic, vendor, cell) }.min { $0.count < $1.count } ?? []
        guard let lost = later.first, let edit = edits[lost] else { return }
        say(
            "I5",
            "\(natures[vendor].name) shows \(topic.part) \"\(edits[cell.edit]?.value ?? "")\" of \(topic.number), "
                + "though \(name(edit.vendor)) was changed from it to \"\(edit.value)\"")
    }

    /// The edits that came after one, and that the vendor's value takes no account of.
    private func edits(after one: Int, _ topic: Topic, _ vendor: Int, _ cell: Cell) -> [Int] {
        (editsOf[topic] ?? []).filter { other in
            guard other != one, other != cell.edit, !overrun.contains(other), let edit = edits[other],
                edit.known.contains(one)
            else {
                return false
            }
            let isGone = edit.vendor.map { removed.contains(Place(vendor: $0, number: topic.number)) } ?? false
            return !isGone && !cell.known.contains(other)
        }
    }

    private func judgePresence(_ shown: [Shown], _ facts: HubFacts, _ say: (String, String) -> Void) {
        let numbers = Set(shown.flatMap { $0.goods.map(\.number) }).sorted()
        for number in numbers {
            if facts.records[number] != 1 {
                say("I2", "the hub has \(facts.records[number] ?? 0) records of \(number)")
            }
            if facts.deleted.contains(number) {
                say("I5", "\(number) is deleted in the hub, though it is still to be had")
            }
            for vendor in natures.indices where shown[vendor].good(number) == nil {
                if removed.contains(Place(vendor: vendor, number: number)) { continue }
                let reason = facts.stuck.first { $0.number == number && $0.integration == natures[vendor].name }
                if let reason, reason.hasIntent, !natures[vendor].findsCreates { continue }
                // It cannot be put up where its number is another good's, and a person is told.
                if reason != nil, cannotBePutUp(number, at: vendor, shown) { continue }
                say("L1", "\(natures[vendor].name) lacks \(number): \(reason?.error ?? "no reason is given")")
            }
        }
    }

    private func judgeStock(_ shown: [Shown], _ facts: HubFacts, _ say: (String, String) -> Void) {
        for number in stock.accounts.keys.sorted() {
            guard let account = stock.accounts[number] else { continue }
            let levels = natures.indices.compactMap { vendor in
                shown[vendor].good(number).map { (natures[vendor].name, $0.stock) }
            }
            if levels.isEmpty { continue }
            let told = levels.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
            guard let hub = facts.stock[number], levels.allSatisfy({ Self.offers($0.1, of: hub) }) else {
                let hub = facts.stock[number].map(String.init) ?? "none"
                say("L1", "stock of \(number) differs: \(told), hub \(hub)")
                continue
            }
            if account.unclear == 0, !account.isLoose, abs(hub - account.expected) > account.erased,
                !isTakenForWritten(account, hub, facts.untold[number] ?? [])
            {
                say("I3", "stock of \(number) is \(hub), and people left \(account.expected) (\(told))")
            }
        }
    }

    /// Whether somebody bought just as many pieces as a write was to take off that never came, and whose fate the hub
    /// could not learn, or took from what it saw soon after: the piece sold and the write then look the same. Or what
    /// was sold could be read in two ways, and the hub keeps the smaller stock.
    private func isTakenForWritten(
        _ account: StockBook.Account, _ hub: Int, _ untold: Set<HubFacts.UntoldCount>
    ) -> Bool {
        let over = hub - account.expected
        let missing = account.erased + account.veilable + account.belied { !natures[$0].isShop }
        if -missing <= over, over <= account.erased + account.mistakable { return true }
        return untold.contains { write in
            abs(hub - account.expected - write.pieces) <= account.erased
                && account.gone.contains { natures[$0.vendor].name == write.place && $0.pieces == write.pieces }
        }
    }

    /// Whether a vendor that shows that many pieces offers what there is. Where more was sold than there was, each shop
    /// keeps below nothing what it owes its own buyers; all that matters is that nobody offers a piece.
    private static func offers(_ level: Int, of stock: Int) -> Bool { stock > 0 ? level == stock : level <= 0 }

    private func judgeOrders(_ shown: [Shown], _ facts: HubFacts, _ say: (String, String) -> Void) {
        for order in orders.keys.sorted() where facts.orders[order] != 1 {
            say("I2", "order \(order) is \(facts.orders[order] ?? 0) records of the hub")
        }
        for vendor in natures.indices where natures[vendor].keepsBooks {
            let documents = Dictionary(grouping: shown[vendor].documents, by: \.source)
            for (place, nature) in natures.enumerated() where nature.isShop {
                for order in shown[place].orders { judge(order, nature, documents, vendor, facts, say) }
            }
        }
    }

    private func judge(
        _ order: ShownOrder, _ shop: VendorNature, _ documents: [String: [ShownDocument]], _ vendor: Int,
        _ facts: HubFacts, _ say: (String, String) -> Void
    ) {
        let source = "\(shop.name)/\(order.id)"
        let booked = documents[source] ?? []
        let name = natures[vendor].name
        let total = booked.reduce(0) { $0 + $1.total }
        guard let document = booked.first(where: { $0.corrects == nil }) else {
            let waits = facts.stuck.contains { $0.kind == "order" && $0.integration == name && $0.hasIntent }
            if !waits || natures[vendor].findsCreates { say("L1", "order \(source) is not booked at \(name)") }
            return
        }
        if dropped.contains("\(name): \(source)"), orderTotals[source]?.contains(document.total) ?? false { return }
        if isLeftToPeople(source, name, vendor, facts), orderTotals[source]?.contains(total) ?? false { return }
        if total != order.total || document.refunded != order.refunded {
            say(
                "I4",
                "order \(source) is \(order.total) less \(order.refunded) cents, booked at \(name) as "
                    + "\(total) less \(document.refunded)")
        }
    }

    /// Whether an order that was edited after it was booked waits for a person, who is told why: then it stays booked
    /// as it was at some time.
    private func isLeftToPeople(_ source: String, _ name: String, _ vendor: Int, _ facts: HubFacts) -> Bool {
        guard !natures[vendor].corrects, (orderTotals[source]?.count ?? 0) > 1 else { return false }
        return facts.stuck.contains {
            $0.kind == "order" && $0.integration == name && $0.source == source && $0.state == "held"
                && $0.error.contains("edited after it was booked")
        }
    }

    /// What may never be, looked at whenever a document is written.
    mutating func judgeDocuments(_ before: Shown, _ after: Shown, _ write: Write) {
        for document in after.documents.dropFirst(before.documents.count) where document.corrects == nil {
            if before.documents.contains(where: { $0.source == document.source }) {
                breach(
                    "I2", "\(natures[write.vendor].name) books order \(document.source) twice (\(write.words))",
                    write.at)
            }
            if orders[document.source] == nil {
                breach("I2", "\(natures[write.vendor].name) books \(document.source), which nobody ordered", write.at)
            }
        }
    }
}
