import Commerce

/// The three-way merge of a set: what was added or removed there is added or removed here. It has no conflicts.
struct SetMerge {
    /// By what a member is recognised. A side may spell members its own way (`red` for `Red`); by this key a removal
    /// there still finds the member here.
    var memberKey: (JSON) -> JSON

    /// The hub's set with the change between what was seen and what is shown now.
    ///
    /// - Parameters:
    ///   - seen: What the side showed before; nil when it is met the first time, and then nothing counts as removed.
    ///   - theirs: What it shows now.
    ///   - ours: The hub's set.
    /// - Returns: The joined set, spelled as one of the sides spells it where it equals that side; nil when one of the
    ///   values is no list. Null counts as a list without members.
    func merged(from seen: JSON?, theirs: JSON, ours: JSON) -> JSON? {
        guard let before = members(seen ?? .null), let now = members(theirs), let held = members(ours) else {
            return nil
        }
        let (beforeKeys, nowKeys) = (keys(before), keys(now))
        let kept = held.filter { nowKeys.contains(memberKey($0)) || !beforeKeys.contains(memberKey($0)) }
        var known = keys(kept)
        let added = now.filter { !beforeKeys.contains(memberKey($0)) && known.insert(memberKey($0)).inserted }
        let result = kept + added
        if Set(result) == Set(now) { return theirs }
        return Set(result) == Set(held) ? ours : .array(result)
    }

    private func keys(_ members: [JSON]) -> Set<JSON> { Set(members.map(memberKey)) }

    private func members(_ value: JSON) -> [JSON]? { value.isNull ? [] : value.array }
}
