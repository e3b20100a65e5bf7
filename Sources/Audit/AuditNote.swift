import Commerce

/// Who did something, and from where.
public struct AuditActor: Hashable, Sendable {
    /// What sort of doer it is.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Somebody who is signed in, or sits at the hub's machine.
        case person
        /// A program with a key or token of its own.
        case key
        /// The hub by itself, by a rule or a schedule.
        case hub
    }

    public var kind: Kind
    /// The name by which people know who it is; never a secret.
    public var name: String
    /// From where: an address of the network, or `command line`; nil where it is the hub itself.
    public var origin: String?
    /// The id of the request by which it was done, where there was one.
    public var request: String?

    /// A doer.
    public init(_ kind: Kind, _ name: String, origin: String? = nil, request: String? = nil) {
        self.kind = kind
        self.name = name
        self.origin = origin
        self.request = request
    }

    /// The hub by itself.
    public static let hub = AuditActor(.hub, "hub")
}

/// What was done, in a word that stays the same.
public enum AuditAction: String, Hashable, Sendable, CaseIterable {
    case integrationConnected = "integration.connected"
    case integrationChanged = "integration.changed"
    case integrationRemoved = "integration.removed"
    case integrationStateSet = "integration.state-set"
    case integrationAuthorized = "integration.authorized"
    case conflictResolved = "conflict.resolved"
    case jobRun = "job.run"
    case jobDropped = "job.dropped"
    case jobSnoozed = "job.snoozed"
    case jobHeld = "job.held"
    case workPaused = "work.paused"
    case workResumed = "work.resumed"
    case workDropped = "work.dropped"
    case batchAsked = "batch.asked"
    case batchDropped = "batch.dropped"
    case limitSet = "limit.set"
    case limitsLifted = "limit.lifted"
    case scheduleSet = "schedule.set"
    case scheduleRemoved = "schedule.removed"
    case deadEdited = "dead.edited"
    case deadRetried = "dead.retried"
    case deadDropped = "dead.dropped"
    case keyRotated = "key.rotated"
    case valuesSealed = "values.sealed"
    case customerExported = "customer.exported"
    case customerErased = "customer.erased"
    case deliveryReplayed = "delivery.replayed"
    case webhookTested = "webhook.tested"
    case guardReleased = "guard.released"
    case guardDiscarded = "guard.discarded"
    case guardSet = "guard.set"
    case accountAdded = "account.added"
    case accountChanged = "account.changed"
    case accountRemoved = "account.removed"
    case passwordSet = "account.password-set"
    case groupSet = "group.set"
    case groupRemoved = "group.removed"
    case apiKeyMade = "api-key.made"
    case apiKeyRevoked = "api-key.revoked"
    case tokenRevoked = "token.revoked"
    case signedIn = "sign-in.accepted"
    case signInRefused = "sign-in.refused"
    case sessionEnded = "session.ended"
    case webhookRegistered = "webhook.registered"
    case webhookChanged = "webhook.changed"
    case webhookRemoved = "webhook.removed"
    case webhookStateSet = "webhook.state-set"
    case webhookSecretRotated = "webhook.secret-rotated"
    case webhookReplayed = "webhook.replayed"
    case alertAcknowledged = "alert.acknowledged"
    case logLevelSet = "log.level-set"
}

/// What somebody did, as it is written down: no secret, and no value that is somebody's own.
public struct AuditNote: Hashable, Sendable {
    public var action: AuditAction
    /// What it was done to: `integration`, `job`, `conflict` and the like.
    public var subject: String
    /// Which one: an id, or a name where it has no id.
    public var subjectID: String
    /// How it was before, and how it is now; nil where there is nothing to tell.
    public var before: JSON?
    public var after: JSON?

    /// A note.
    public init(
        _ action: AuditAction, _ subject: String, _ subjectID: String, before: JSON? = nil, after: JSON? = nil
    ) {
        self.action = action
        self.subject = subject
        self.subjectID = subjectID
        self.before = before
        self.after = after
    }

    /// A note about what has a number.
    public init(
        _ action: AuditAction, _ subject: String, _ id: Int64, before: JSON? = nil, after: JSON? = nil
    ) {
        self.init(action, subject, String(id), before: before, after: after)
    }
}

/// A line of the audit.
public struct AuditEntry: Hashable, Sendable {
    /// Its place among the organization's lines, from 1 on, without a gap.
    public var number: Int64
    public var at: Moment
    public var actor: AuditActor
    /// The word of the action; one that an older or newer release writes is kept as it is.
    public var action: String
    public var subject: String
    public var subjectID: String
    public var before: JSON?
    public var after: JSON?

    /// A line that is to be written.
    public init(_ note: AuditNote, number: Int64, by actor: AuditActor, at moment: Moment) {
        self.init(
            number: number, at: moment, actor: actor, action: note.action.rawValue, subject: note.subject,
            subjectID: note.subjectID, before: note.before, after: note.after)
    }

    init(
        number: Int64, at: Moment, actor: AuditActor, action: String, subject: String, subjectID: String, before: JSON?,
        after: JSON?
    ) {
        self.number = number
        self.at = at
        self.actor = actor
        self.action = action
        self.subject = subject
        self.subjectID = subjectID
        self.before = before
        self.after = after
    }

    /// The line as JSON, in the names of the API; what it does not have is left out.
    public var json: JSON {
        var members: [String: JSON] = [
            "number": .integer(Int(number)), "at": .string(at.description), "actorKind": .string(actor.kind.rawValue),
            "actor": .string(actor.name), "action": .string(action), "subject": .string(subject),
            "subjectId": .string(subjectID),
        ]
        members["origin"] = actor.origin.map(JSON.string)
        members["requestId"] = actor.request.map(JSON.string)
        members["before"] = before
        members["after"] = after
        return .object(members)
    }
}
