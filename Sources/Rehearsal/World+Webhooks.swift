import Commerce
import ConnectorKit
import Wire

/// A call of a vendor that is on its way to the hub.
struct Arriving: Sendable {
    var vendor: Int
    var call: VendorCall
    var manner = Manner.genuine

    /// What sort of call it is.
    enum Manner: String, Sendable {
        case genuine
        /// Somebody else's, without the secret.
        case forged
        /// The vendor's, about what the hub knows nothing of.
        case unknown
        /// Far larger than anything a vendor sends.
        case huge
    }
}

/// A vendor's call, before it is sent.
struct VendorCall: Sendable {
    /// The number by which the hub's answer is handed back.
    var id: Int
    var url: String
    var headers: HTTPHeaders
    var body: [UInt8]

    /// The last part of the address: which integration is meant.
    var publicID: String { String(url.split(separator: "/").last ?? "") }
}

extension World {
    /// Puts a vendor's calls on their way, with what befalls them there.
    mutating func send(_ sent: [VendorCall], from vendor: Int) {
        for call in sent {
            addresses[vendor] = call.url
            if happens(.webhookLost) || losesLastCalls(of: vendor) {
                step("a call of \(vendors[vendor].name) is lost")
                // The sender sees a failure, as with any call nobody answers.
                vendors[vendor].answered(call.id, status: nil, at: now)
                continue
            }
            var wait = time(0.02...0.3)
            if happens(.webhookReordered) { wait += chance.seconds(1...20) }
            if happens(.webhookLate) { wait += chance.seconds(30...1800) }
            let copies = happens(.webhookRepeated) ? chance.within(2...5) : 1
            for copy in 0..<copies {
                let id = number()
                arriving[id] = Arriving(vendor: vendor, call: call)
                let later = copy == 0 ? 0 : chance.seconds(0...120)
                agenda.add(.webhook(id), at: now.adding(seconds: wait + later))
            }
            if happens(.webhookForged) {
                let id = number()
                var forged = call
                forged.body = Array("{\"id\":1,\"name\":\"forged\",\"price\":\"0.01\"}".utf8)
                arriving[id] = Arriving(vendor: vendor, call: forged, manner: .forged)
                agenda.add(.webhook(id), at: now.adding(seconds: wait))
            }
        }
    }

    /// Lets all vendors send what waits with them.
    mutating func letVendorsSend() {
        for index in vendors.indices { send(vendors[index].advance(to: now), from: index) }
    }

    /// Hands a vendor the hub's answer to its call, and the oracle what was promised by it.
    mutating func received(_ arriving: Arriving, status: Int?, stored: Int64?) {
        let words = arriving.manner == .genuine ? "a call" : "a \(arriving.manner.rawValue) call"
        step("\(words) of \(vendors[arriving.vendor].name) is answered \(status.map(String.init) ?? "not at all")")
        if arriving.manner == .genuine || arriving.manner == .forged {
            vendors[arriving.vendor].answered(arriving.call.id, status: status, at: now)
        }
        if let stored { oracle.acknowledged.insert(stored) }
        judgeStranger(arriving, status: status)
    }

    /// A write has changed something at a vendor.
    mutating func observe(_ before: Shown, _ after: Shown, _ call: Call) {
        let context = Oracle.Write(
            vendor: call.vendor, sentAt: call.sentAt, at: now, words: words(call.request, call.vendor),
            isCalm: !isStormy,
            counts: vendors[call.vendor].countsSet(by: call.request),
            isAnswered: call.continuation != nil && (call.fault == nil || call.fault == .slow))
        oracle.wrote(before, after, context)
        if !knobs.depth.deals { judgeRaising(before, after, context) }
        if knobs.depth.deals {
            judgeDealing(after, context)
            noteCounts(after, context, call.life)
        }
        arrivals?.shown(after, at: call.vendor, now)
        coverage.writes += 1
    }
}
