/// How an integration is let in by OAuth 2 (RFC 6749, authorization code with PKCE): where a person says yes, where the
/// hub gets its tokens, and as whom it asks.
public struct OAuthTerms: Hashable, Sendable {
    /// How the hub shows at the token address who it is.
    public enum ClientProof: String, Hashable, Sendable {
        /// In the `Authorization` header (RFC 6749, section 2.3.1).
        case basic
        /// As members of the form.
        case form
    }

    /// Where a person is sent to say yes.
    public var authorizeAt: HTTPAddress
    /// Where a code becomes tokens, and old tokens new ones.
    public var tokenAt: HTTPAddress
    /// As whom the hub is registered there.
    public var clientID: String
    /// Nil for a client without one; PKCE stands in.
    public var clientSecret: Secret?
    /// What is asked for.
    public var scopes: [String]
    public var proof: ClientProof

    /// Terms.
    public init(
        authorizeAt: HTTPAddress, tokenAt: HTTPAddress, clientID: String, clientSecret: Secret? = nil,
        scopes: [String] = [], proof: ClientProof = .basic
    ) {
        self.authorizeAt = authorizeAt
        self.tokenAt = tokenAt
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scopes = scopes
        self.proof = proof
    }
}
