import Commerce

extension World {
    /// How often somebody who would do something takes back an edit instead, where people do that at all.
    static let takingBackShare = 0.25

    /// Somebody gives a good the name it had at that vendor before: more often than not the one that was just renamed.
    /// False when there was no name before.
    mutating func takeBack() -> Bool {
        let place = minds.happens(0.7) ? lastRenamed : anyGood()
        guard let place,
            let name = oracle.valueBefore(Oracle.Topic(number: place.number, part: "name"), at: place.vendor)
        else { return false }
        let (vendor, number) = (place.vendor, place.number)
        return happen(at: vendor, "takes back the name of \(number): \"\(name)\"") {
            $0.rename(number, to: name, at: $1)
        }
    }

    private mutating func anyGood() -> Oracle.Place? {
        let vendor = minds.below(vendors.count)
        return minds.pick(vendors[vendor].shown(at: now).goods.map(\.number)).map {
            Oracle.Place(vendor: vendor, number: $0)
        }
    }
}

extension Oracle {
    /// What a vendor showed before what it shows now; nil when it showed nothing else, or when the hub was never shown
    /// what it shows now: to a hub that does not know what became of its write, that value taken back is a write that
    /// never arrived. So is, whatever it was shown meanwhile, what a write replaced whose answer it never had: until it
    /// knows the end of that write it takes nothing of what it is shown there.
    func valueBefore(_ topic: Topic, at vendor: Int) -> String? {
        guard let cell = cells[topic]?[vendor], let current = edits[cell.edit]?.value,
            let shown = lastShown[Place(vendor: vendor, number: topic.number)], shown > cell.since
        else { return nil }
        let before = cell.known.sorted(by: >).compactMap { edits[$0]?.value }
        let last = before.first { ShownGood.canonical($0) != ShownGood.canonical(current) }
        let replaced = unheard[topic]?[vendor]
        return last.flatMap { ShownGood.canonical($0) == replaced.map(ShownGood.canonical) ? nil : $0 }
    }

    /// Which edit a value that appeared somewhere comes from. A value that was taken back comes from several: then it
    /// is the first that was not there yet, for a hub may be that late.
    func source(of value: String, _ topic: Topic, seenBy known: Set<Int>) -> Int? {
        let canonical = ShownGood.canonical(value)
        let all = (editsOf[topic] ?? []).filter { ShownGood.canonical(edits[$0]?.value ?? "") == canonical }
        return all.first { !known.contains($0) } ?? all.last
    }

    /// The edits that gave a topic the value of this one; more than one where it was taken back.
    func same(as edit: Int, _ topic: Topic) -> [Int] {
        let canonical = ShownGood.canonical(edits[edit]?.value ?? "")
        return (editsOf[topic] ?? []).filter { ShownGood.canonical(edits[$0]?.value ?? "") == canonical }
    }
}
