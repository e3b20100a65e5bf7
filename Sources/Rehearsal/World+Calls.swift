import Commerce
import Wire

/// The way between the hub and its vendors: what is lost on it, what comes late, what comes twice.
extension World {
    /// A request arrives at most this late, in seconds: what the hub believes of a call's end must hold.
    static let latestArrivalSeconds = 70.0

    /// Puts a request of the hub on its way.
    mutating func post(
        _ request: HTTPRequest, of life: Int,
        _ continuation: UnsafeContinuation<Result<HTTPResponse, TransportFailure>, Never>
    ) {
        let id = number()
        judgeForgetting(request)
        if let told = hearers?.answer(request, now) ?? audience?.answer(request, isStormy: isStormy) {
            if audience != nil { step("POST \(request.address.host)") }
            calls[id] = Call(
                life: life, vendor: 0, request: request, continuation: continuation, sentAt: now, answer: told.answer,
                isNotice: true)
            return agenda.add(.answer(id), at: now.adding(seconds: told.seconds))
        }
        let host = String(request.address.host.prefix { $0 != "." })
        let vendor = vendors.firstIndex { $0.name == host } ?? 0
        let fault = fate(of: vendor)
        judgeOverlap(request, of: life, at: vendor)
        countUnasked(at: vendor)
        if fault == nil { buyMeanwhile(request, at: vendor) }
        var call = Call(
            life: life, vendor: vendor, request: request, fault: fault, continuation: continuation, sentAt: now)
        switch fault {
        case .refused:
            call.answer = .failure(.notSent("connection refused"))
            agenda.add(.answer(id), at: now.adding(seconds: time(0.01...3)))
        case .untrusted:
            call.answer = .failure(.notSent("the certificate has expired"))
            agenda.add(.answer(id), at: now.adding(seconds: time(0.01...3)))
        case .lostBefore:
            call.answer = .failure(.noAnswer("no answer"))
            agenda.add(.answer(id), at: now.adding(seconds: Double(request.timeoutSeconds)))
        case .slow:
            let wait = min(Self.latestArrivalSeconds, chance.happens(0.5) ? 0.1 : chance.seconds(1...90))
            agenda.add(.arrival(id), at: now.adding(seconds: wait))
        default: agenda.add(.arrival(id), at: now.adding(seconds: time(knobs.breadth.travelSeconds)))
        }
        calls[id] = call
        if fault == .lostBefore { miss(request, at: vendor) }
        if let fault { step("\(words(request, vendor)) will meet: \(fault.rawValue)") }
    }

    /// What befalls a call to a vendor.
    private mutating func fate(of vendor: Int) -> Fault? {
        if let dead, dead.vendor == vendor { return dead.manner == .refuses ? .refused : .lostBefore }
        return Fault.ofCalls.first { happens($0) }
    }

    /// Where all of a shop's addresses begin.
    private static let shopPath = "/wp-json/wc/v3"

    /// A request in a line of the story.
    func words(_ request: HTTPRequest, _ vendor: Int) -> String {
        let query = request.address.query.filter { !$0.name.hasPrefix("oauth_") }
            .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let whole = request.address.path
        let path = whole.hasPrefix(Self.shopPath) ? String(whole.dropFirst(Self.shopPath.count)) : whole
        return "\(request.method) \(vendors[vendor].name)\(path)\(query.isEmpty ? "" : "?" + query)"
    }

    // MARK: - At the vendor

    /// A request reaches its vendor.
    mutating func arrive(_ id: Int) {
        guard var call = calls[id] else { return }
        call.servedAt = now
        let orphan = call.continuation == nil ? " of a dead hub" : ""
        if let response = refusal(call.fault) {
            step("\(words(call.request, call.vendor))\(orphan) -> \(response.status)")
            if call.fault == .serverError { miss(call.request, at: call.vendor) }
            return answer(id, &call, .success(response))
        }
        if let response = retirementAnswer(call.vendor) {
            step("\(words(call.request, call.vendor))\(orphan) -> no such route")
            return answer(id, &call, .success(response))
        }
        if call.request.method == "GET", call.request.address.path.last?.isNumber ?? false {
            oracle.asked(words(call.request, call.vendor), now)
        }
        let isBusy = isBusyAround(call.request) || isLatecomerAround(call)
        if isBusy { renameSomething(at: call.vendor) }
        let before = changes(call.request) ? vendors[call.vendor].shown(at: now) : nil
        if call.fault == .partRefused { miss(call.request, at: call.vendor) }
        let withheld = call.fault == .partRefused ? withholdOne(of: &call.request) : nil
        var (response, sent) = vendors[call.vendor].respond(to: call.request, at: now)
        if let withheld { response = withheld.refused(in: response) }
        if response.status == 409 { miss(call.request, at: call.vendor, of: call) }
        story.absorb(String(decoding: call.request.body, as: UTF8.self))
        step("\(words(call.request, call.vendor))\(orphan) -> \(response.status), \(response.body.count) bytes")
        if let before {
            recogniseNew(at: call.vendor, since: before)
            let after = vendors[call.vendor].shown(at: now)
            judgeComparing(call, before, status: response.status)
            observe(before, after, call)
        }
        if isBusy { renameSomething(at: call.vendor) }
        send(sent, from: call.vendor)
        call.shows = vendors[call.vendor].showings(in: response, to: call.request)
        if call.fault == .drifted { drift(&response, &call) }
        answer(id, &call, spoiled(response, call.fault))
    }

