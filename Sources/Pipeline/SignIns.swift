import Commerce
import Identity
import Synchronization

/// Who asks, once it is proved.
public struct Caller: Hashable, Sendable {
    /// By what people know it: an account's name, a key's.
    public var name: String
    public var isPerson: Bool
    public var permissions: Set<Permission>
    /// The session it asks in, or nil.
    public var session: String?
    /// When that ends by itself; nil: never.
    public var expires: Moment?

    /// A caller.
    public init(
        name: String, isPerson: Bool, permissions: Set<Permission>, session: String? = nil, expires: Moment? = nil
    ) {
        self.name = name
        self.isPerson = isPerson
        self.permissions = permissions
        self.session = session
        self.expires = expires
    }
}

/// What became of a try to sign in.
public enum SignIn: Hashable, Sendable {
    /// Signed in: what renews the session, handed out this once, and who it is.
    case welcome(IssuedSecret, Caller)
    /// Name or password are wrong, or the account is blocked: which of them is nobody's business.
    case wrong
    /// Too many wrong passwords; none is taken for so many seconds.
    case locked(seconds: Int)
    /// Too many passwords are being looked at.
    case busy
}

/// Wrong passwords for names that nobody has: they are met as those for names that somebody has.
final class StrangeNames: Sendable {
    private static let limit = 1000
    private let names = Mutex<[String: Lockout]>([:])

    func lockout(of name: String) -> Lockout { names.withLock { $0[name] ?? Lockout() } }

    func failed(_ name: String, at now: Moment) {
        names.withLock { names in
            if names[name] == nil, names.count >= Self.limit { names.removeAll() }
            names[name] = (names[name] ?? Lockout()).afterFailure(at: now)
        }
    }
}
