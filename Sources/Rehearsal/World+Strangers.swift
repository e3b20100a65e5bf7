import Commerce
import Wire

/// Calls that nobody asked for, and calls that do not come any more.
extension World {
    /// The size of a call that is too large, in bytes.
    static let hugeBytes = 10 << 20

    /// Vendors call about what the hub knows nothing of, somebody calls with far too much, a vendor calls no more.
    mutating func letStrangersCall() {
        for vendor in vendors.indices {
            if happens(.hookLost) { loseHook(of: vendor) }
            guard let address = addresses[vendor] else { continue }
            if happens(.webhookUnknown) {
                let call = vendors[vendor].unknownCall(at: address, number: number(), secret: secret(of: vendor))
                put(Arriving(vendor: vendor, call: call, manner: .unknown))
            }
            if happens(.webhookHuge) {
                var call = vendors[vendor].unknownCall(at: address, number: number(), secret: secret(of: vendor))
                call.body = Array(repeating: 0x20, count: Self.hugeBytes)
                put(Arriving(vendor: vendor, call: call, manner: .huge))
            }
        }
    }

    private mutating func loseHook(of vendor: Int) {
        let isForgotten = chance.happens(0.5)
        guard vendors[vendor].loseHook(isForgotten: isForgotten, at: now) else { return }
        coverage.reached("a vendor called no more, and said nothing")
        step("\(vendors[vendor].name) \(isForgotten ? "forgets" : "switches off") where to call")
    }

    private mutating func put(_ arriving: Arriving) {
        let id = number()
        self.arriving[id] = arriving
        agenda.add(.webhook(id), at: now.adding(seconds: chance.seconds(0.02...2)))
    }

    /// Judges the hub's answer to a call that was no vendor's ordinary one.
    mutating func judgeStranger(_ arriving: Arriving, status: Int?) {
        guard let status else { return }
        if arriving.manner == .genuine { judgeSecret(arriving, status) }
        switch arriving.manner {
        case .forged where status < 300: oracle.breach("I10", "a forged call was taken", now)
        case .huge where status != 413:
            oracle.breach("I10", "a call of \(arriving.call.body.count) bytes was answered \(status)", now)
        case .huge: coverage.reached("a call was too large")
        case .unknown where status < 300: coverage.reached("a call was about what nobody knows")
        default: break
        }
    }
}
