import Reconcile

/// A record may have a value per scope (a price per currency); a link is about one of them. Two scopes are never
/// compared, and nothing is converted.
extension HubLink {
    /// The names a draft's scoped parts are kept by: where the record holds that scope already, its name there; where
    /// the record holds another, a name of its own.
    static func keptNames(
        _ parts: Parts, kind: RecordKind, record: [String: HubPart], link: [String: LinkedPart]
    ) -> [String: String] {
        var names: [String: String] = [:]
        for shape in kind.scopedParts where parts[shape.name] != nil {
            guard let scope = shape.scope(of: parts[shape.name]) else {
                names[shape.name] = keptName(of: shape.name, among: link)
                continue
            }
            let known = record.filter { ScopedName($0.key).part == shape.name }
            let same = known.filter { shape.scope(of: $0.value.value) == scope }.keys.min()
            let isFirst = shape.scope(of: known[shape.name]?.value) == nil
            names[shape.name] = same ?? (isFirst ? shape.name : ScopedName(shape.name, in: scope).text)
        }
        return names
    }

    private static func keptName(of part: String, among link: [String: LinkedPart]) -> String {
        link.keys.filter { ScopedName($0).part == part }.min() ?? part
    }

    /// The far side's parts under the names this link keeps them by.
    public func kept(_ shown: Parts) -> Parts {
        var parts = shown
        for shape in kind.scopedParts {
            let name = Self.keptName(of: shape.name, among: self.parts)
            guard name != shape.name, let value = parts.values.removeValue(forKey: shape.name) else { continue }
            parts[name] = value
        }
        return parts
    }

    /// The currency of the price the far side shows; nil where it shows none.
    var priceScope: String? {
        for shape in kind.scopedParts {
            if let scope = shape.scope(of: parts[Self.keptName(of: shape.name, among: parts)]?.seen) { return scope }
        }
        return nil
    }

    /// The record's values that this link is about: of several scopes its own alone.
    public func own(_ values: Parts) -> Parts {
        let ours = kind.scopedParts.map { Self.keptName(of: $0.name, among: parts) }
        let scoped = Set(kind.scopedParts.map(\.name))
        return Parts(values.values.filter { !scoped.contains(ScopedName($0.key).part) || ours.contains($0.key) })
    }
}

extension HubRecord {
    /// The values to create a counterpart with in a far side whose scope is known (its currency), or not.
    public func own(in scope: String?) -> Parts {
        let scoped = kind.scopedParts
        guard !scoped.isEmpty else { return values }
        return Parts(
            values.values.filter { name, value in
                guard let shape = scoped.first(where: { $0.name == ScopedName(name).part }) else { return true }
                guard let scope else { return name == shape.name }
                return shape.scope(of: value).map { $0 == scope } ?? (name == shape.name)
            })
    }
}

extension Parts {
    /// The parts under their own names, whatever the scope.
    public var plain: Parts {
        values.keys.contains { $0.contains("@") }
            ? Parts(Dictionary(values.map { (ScopedName($0.key).part, $0.value) }, uniquingKeysWith: { $1 })) : self
    }
}
