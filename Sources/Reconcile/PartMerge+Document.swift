import Commerce

extension PartMerge {
    /// The body of a document: taken whole from its issuer, from nobody else.
    func contentStep() -> PartStep {
        guard isIssuer else {
            if let hub, isSame(hub.value) { return agreed(on: hub.value) }
            return refused("\(part) of a document is changed by the side that issued it alone")
        }
        guard let hub else { return took(RuleName.firstValue) }
        if isSame(hub.value) || isSameButForNumbers(hub.value) { return agreed(on: hub.value) }
        return took(RuleName.issuer, over: hubChanged ? hub.value : nil)
    }

    /// Whether they differ in article numbers alone. Some issuers give a line the number its article bears by now:
    /// nobody edited the order, and what was booked is not booked anew.
    private func isSameButForNumbers(_ value: JSON) -> Bool {
        part == OrderPart.content.shape.name && Self.unnumbered(value) == Self.unnumbered(theirs)
    }

    /// An order's content without the numbers of articles that its lines name by id.
    private static func unnumbered(_ content: JSON) -> JSON {
        guard var members = content.object, let lines = content["lines"]?.array else { return content }
        members["lines"] = .array(
            lines.map { line in
                guard var members = line.object, members["item"]?.string != nil else { return line }
                members["sku"] = nil
                return .object(members)
            })
        return .object(members)
    }

    /// A state of a document: moved along declared arrows, by events that may arrive in any order.
    func stateStep() -> PartStep {
        let machine = StateMachine.of(kind, part)
        if let hub, isSame(hub.value) { return agreed(on: hub.value) }
        guard let hub, !hub.value.isNull else {
            guard isIssuer || (machine?.knows(theirs) ?? false) else { return refused(unknownState) }
            return took(RuleName.firstValue)
        }
        let isForward = machine?.leads(from: hub.value, to: theirs) ?? false
        let isBehind = machine?.leads(from: theirs, to: hub.value) ?? false
        if isForward { return took(isIssuer ? RuleName.issuer : RuleName.arrow) }
        // The hub has meanwhile moved on from a state they have only now reached: old news, whoever brings it.
        if isBehind, hubChanged { return kept(RuleName.alreadyFurther) }
        guard isIssuer else {
            return refused(
                machine?.knows(theirs) ?? false
                    ? "no arrow leads from \(hub.value.text) to \(theirs.text), and only the issuer may go without one"
                    : unknownState)
        }
        if machine == nil { return took(RuleName.issuer, over: hubChanged ? hub.value : nil) }
        return took(
            event: .tookAgainstArrows(from: hub.value, to: theirs), over: hubChanged ? hub.value : nil)
    }

    private var unknownState: String { "\(theirs.text) is no state of \(kind.rawValue).\(part) that the hub knows" }

    /// Entries of a log: added once by key, never removed, never changed.
    func logStep() -> PartStep {
        guard theirs.array != nil || theirs.isNull else { return refused("\(part) is no list of entries") }
        let known = LogEntries(hub?.value)
        let shown = LogEntries(theirs)
        let new = shown.entries.map(\.entry).filter { known[keyOf: $0] == nil }
        let clashing = (theirs.array ?? []).filter { entry in
            (known[keyOf: entry] ?? shown[keyOf: entry]).map { $0 != entry } ?? false
        }
        // A far side that no longer shows an entry has still had it: what was once sent is not sent again.
        let given = LogEntries(link.sent).joined(with: shown).json
        var step = PartStep(part: part, link: LinkedPart(sent: given, seen: theirs), event: .agreed)
        if !new.isEmpty || hub == nil {
            let value = known.joined(with: shown).json
            step.record = HubPart(value: value, origin: side, changed: interval)
        }
        if !clashing.isEmpty { step.loser = .array(clashing) }
        if !new.isEmpty {
            step.event = .added(entries: new, clashing: clashing)
        } else if !clashing.isEmpty {
            step.event = .kept(loser: .array(clashing), rule: RuleName.log)
        } else if hub == nil {
            step.event = .took(rule: RuleName.firstValue)
        }
        return step
    }
}
