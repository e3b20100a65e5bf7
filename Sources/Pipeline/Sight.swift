import Identity
import Intake
import Ledger
import Queue

/// How much of persons is told to who asks; each is told what those before are, too.
public enum Sight: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Whoever may see the pages and no more. A customer is called by his number, values of persons are left out, and
    /// so is what was said of their records: far sides name people in their sentences.
    case things
    /// Whoever works on what waits. What was said is told; names and values are not.
    case sentences
    /// Whoever may have all exported that is held of a customer.
    case persons

    /// What stands where a value of somebody's is left out.
    public static let withheld = "(withheld)"
    /// What stands where a sentence is left out.
    public static let unsaid = "what was said may name somebody, and is told to who may operate"

    /// How much somebody with these permissions is told.
    public init(_ permissions: Set<Permission>) {
        self = permissions.contains(.admit) ? .persons : permissions.contains(.operate) ? .sentences : .things
    }

    /// Less is before more.
    public static func < (left: Sight, right: Sight) -> Bool { left.rawValue < right.rawValue }

    func title(_ title: String, _ kind: RecordKind, _ record: Int64) -> String {
        self == .persons ? title : HubRecord.label(kind, record, title: title)
    }

    /// What a record is called at a far side: a shop of the merchant's own may call a customer by his e-mail.
    func name(_ externalID: String) -> String { self == .persons ? externalID : Redaction.told(externalID) }

    /// A value as it stands beside its part.
    func value(_ value: JSON?, of part: String, _ kind: RecordKind) -> JSON? {
        guard self < .persons, kind.namesPersons, let value, !value.isNull else { return value }
        let rest = kind.told(part, value)
        guard let members = value.object else { return rest.isNull ? .string(Self.withheld) : rest }
        guard let left = rest.object else { return .string(Self.withheld) }
        return .object(
            Dictionary(
                uniqueKeysWithValues: members.map { name, member in
                    (name, left[name] == member ? member : .string(Self.withheld))
                }))
    }

    /// What was said about a record of that kind; nil: of no kind. `errorClass`: what it came to, in a word.
    func sentence(_ text: String, about kind: RecordKind?, _ errorClass: String? = nil) -> String {
        guard self == .things else { return text }
        guard kind?.namesPersons ?? false else { return Redaction.told(text) }
        // Behind the colon stands a word of the far side's.
        let word = errorClass.map { $0.prefix { $0 != ":" } + ": " } ?? ""
        return word + Self.unsaid
    }
}

extension RecordKind {
    /// A value of a part as it is told where nobody is to be named.
    func told(_ part: String, _ value: JSON) -> JSON { Redaction.told(withoutPerson(part, value)) }
}

extension Overview {
    /// The overview as it is told to who sees that much.
    public func told(to sight: Sight) -> Overview {
        guard sight < .persons else { return self }
        var told = self
        told.changes = changes.map { $0.told(to: sight) }
        told.waiting = waiting.map { $0.told(to: sight) }
        told.conflicts = conflicts.map { $0.told(to: sight) }
        told.rejections = rejections.map { $0.told(to: sight) }
        told.guarded = guarded.map { $0.told(to: sight) }
        return told
    }
}

extension ChangeReport {
    /// The line as it is told to who sees that much.
    public func told(to sight: Sight) -> ChangeReport {
        var told = self
        told.title = sight.title(title, kind, record)
        (told.old, told.new, told.loser) = (
            sight.value(old, of: part, kind), sight.value(new, of: part, kind), sight.value(loser, of: part, kind)
        )
        return told
    }
}

extension JobReport {
    /// The job as it is told to who sees that much.
    public func told(to sight: Sight) -> JobReport {
        var told = self
        // Without a record the title is the job's key: a far id, or a number.
        told.title =
            record.flatMap { record in kind.map { sight.title(title, $0, record) } } ?? sight.name(title)
        told.reason = reason.map { sight.sentence($0, about: kind, errorClass) }
        return told
    }
}

extension WhyWaiting {
    /// The answer about a job of that kind as it is told to who sees that much.
    func told(to sight: Sight, about job: JobReport) -> WhyWaiting {
        let tell = { (text: String?) in text.map { sight.sentence($0, about: job.kind, job.errorClass) } }
        return switch self {
        case .time(let at, let reason, let attempt): .time(at, reason: tell(reason), attempt: attempt)
        case .held(let reason): .held(reason: tell(reason))
        case .ended(let state, let reason): .ended(state, reason: tell(reason))
        case .lane, .batch, .hindered, .turn, .running, .lost: self
        }
    }
}

extension ConflictReport {
    /// The conflict as it is told to who sees that much.
    public func told(to sight: Sight) -> ConflictReport {
        var told = self
        told.title = sight.title(title, kind, record)
        told.base = sight.value(base, of: part, kind)
        told.theirs = sight.value(theirs, of: part, kind) ?? .null
        told.ours = sight.value(ours, of: part, kind) ?? .null
        return told
    }
}

extension RejectionReport {
    /// The payload as it is told to who sees that much.
    public func told(to sight: Sight) -> RejectionReport {
        var told = self
        told.externalID = sight.name(externalID)
        told.reason = sight.sentence(reason, about: kind)
        return told
    }
}

extension GuardReport {
    /// The hold as it is told to who sees that much.
    public func told(to sight: Sight) -> GuardReport {
        var told = self
        told.items = items.map { item in
            var shown = item
            shown.title = sight.title(item.title, kind, item.record)
            shown.externalID = sight.name(item.externalID)
            shown.old = sight.value(item.old, of: item.part, kind)
            shown.new = sight.value(item.new, of: item.part, kind)
            return shown
        }
        return told
    }
}

extension DeliveryView {
    /// The call as it is told to who sees that much.
    public func told(to sight: Sight) -> DeliveryView {
        guard sight < .persons, let detail = report.detail else { return self }
        var told = self
        told.report.detail = Redaction.told(detail)
        guard sight == .things else { return told }
        if report.state == .rejected {
            told.report.detail = Sight.unsaid
        } else if let end = detail.firstRange(of: Hub.notTaken)?.lowerBound {
            told.report.detail = Redaction.told(String(detail[..<end])) + Hub.notTaken + Sight.unsaid
        }
        return told
    }
}

extension RecordView {
    /// The record as it is told to who sees that much.
    public func told(to sight: Sight) -> RecordView {
        guard sight < .persons, line.kind.namesPersons else { return self }
        var told = self
        told.line.hold = line.hold.map { sight.sentence($0, about: line.kind) }
        for index in links.indices { told.links[index].externalID = sight.name(links[index].externalID) }
        return told
    }
}

extension RecordStory {
    /// The story as it is told to who sees that much.
    public func told(to sight: Sight) -> RecordStory {
        guard sight < .persons, explanation.kind.namesPersons else { return self }
        var told = self
        told.view = view.told(to: sight)
        told.explanation.hold = told.view.line.hold
        for part in explanation.parts.indices {
            for side in explanation.parts[part].sides.indices {
                let name = explanation.parts[part].sides[side].externalID
                told.explanation.parts[part].sides[side].externalID = sight.name(name)
            }
            for line in explanation.parts[part].history.indices {
                told.explanation.parts[part].history[line] = explanation.parts[part].history[line].told(to: sight)
            }
        }
        return told
    }
}
