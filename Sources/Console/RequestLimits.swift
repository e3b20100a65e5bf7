import Commerce
import Synchronization
import Wire

/// How much one caller may ask for: so many requests in a window, which refills evenly.
struct RequestQuota: Hashable, Sendable {
    /// What it is called in the `RateLimit` headers.
    let name: String
    let requests: Int
    let windowSeconds: Double
}

/// Counts what each caller asks for. Each process counts for itself: behind a balancer a caller has as many quotas as
/// there are hubs.
final class RequestLimits: Sendable {
    /// Who came with a token or key that was good.
    static let known = RequestQuota(name: "key", requests: 600, windowSeconds: 60)
    /// All others of one address.
    static let strange = RequestQuota(name: "address", requests: 120, windowSeconds: 60)
    /// Tries to sign in from one address.
    static let signIn = RequestQuota(name: "sign-in", requests: 10, windowSeconds: 60)
    /// How many callers are remembered; of more, the one that was away longest is forgotten.
    static let callerLimit = 20_000

    /// What was left of a quota after a request, or when there is some again.
    enum Verdict: Hashable, Sendable {
        case granted(left: Int, fullInSeconds: Int)
        case refused(retryInSeconds: Int)
    }

    private struct Caller: Hashable {
        let quota: String
        let name: String
    }

    private struct Account {
        var left: Double
        var at: Moment
    }

    private let accounts = Mutex<[Caller: Account]>([:])

    /// Takes one request off a caller's quota.
    func take(_ quota: RequestQuota, of name: String, now: Moment) -> Verdict {
        let perSecond = Double(quota.requests) / quota.windowSeconds
        return accounts.withLock { accounts in
            let caller = Caller(quota: quota.name, name: name)
            var account = accounts[caller] ?? Account(left: Double(quota.requests), at: now)
            // A clock that was set back gives nothing and takes nothing.
            let passed = max(0, now.seconds(since: account.at))
            account.left = min(Double(quota.requests), account.left + passed * perSecond)
            account.at = now
            let isGranted = account.left >= 1
            if isGranted { account.left -= 1 }
            if accounts[caller] == nil, accounts.count >= Self.callerLimit { Self.forget(&accounts, perSecond, now) }
            accounts[caller] = account
            guard isGranted else {
                return .refused(retryInSeconds: max(1, Int(((1 - account.left) / perSecond).rounded(.up))))
            }
            let missing = Double(quota.requests) - account.left
            return .granted(left: Int(account.left), fullInSeconds: Int((missing / perSecond).rounded(.up)))
        }
    }

    /// Forgets the half that was away longest.
    private static func forget(_ accounts: inout [Caller: Account], _ perSecond: Double, _ now: Moment) {
        let ages = accounts.values.map(\.at).sorted()
        let middle = ages[ages.count / 2]
        accounts = accounts.filter { $0.value.at > middle }
    }
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
