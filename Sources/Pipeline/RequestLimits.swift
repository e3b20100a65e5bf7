import Commerce
import Synchronization

/// How much one caller may ask for: so many requests in a window, which refills evenly.
public struct RequestQuota: Hashable, Sendable {
    /// What it is called in the `RateLimit` headers.
    public let name: String
    public let requests: Int
    public let windowSeconds: Double

    /// A quota.
    public init(name: String, requests: Int, windowSeconds: Double) {
        (self.name, self.requests, self.windowSeconds) = (name, requests, windowSeconds)
    }
}

/// Counts what each caller asks for. Each process counts for itself: behind a balancer a caller has as many quotas as
/// there are hubs.
public final class RequestLimits: Sendable {
    /// How many callers are remembered; of more, the one that was away longest is forgotten.
    public static let callerLimit = 20_000

    /// What was left of a quota after a request, or when there is some again.
    public enum Verdict: Hashable, Sendable {
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

    /// Nobody has asked yet.
    public init() {}

    /// Takes one request off a caller's quota.
    public func take(_ quota: RequestQuota, of name: String, now: Moment) -> Verdict {
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
