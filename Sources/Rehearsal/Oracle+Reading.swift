import Commerce
import Wire

/// Whether the hub's own reading finds what was edited, before ids are compared to find what it missed.
extension Oracle {
    /// How long after an edit a list of changes must have been asked for to be sure to tell of it, in seconds.
    static let listedAfterSeconds = 60.0

    /// Whether a request asks a vendor which goods have changed.
    static func asksForChangedGoods(_ request: HTTPRequest) -> Bool {
        request.method == "GET" && (request.address.path.hasSuffix("/products") || request.address.path == "/goods")
            && request.address.query.contains { ["modified_after", "since"].contains($0.name) }
            && !request.address.query.contains { $0.name == "type" }
    }

    /// A vendor's list of changes came to the hub whole.
    mutating func listed(_ request: HTTPRequest, of vendor: Int, servedAt: Moment) {
        guard Self.asksForChangedGoods(request) else { return }
        lastListed[vendor] = max(lastListed[vendor] ?? servedAt, servedAt)
    }

    /// The hub was given goods in an answer of which a member was not what it was.
    mutating func mayHaveShown(_ showings: [Showing], of vendor: Int, servedAt: Moment) {
        for showing in showings {
            let place = Place(vendor: vendor, number: showing.number)
            lastPerhapsShown[place] = max(lastPerhapsShown[place] ?? servedAt, servedAt)
        }
    }

    /// What people edited, and no list of changes that was read since told the hub of.
    ///
    /// Of a list that was not quite what it should have been, only the hub can say whether it could use it: there, what
    /// counts is that its own memory of that vendor has the name.
    mutating func judgeReading(_ shown: [Shown], _ facts: HubFacts, _ now: Moment) {
        for vendor in shown.indices {
            for good in shown[vendor].goods {
                let topic = Topic(number: good.number, part: "name")
                guard let cell = cells[topic]?[vendor], edits[cell.edit]?.vendor == vendor,
                    let listed = lastListed[vendor], listed.seconds(since: cell.since) > Self.listedAfterSeconds
                else { continue }
                let last = lastShown[Place(vendor: vendor, number: good.number)]
                if let last, last >= cell.since { continue }
                if let perhaps = lastPerhapsShown[Place(vendor: vendor, number: good.number)], perhaps >= cell.since,
                    facts.heard[natures[vendor].name, default: [:]][good.number] == ShownGood.canonical(good.name)
                {
                    continue
                }
                breach(
                    "L1",
                    "\(natures[vendor].name) was asked for its changes, and still the hub was never told of the name "
                        + "\"\(good.name)\" of \(good.number), there since \(cell.since) and last shown "
                        + "\(last.map { "\($0)" } ?? "never")", now)
            }
        }
    }
}
