import Commerce
import Pipeline
import Synchronization

/// How many pieces the hub says may have been sold beyond what there were, against how many were.
extension Rehearsal {
    /// Compares, good by good and channel by channel, what was sold too much with what `crossdock explain stock` says.
    func judgeBounds() {
        let oversold = stage.world.withLock { world in
            world.oracle.stock.accounts.filter { $0.value.oversold.values.contains { $0 > 0 } || knobs.depth.deals }
        }
        guard !oversold.isEmpty else { return }
        let keys = (try? facts())?.keys ?? [:]
        let stands = Mutex<[String: StockExplanation]>([:])
        inTheHub { hub in
            // Of two goods that bear one number nobody can tell which is meant.
            for number in oversold.keys.sorted() where keys.values.count(where: { $0 == keys[number] }) == 1 {
                let stand = try await hub.explainStock(keys[number] ?? number)
                stands.withLock { $0[number] = stand }
            }
        }
        let explained = stands.withLock { $0 }
        stage.world.withLock { world in
            for number in oversold.keys.sorted() {
                guard let account = oversold[number], let stand = explained[number] else { continue }
                world.judgeBound(number, account, stand)
            }
        }
    }
}

extension World {
    fileprivate mutating func judgeBound(
        _ number: String, _ account: StockBook.Account, _ stand: StockExplanation
    ) {
        for channel in stand.channels {
            guard let vendor = vendors.firstIndex(where: { $0.name == channel.integration }) else { continue }
            let bound = channel.bound.pieces
            if knobs.depth.deals {
                guard bound != .zero else { continue }
                oracle.breach(
                    "I3", "\(bound) of \(number) may be oversold at \(channel.integration), says the hub", now)
            }
            let sold = account.oversold[vendor] ?? 0
            if sold > 0 { coverage.reached("pieces were sold that were not there") }
            guard account.isSeenWhole else { continue }
            if sold > 0 { coverage.reached("a bound was compared with what was oversold") }
            guard ExactDecimal(sold) > bound else { continue }
            oracle.breach(
                "I3",
                "\(sold) of \(number) were sold at \(channel.integration) beyond what there were, and the hub says "
                    + "at most \(bound) (in \(Int(channel.bound.seconds)) s)", now)
        }
    }
}
