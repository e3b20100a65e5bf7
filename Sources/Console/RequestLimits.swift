import Commerce
import Pipeline

extension RequestLimits {
    /// Who came with a token or key that was good.
    static let known = RequestQuota(name: "key", requests: 600, windowSeconds: 60)
    /// All others of one address.
    static let strange = RequestQuota(name: "address", requests: 120, windowSeconds: 60)
    /// Tries to sign in from one address.
    static let signIn = RequestQuota(name: "sign-in", requests: 10, windowSeconds: 60)
}

extension RequestLimits.Verdict {
    /// The headers that tell a caller how it stands (draft-ietf-httpapi-ratelimit-headers-10).
    func headers(_ quota: RequestQuota) -> [(name: String, value: String)] {
        let policy = "\"\(quota.name)\";q=\(quota.requests);w=\(Int(quota.windowSeconds))"
        switch self {
        case .granted(let left, let seconds):
            return [("RateLimit-Policy", policy), ("RateLimit", "\"\(quota.name)\";r=\(left);t=\(seconds)")]
        case .refused(let seconds):
            return [
                ("RateLimit-Policy", policy), ("RateLimit", "\"\(quota.name)\";r=0;t=\(seconds)"),
                ("Retry-After", "\(seconds)"),
            ]
        }
    }
}
