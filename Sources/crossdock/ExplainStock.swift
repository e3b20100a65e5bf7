import ConnectorKit
import Ledger
import Pipeline
import Reconcile

/// `crossdock explain stock`
extension ExplainCommand {
    /// How many movements are listed; `--json` lists all that are looked back at.
    private static let movementLimit = 20

    func explainStock() async throws {
        if field != nil { throw Refusal("--field goes with a kind of record, not with stock") }
        let open = try OpenHub(options)
        let stock = try await open.reports.explainStock(key)
        if options.json { print(stock.json.text) } else { show(stock) }
        await open.close()
    }

    private func show(_ stock: StockExplanation) {
        print("stock of \(stock.kind.rawValue) \(stock.record): \(stock.title)\(stock.sku.map { " (\($0))" } ?? "")")
        guard let sellable = stock.sellable, let onHand = stock.onHand else { return print("  nobody counts it") }
        print("  on hand \(onHand), reserved \(stock.reserved), sellable \(sellable); \(stock.mode.rawValue)")
        if stock.moved != sellable {
            print("  its movements add up to \(stock.moved): it was counted before movements were kept")
        }
        for channel in stock.channels { show(channel) }
        print("  offered beyond what is sellable, now: \(stock.exposure)")
        for movement in stock.movements.prefix(Self.movementLimit) {
            let side = movement.integration ?? "hub"
            print("  moved  \(movement.at)  \(Self.signed(movement.quantity))  \(side): \(movement.reason)")
        }
        if stock.movements.count > Self.movementLimit {
            print("  ... and \(stock.movements.count - Self.movementLimit) more (--json)")
        }
    }

    private func show(_ channel: ChannelExplanation) {
        print("  \(channel.integration)\(channel.externalID.map { " (\($0))" } ?? "")")
        var line = "      shows \(Self.text(channel.shown)), offers \(Self.text(channel.standing))"
        line += channel.offer.map { ", is to offer \($0)" } ?? ", is not told by the hub"
        if channel.pending != .zero { line += ", not shown yet \(Self.signed(channel.pending))" }
        if let inFlight = channel.inFlight { line += ", being told \(inFlight)" }
        print(line)
        var terms = "buffer \(channel.buffer), share \(channel.share)"
        if let maximum = channel.maximum { terms += ", at most \(maximum)" }
        print("      \(terms); takes a number as \(channel.writing.rawValue)")
        if let waits = channel.waits { print("      waits: \(waits)") }
        if let told = channel.lastTold {
            print("      told \(told.quantity) at \(told.plannedAt): \(told.outcome)")
        }
        let seconds = Double(Int(channel.bound.seconds * 10)) / 10
        print(
            "      may have oversold at most \(channel.bound.pieces) pieces (news took up to \(seconds) s to reach it)")
    }

    private static func text(_ quantity: ExactDecimal?) -> String { quantity?.description ?? "nothing" }

    private static func signed(_ quantity: ExactDecimal) -> String {
        quantity > .zero ? "+\(quantity)" : quantity.description
    }
}

extension StockExplanation {
    var json: JSON {
        [
            "record": .integer(Int(record)), "kind": .string(kind.rawValue), "title": .string(title),
            "sku": .text(sku), "mode": .string(mode.rawValue), "onHand": onHand?.json ?? .null,
            "reserved": reserved.json, "sellable": sellable?.json ?? .null, "moved": moved.json,
            "exposure": exposure.json, "channels": .array(channels.map(\.json)),
            "movements": .array(movements.map(\.json)),
        ]
    }
}

extension ChannelExplanation {
    var json: JSON {
        var members: [String: JSON] = [
            "integration": .string(integration), "externalId": .text(externalID), "shown": shown?.json ?? .null,
            "standing": standing?.json ?? .null, "offer": offer?.json ?? .null, "inFlight": inFlight?.json ?? .null,
            "pending": pending.json, "waits": .text(waits), "buffer": buffer.json, "maximum": maximum?.json ?? .null,
            "share": .integer(share), "writing": .string(writing.rawValue),
            "bound": ["pieces": bound.pieces.json, "milliseconds": .integer(Int(bound.seconds * 1000))],
        ]
        if let told = lastTold {
            members["lastTold"] = [
                "quantity": told.quantity.json, "at": .string(told.plannedAt.description),
                "outcome": .string(told.outcome),
            ]
        }
        return .object(members)
    }
}

extension MovementReport {
    var json: JSON {
        [
            "at": .string(at.description), "integration": .text(integration), "quantity": quantity.json,
            "kind": .string(kind), "reason": .string(reason), "document": .text(document), "line": .text(line),
        ]
    }
}
