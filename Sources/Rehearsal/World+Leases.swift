import Commerce
import Wire

/// No two processes of the hub may have a write to the same good on its way at once: the later one to arrive would win,
/// whatever it knew. Seen on the way itself, whatever the hub thinks of its leases.
extension World {
    /// Looks at a request that is sent off.
    mutating func judgeOverlap(_ request: HTTPRequest, of life: Int, at vendor: Int) {
        let goods = vendors[vendor].written(by: request)
        guard !goods.isEmpty else { return }
        let others = calls.values.filter { call in
            call.life != life && call.vendor == vendor && !call.hasArrived
                && !(call.fault.map(Fault.onTheWay.contains) ?? false)
                && !goods.isDisjoint(with: vendors[vendor].written(by: call.request))
        }
        guard let other = others.min(by: { $0.sentAt < $1.sentAt }) else { return }
        oracle.breach(
            "I8",
            "\(words(request, vendor)) is sent while \(words(other.request, vendor)) of another process is still "
                + "on its way", now)
    }
}