    /// A write is refused, which the hub is not told where its answer is spoiled or its process is dead, and may forget
    /// where that dies soon.
    private mutating func miss(_ request: HTTPRequest, at vendor: Int, of call: Call) {
        if call.continuation == nil || call.fault != nil { return miss(request, at: vendor) }
        let counts = vendors[vendor].stockSet(by: request)
        for good in counts.isEmpty ? [] : vendors[vendor].shown(at: now).goods {
            guard let wish = counts[good.id] else { continue }
            writtenCounts.append(
                WrittenCount(number: good.number, life: call.life, at: now, vainly: (vendor, good.stock - wish)))
        }
    }

    /// A write comes to nothing, or a part of it, and the hub is not told.
    mutating func miss(_ request: HTTPRequest, at vendor: Int) {
        let counts = vendors[vendor].stockSet(by: request)
        for good in counts.isEmpty ? [] : vendors[vendor].shown(at: now).goods {
            guard let wish = counts[good.id] else { continue }
            oracle.stock.missed(good.number, at: vendor, takingOff: good.stock - wish, now)
        }
    }

    /// A write was answered too late for the hub to hear it.
    private mutating func leaveUnclear(_ request: HTTPRequest, at vendor: Int) {
        let ids = vendors[vendor].countsSet(by: request)
        for good in ids.isEmpty ? [] : vendors[vendor].shown(at: now).goods where ids.contains(good.id) {
            oracle.stock.accounts[good.number]?.unclear += 1
        }
    }

    /// Whether a request may change goods or documents.
    private func changes(_ request: HTTPRequest) -> Bool {
        request.method != "GET" && ["/products", "/goods", "/documents"].contains { request.address.path.contains($0) }
    }

    private func refusal(_ fault: Fault?) -> HTTPResponse? {
        switch fault {
        case .throttled: Self.page(429)
        case .throttledWithSeconds: Self.page(429, ["Retry-After": "45"])
        case .throttledWithDate:
            Self.page(429, ["Retry-After": WrittenDate.text(hubNow.adding(seconds: 60))])
        case .serverError: Self.page(503)
        case .unauthorized: Self.page(401)
        default: nil
        }
    }

    private static func page(_ status: Int, _ headers: HTTPHeaders = [:]) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: Array("<html><h1>\(status)</h1></html>".utf8))
    }

    /// What is left of an answer on its way back.
    private func spoiled(_ response: HTTPResponse, _ fault: Fault?) -> Result<HTTPResponse, TransportFailure> {
        var response = response
        switch fault {
        case .lostAfter: return .failure(.noAnswer("connection reset"))
        case .gatewayError: return .success(Self.page(504))
        case .halfBody: response.body = Array(response.body.prefix(response.body.count / 2))
        case .garbled: response.body = Array("<!DOCTYPE html><title>Maintenance</title>".utf8)
        default: break
        }
        return .success(response)
    }

    private mutating func answer(
        _ id: Int, _ call: inout Call, _ result: Result<HTTPResponse, TransportFailure>
    ) {
        guard call.continuation != nil else {
            calls[id] = nil
            return
        }
        let end = call.sentAt.adding(seconds: Double(call.request.timeoutSeconds))
        let wait = call.fault == .slow ? chance.seconds(0.5...40) : time(0.005...0.08)
        var at = now.adding(seconds: call.fault == .lostAfter ? Double(call.request.timeoutSeconds) : wait)
        call.answer = result
        if at > end {
            at = max(now, end)
            call.answer = .failure(.noAnswer("timed out after \(call.request.timeoutSeconds) s"))
            leaveUnclear(call.request, at: call.vendor)
        }
        calls[id] = call
        agenda.add(.answer(id), at: at)
    }

    // MARK: - Back at the hub

    /// The answer reaches the hub: whoever waits for it, with what came.
    mutating func take(
        _ id: Int
    ) -> (UnsafeContinuation<Result<HTTPResponse, TransportFailure>, Never>, Result<HTTPResponse, TransportFailure>)? {
        guard let call = calls[id], let continuation = call.continuation, let answer = call.answer else {
            calls[id] = nil
            return nil
        }
        if isPaused(call.life) {
            agenda.add(.answer(id), at: lives[call.life].pausedUntil ?? now)
            return nil
        }
        calls[id] = nil
        if call.isNotice { return (continuation, answer) }
        switch answer {
        case .failure(let failure): step("\(words(call.request, call.vendor)): \(failure)")
        case .success(let response):
            if response.status == 429 { askForPatience(response, of: call.vendor) }
            let isWhole = call.fault != .halfBody && call.fault != .garbled && call.fault != .gatewayError
            if isWhole, response.status < 300 {
                oracle.shown(call.shows, of: call.vendor, servedAt: call.servedAt ?? now, now)
                oracle.mayHaveShown(call.mayShow, of: call.vendor, servedAt: call.servedAt ?? now)
                oracle.listed(call.request, of: call.vendor, servedAt: call.servedAt ?? now)
                if vendors[call.vendor].nature.isShop, call.request.address.path.hasSuffix("/orders") {
                    oracle.stock.ordersRead(
                        at: call.vendor, askedAt: call.sentAt, servedAt: call.servedAt ?? now, now)
                }
            }
        }
        return (continuation, answer)
    }
}

/// A moment as HTTP writes it.
enum WrittenDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(_ moment: Moment) -> String {
        let days = moment.milliseconds / 86_400_000
        let (year, month, day) = Moment.civil(fromDays: days)
        let date = "\(day < 10 ? "0" : "")\(day) \(months[Int(month) - 1]) \(year)"
        return "\(Self.days[Int(days % 7)]), \(date) \(moment.naive.suffix(8)) GMT"
    }
}
