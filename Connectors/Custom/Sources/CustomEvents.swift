import ConnectorKit

/// Reads the shop's events.
struct CustomEvents: EventReader {
    let translator: CustomTranslator

    /// The member with which the hub marks its own calls.
    static let mark = "sentBy"
    static let hub = "crossdock"

    func read(_ event: OwnEvent) -> WebhookMeaning {
        guard let subject = OwnCalls.subjects[event.subject], isAction(event.action, of: subject.kind) else {
            let known = OwnCalls.subjects.keys.sorted().joined(separator: ", ")
            let given =
                event.type.isEmpty
                ? "the call names no event (\"eventType\")" : "\"\(event.type.prefix(60))\" is no event"
            return reject(
                .product, nil, "\(given); there are: SUBJECT.created, .updated, .changed and .deleted of \(known)")
        }
        guard event.data.object != nil else { return reject(subject.kind, nil, "\"data\" must be an object") }
        guard event.data[Self.mark]?.string != Self.hub else {
            return reject(subject.kind, nil, "this is a call of the hub's own")
        }
        guard let id = (event.data[subject.member] ?? event.data["id"])?.scalarText, OwnEvent.isID(id) else {
            return reject(
                subject.kind, nil,
                "\"data.\(subject.member)\" is missing or no id (1 to \(OwnEvent.idLength) letters, digits, - _ . : /)"
            )
        }
        if event.action == "deleted" { return .gone(subject.kind, id) }
        do throws(CustomProblem) {
            return .records(try drafts(subject.kind, id, event))
        } catch {
            return reject(subject.kind, id, error.reason)
        }
    }

    private func drafts(_ kind: RecordKind, _ id: String, _ event: OwnEvent) throws(CustomProblem) -> [Draft] {
        switch kind {
        case .product: [try translator.product(id, event.data)]
        case .variant: [try translator.variant(id, event.data)]
        case .category: [try translator.category(id, event.data)]
        case .customer: [try translator.customer(id, event.data)]
        default: try translator.order(id, event)
        }
    }

    private func isAction(_ action: String, of kind: RecordKind) -> Bool {
        CustomCodes.actions.contains(action) || kind == .order && CustomCodes.orderActions.contains(action)
    }

    private func reject(_ kind: RecordKind, _ id: String?, _ reason: String) -> WebhookMeaning {
        .rejected(Rejection(kind: kind, externalID: id, reason: reason))
    }
}
