import Commerce

/// What must be true of article numbers at rest.
extension Oracle {
    func judgeNumbers(_ shown: [Shown], _ facts: HubFacts, _ say: (String, String) -> Void) {
        for words in facts.joined { say("I2", words) }
        for words in facts.misnamed { say("I2", words) }
        for vendor in natures.indices {
            for good in shown[vendor].goods where good.label.isEmpty && !isTaken(good.number, at: vendor, shown) {
                say("L1", "\(natures[vendor].name) has no number for \(good.number)")
            }
        }
    }

    /// Whether a vendor that has no number twice has given the one a good is to bear to another good: then it keeps
    /// what it has, and the hub says so.
    func isTaken(_ number: String, at vendor: Int, _ shown: [Shown]) -> Bool {
        natures[vendor].keepsNumbersUnique && isAnothers(number, at: vendor, shown)
    }

    /// Whether a vendor puts nothing up under the number a good is to bear, because another good there has it.
    func cannotBePutUp(_ number: String, at vendor: Int, _ shown: [Shown]) -> Bool {
        natures[vendor].makesNoTwins && isAnothers(number, at: vendor, shown)
    }

    private func isAnothers(_ number: String, at vendor: Int, _ shown: [Shown]) -> Bool {
        let wanted = lastEdits(Topic(number: number, part: ShownGood.labelPart)).compactMap { edits[$0]?.value }
        return shown[vendor].goods.contains { $0.number != number && wanted.contains($0.label) }
    }
}
