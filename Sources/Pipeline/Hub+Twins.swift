import Ledger
import Store

/// Two integrations of one side.
extension Hub {
    /// Why an integration may not work beside another: a side that is read and written by two ways tells by the one, as
    /// something new, what the hub has made there by the other; it is made again by that, and so on without an end. Nil
    /// where no other that works leads to its side.
    ///
    /// - Throws: `StoreFailure`.
    func reasonToRest(_ integration: Integration) async throws -> String? {
        try await reasonToRest(integration, beside: integrations())
    }

    private func reasonToRest(_ integration: Integration, beside all: [Integration]) -> String? {
        guard let side = side(of: integration) else { return nil }
        let others = all.filter {
            $0.connector == integration.connector && $0.id != integration.id && $0.state != .paused
        }
        guard let twin = others.first(where: { self.side(of: $0) == side }) else { return nil }
        return
            "\(twin.name) is \(side) already: read and written twice over, what is made there by the one is new to the "
            + "other and made again without an end; give this one other settings, or make \(twin.name) inactive first"
    }

    /// An integration beside all there are; one that may not work beside another is inactive, and says why. Asked for
    /// in the step that saves it, of two that are connected at one instant one rests.
    func resting(_ integration: Integration, beside all: [Integration]) -> Integration {
        guard integration.state != .paused, let reason = reasonToRest(integration, beside: all) else {
            return integration
        }
        var resting = integration
        (resting.state, resting.reason) = (.paused, reason)
        return resting
    }

    /// One that rested, with its new settings: it works if these lead to a side of its own, and rests on if not.
    ///
    /// - Throws: `StoreFailure`.
    func waking(_ integration: Integration) async throws -> Integration {
        var awake = integration
        (awake.state, awake.reason) = (.active, nil)
        return try await resting(awake, beside: integrations())
    }

    /// Refuses what would have an integration work beside another of its side.
    ///
    /// - Throws: `HubError` naming the other, `StoreFailure`.
    func refuseTwin(of integration: Integration) async throws {
        guard integration.state != .paused else { return }
        if let reason = try await reasonToRest(integration) { throw HubError(reason) }
    }

    /// Which side an integration reads, whatever its scheme and letters are; nil where that has neither an address nor
    /// a file.
    private func side(of integration: Integration) -> String? {
        guard let connector = try? connector(of: integration), !connector.sources.isEmpty else { return nil }
        if let file = connector.file { return file }
        guard let text = connector.address?.lowercased(), let start = text.range(of: "://") else { return nil }
        let place = text[start.upperBound...]
        return String(place.hasSuffix("/") ? place.dropLast() : place)
    }
}
