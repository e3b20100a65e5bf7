import Commerce

/// What somebody may do. Roles and groups are sets of these.
public enum Permission: String, Hashable, Sendable, Codable, CaseIterable {
    /// See pages, tasks and counts.
    case see
    /// See who did what.
    case audit
    /// Ask for syncs and tests; settle conflicts, dead letters and what waits.
    case operate
    /// Connect, change and remove integrations.
    case configure
    /// Say who may do what: accounts, groups, keys.
    case admit
    /// Hand in calls with a key in place of a signature, where an integration takes these (C-09).
    case tell = "webhook:write"

    /// What it lets one do, in a sentence.
    public var purpose: String {
        switch self {
        case .see: "see pages, tasks and counts"
        case .audit: "see who did what"
        case .operate: "ask for syncs and tests; settle conflicts, dead letters and what waits"
        case .configure: "connect, change and remove integrations"
        case .admit: "say who may do what: accounts, groups and keys"
        case .tell: "hand in calls with a key in place of a signature, where an integration takes these"
        }
    }
}

/// What a person or a program may do, in the words everybody has.
public enum Role: String, Hashable, Sendable, Codable, CaseIterable {
    /// Everything, accounts and settings included.
    case admin
    /// Daily work: syncs, conflicts, dead letters.
    case `operator`
    /// Looks, changes nothing.
    case viewer
    /// A program that hands records in; sees no page.
    case integration

    /// What the role may do.
    public var permissions: Set<Permission> {
        switch self {
        case .admin: Set(Permission.allCases)
        case .operator: [.see, .audit, .operate]
        case .viewer: [.see]
        case .integration: []
        }
    }
}

/// A set of permissions that an organization names itself.
public struct Group: Hashable, Sendable {
    public var name: String
    public var permissions: Set<Permission>

    /// A group.
    public init(name: String, permissions: Set<Permission>) {
        self.name = name
        self.permissions = permissions
    }

    /// What may be told of it, to programs.
    public var json: JSON {
        ["name": .string(name), "permissions": .array(permissions.map(\.rawValue).sorted().map(JSON.string))]
    }

    /// The groups that are always there, under the names in which an OpenCart admin gives these rights away (seed 000,
    /// `oc_user_group_permission`). Recommendations are only looked at.
    public static let wellKnown = [
        Group(name: "integration/hub", permissions: [.see, .configure]),
        Group(name: "integration/sync", permissions: [.see, .operate]),
        Group(name: "intelligence/recommendations", permissions: [.see]),
    ]

    /// Whether a group may have that name: letters, digits, `-`, `_`, `.`, `/`, at most 64.
    public static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }
}
