import Commerce

/// One way in which what is known may have led to what is shown.
struct StockReading {
    /// What the side would show.
    var expected: ExactDecimal
    /// The movements it would not show yet.
    var remaining: [PendingMovement]
    /// Whether the write whose outcome is unknown had its effect.
    var isWritten: Bool
}

/// What a look may mean.
struct StockReadings {
    /// The readings that give the number shown, the fullest showing first.
    var matches: [StockReading] = []
    /// Where none does: the one in which the least is shown, and of these the one that leaves the least in stock.
    var least: StockReading?

    mutating func add(_ other: StockReadings) {
        matches += other.matches
        if let reading = other.least { consider(reading) }
    }

    fileprivate mutating func consider(_ reading: StockReading) {
        if let least {
            let (mine, other) = (reading.remaining.count, least.remaining.count)
            guard mine > other || mine == other && reading.expected > least.expected else { return }
        }
        least = reading
    }
}

extension StockSide {
    /// Every way in which what is known may have led to what a look shows.
    ///
    /// - Throws: `AmountError.overflow`.
    func readings(of look: StockLook) throws(AmountError) -> StockReadings {
        guard let shown else { return StockReadings() }
        var readings = try Self.readings(of: look, from: shown, pending, isWritten: false)
        guard let write else { return readings }
        if write.writing == .delta {
            let moved = try shown.plus(write.quantity.minus(write.from))
            readings.add(try Self.readings(of: look, from: moved, pending, isWritten: true))
            return readings
        }
        let after = pending.filter { $0.number > write.number }.map { movement in
            var movement = movement
            movement.isVeiled = write.hides && movement.number <= closedAt ?? .max
            return movement
        }
        readings.add(try Self.readings(of: look, from: write.quantity, after, isWritten: true))
        return readings
    }

    /// Tries every split of the movements into hidden, shown and not shown yet.
    private static func readings(
        of look: StockLook, from base: ExactDecimal, _ pending: [PendingMovement], isWritten: Bool
    ) throws(AmountError) -> StockReadings {
        let late = pending.filter { $0.number > look.askedAt ?? .min }
        // Where nothing can be hidden, all readings leave the same stock: one is enough.
        let isOneEnough = !isWritten && !pending.contains(where: \.isVeiled)
        var readings = StockReadings()
        var hidden: [[Int64]: Set<ExactDecimal>] = [:]
        for shown in beginnings(of: late).reversed() {
            let remaining = late.filter { !shown.contains($0.id) }
            let out = Set(remaining.map(\.id))
            let seen = pending.filter { !out.contains($0.id) }
            let veiled = seen.filter(\.isVeiled)
            let key = veiled.map(\.id)
            if hidden[key] == nil { hidden[key] = try sums(ofBeginningsOf: veiled) }
            guard let sums = hidden[key], let lowest = sums.min() else { continue }
            let all = try base.plus(ExactDecimal.sum(seen.map(\.quantity)))
            if sums.contains(try all.minus(look.quantity)) {
                readings.matches.append(
                    StockReading(expected: look.quantity, remaining: remaining, isWritten: isWritten))
                if isOneEnough { return readings }
            }
            readings.consider(
                StockReading(expected: try all.minus(lowest), remaining: remaining, isWritten: isWritten))
        }
        return readings
    }

    /// The most sets of movements that are tried as shown.
    private static let trialLimit = 1_024
    /// The most movements without a stamp that are tried in every order.
    private static let looseLimit = 8

    /// Every set of these movements that may have happened before all the others of them, the smallest first.
    ///
    /// Sales follow one another by the far side's stamps. What came back or was edited carries none: it may have
    /// happened before or after any of them, but for the sale it belongs to. Where there is more than can be tried,
    /// the rest is taken in the order in which it was learned.
    private static func beginnings(of movements: [PendingMovement]) -> [Set<Int64>] {
        var chain = movements.filter { $0.happenedAt != nil }
        var loose = movements.filter { $0.happenedAt == nil }
        while let first = loose.first, loose.count > looseLimit || (chain.count + 1) << loose.count > trialLimit {
            chain.append(first)
            loose.removeFirst()
        }
        var sets: [Set<Int64>] = []
        for length in max(0, chain.count - trialLimit)...chain.count {
            let first = Set(chain.prefix(length).map(\.id))
            for choice in 0..<(1 << loose.count) {
                let chosen = loose.indices.filter { choice >> $0 & 1 == 1 }.map { loose[$0] }
                let set = first.union(chosen.map(\.id))
                let isPossible = chosen.allSatisfy { back in
                    movements.allSatisfy { !back.undoes($0) || set.contains($0.id) }
                }
                if isPossible { sets.append(set) }
            }
        }
        return sets.enumerated().sorted { ($0.element.count, $0.offset) < ($1.element.count, $1.offset) }
            .map(\.element)
    }

    /// What each such set adds up to: of what a number of ours hides, no more has to be known.
    private static func sums(ofBeginningsOf movements: [PendingMovement]) throws(AmountError) -> Set<ExactDecimal> {
        let chain = movements.filter { $0.happenedAt != nil }
        let loose = movements.filter { $0.happenedAt == nil }
        var all: Set<ExactDecimal> = []
        var first = ExactDecimal.zero
        for length in 0...chain.count {
            if length > 0 { first = try first.plus(chain[length - 1].quantity) }
            var sums: Set<ExactDecimal> = [first]
            for back in loose.suffix(looseLimit) where !chain[length...].contains(where: back.undoes) {
                for sum in sums { sums.insert(try sum.plus(back.quantity)) }
            }
            all.formUnion(sums)
        }
        return all
    }
}

extension PendingMovement {
    /// Whether it put back what the other one sold, both learned at once: it cannot have happened before it.
    fileprivate func undoes(_ sale: PendingMovement) -> Bool {
        guard let back = try? sale.quantity.negated() else { return false }
        return number == sale.number && id == sale.id + 1 && quantity == back
    }
}
