import Commerce
import Wire

extension WooCommerceSandbox {
    /// Serves a request, or lets happen to it what the plan says.
    mutating func meetingFaults(
        _ request: HTTPRequest, _ serve: (inout Self, HTTPRequest) -> HTTPResponse
    ) -> SandboxAnswer {
        guard let effect = nextFault({ !$0.isOfWebhooks }, method: request.method, request.address.path) else {
            return SandboxAnswer(response: serve(&self, request))
        }
        switch effect {
        case .refuse: return SandboxAnswer(response: nil)
        case .timeoutBefore(let seconds): return SandboxAnswer(response: nil, delaySeconds: seconds)
        case .timeoutAfter(let seconds):
            _ = serve(&self, request)
            return SandboxAnswer(response: nil, delaySeconds: seconds)
        case .status(let status, let retryAfter):
            return SandboxAnswer(response: Self.refusal(status, retryAfter))
        case .slow(let seconds): return SandboxAnswer(response: serve(&self, request), delaySeconds: seconds)
        case .endlessPages: return SandboxAnswer(response: Self.endless(request) { serve(&self, $0) })
        default: return SandboxAnswer(response: Self.spoiled(serve(&self, request), effect))
        }
    }

    /// The effect of the first rule that fits and has its turn.
    private mutating func nextFault(
        _ isMeant: (FaultEffect) -> Bool, method: String?, _ subject: String
    ) -> FaultEffect? {
        for (place, rule) in faults.rules.enumerated() where isMeant(rule.effect) {
            guard subject.hasPrefix(rule.prefix), rule.method == nil || rule.method == method else { continue }
            faultUses[place] += 1
            let turn = faultUses[place] - rule.skip
            guard turn > 0, turn <= rule.times ?? Int.max else { continue }
            if rule.probability >= 1 || dice.happens(rule.probability) { return rule.effect }
        }
        return nil
    }

    private static func refusal(_ status: Int, _ retryAfter: Int?) -> HTTPResponse {
        var headers: HTTPHeaders = ["Content-Type": "text/html; charset=UTF-8"]
        if let retryAfter { headers.add("Retry-After", String(retryAfter)) }
        let text = "<html><head><title>\(status)</title></head><body><h1>\(status)</h1></body></html>"
        return HTTPResponse(status: status, headers: headers, body: Array(text.utf8))
    }

    private static func spoiled(_ response: HTTPResponse, _ effect: FaultEffect) -> HTTPResponse {
        var response = response
        if effect == .cutBody {
            response.body = Array(response.body.prefix(response.body.count / 2))
        } else {
            response.headers["Content-Type"] = "text/html; charset=UTF-8"
            response.body = Array("<!DOCTYPE html><title>Maintenance</title><p>Back in a minute.</p>".utf8)
        }
        return response
    }

    private static func endless(_ request: HTTPRequest, _ serve: (HTTPRequest) -> HTTPResponse) -> HTTPResponse {
        var first = request
        first.address.query.removeAll { $0.name == "page" || $0.name == "offset" }
        var response = serve(first)
        response.headers["X-WP-Total"] = "999999"
        response.headers["X-WP-TotalPages"] = "9999"
        return response
    }

    /// Lets happen to a run of webhooks what the plan says.
    mutating func meetingWebhookFaults(_ run: [(topic: String, OutgoingWebhook)]) -> [OutgoingWebhook] {
        var sent: [OutgoingWebhook] = []
        var late: [OutgoingWebhook] = []
        for (topic, webhook) in run {
            switch nextFault({ $0.isOfWebhooks }, method: nil, topic) {
            case .loseWebhook: queue.unanswered[webhook.id] = nil
            case .repeatWebhook(let times): sent += Array(repeating: webhook, count: max(1, times))
            case .delayWebhook(let seconds):
                var delayed = webhook
                delayed.notBefore = webhook.notBefore.adding(seconds: seconds)
                sent.append(delayed)
            case .reorderWebhook: late.append(webhook)
            default: sent.append(webhook)
            }
        }
        return sent + late
    }
}
