import Commerce
import Store
import Wire

/// What a far side gave the hub by OAuth 2: tokens, and how they stand.
public struct Grant: Hashable, Sendable {
    public var integration: Int64
    /// The tokens, sealed.
    public var sealed: [UInt8]
    /// What is allowed, as the far side says.
    public var scope: String
    /// When the access token ends, in hub time; nil where the far side does not say.
    public var expiresAt: Moment?
    /// When a person said yes.
    public var grantedAt: Moment
    /// When the tokens were renewed last; nil where they never were.
    public var renewedAt: Moment?
    /// How often the tokens have changed: who holds older ones looks again before he asks for new ones.
    public var generation: Int64
    /// Why they are good no more; nil where they are.
    public var problem: String?

    /// Tokens that were just given.
    public init(integration: Int64, sealed: [UInt8], scope: String, expiresAt: Moment?, grantedAt: Moment) {
        self.integration = integration
        self.sealed = sealed
        self.scope = scope
        self.expiresAt = expiresAt
        self.grantedAt = grantedAt
        generation = 1
    }
}

/// Tokens as they are used, for the sealed store only.
public struct Tokens: Hashable, Sendable {
    public var access: Secret
    /// Nil where the far side gives none: then a person is asked when the other ends.
    public var refresh: Secret?

    /// Tokens.
    public init(access: Secret, refresh: Secret?) {
        self.access = access
        self.refresh = refresh
    }

    /// From what was sealed; nil where it is something else.
    public init?(_ bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let access = json["access"]?.string else { return nil }
        self.init(access: Secret(access), refresh: json["refresh"]?.string.map(Secret.init))
    }

    /// What is sealed.
    public var bytes: [UInt8] {
        JSON.object(["access": .string(access.reveal), "refresh": .text(refresh?.reveal)]).bytes
    }
}

/// Somebody is on his way to a far side to say yes, and is expected back.
public struct GrantRequest: Hashable, Sendable {
    /// The digest of the state: the state itself is with who is on his way alone.
    public var state: [UInt8]
    public var integration: Int64
    /// The digest of what his browser was given: another browser is somebody else.
    public var browser: [UInt8]
    /// The verifier of PKCE, sealed.
    public var sealed: [UInt8]
    /// Where he is sent back to.
    public var redirect: String
    /// Who he is, for the audit.
    public var actor: String
    public var expiresAt: Moment

    /// A request.
    public init(
        state: [UInt8], integration: Int64, browser: [UInt8], sealed: [UInt8], redirect: String, actor: String,
        expiresAt: Moment
    ) {
        self.state = state
        self.integration = integration
        self.browser = browser
        self.sealed = sealed
        self.redirect = redirect
        self.actor = actor
        self.expiresAt = expiresAt
    }
}
