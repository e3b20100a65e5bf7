import ConnectorKit
import Ledger

/// Why an integration was not made, changed, brought in step or taken away. Nothing was changed.
public enum IntegrationRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was given cannot be used, field by field.
    case fields([SettingProblem])
    case nameTaken(String)
    /// Somebody else changed it at the same time.
    case changedMeanwhile
    /// Something would be lost, and nobody said that it may.
    case unconfirmed(Removal)
    /// It does not work now, for this reason.
    case inactive(String)
    /// The request took so long that another one with its key was begun.
    case begunAgain

    /// What is wrong and what can be done.
    public var description: String {
        switch self {
        case .fields(let problems): problems.map(\.sentence).joined(separator: "; ")
        case .nameTaken(let name): "there is an integration named \"\(name)\" already; choose another name"
        case .changedMeanwhile: "somebody else changed it at the same time; look at it, and try again"
        case .unconfirmed(let removal):
            "\(removal.words); to take it away all the same, say so with its name: ?confirm=NAME. To have it rest and "
                + "lose nothing, give it the status paused"
        case .inactive(let reason): reason
        case .begunAgain: "this request took so long that another one with its key was begun; look how it ended"
        }
    }
}

/// What somebody wants an integration to be, in the words of the seeds.
public struct IntegrationWish: Hashable, Sendable {
    /// Settings by the section in which they stand: the connector's card says what each is.
    struct Section: Hashable, Sendable {
        var name: String
        var members: [String: JSON]
    }

    /// The organization it is for; nil where nothing is said.
    public private(set) var merchant: String?
    var name: String?
    var connector: String?
    var type: IntegrationType?
    var state: IntegrationState?
    var sections: [Section] = []

    private static let texts = ["merchantId", "name", "connector", "type", "status"]
    private static let sectionNames = ["credentials", "settings", "configuration"]

    /// Reads a wish; every problem is named by its field.
    ///
    /// - Throws: `IntegrationRefusal.fields`.
    public init(_ json: JSON) throws(IntegrationRefusal) {
        guard let members = json.object else {
            throw .fields([SettingProblem("", "the body must be a JSON object")])
        }
        var problems: [SettingProblem] = []
        var words: [String: String] = [:]
        for (field, value) in members.sorted(by: { $0.key < $1.key }) {
            if Self.texts.contains(field) {
                guard let text = value.string else {
                    problems.append(SettingProblem(field, "\"\(field)\" must be a text"))
                    continue
                }
                words[field] = text
            } else if Self.sectionNames.contains(field) {
                guard let given = value.object else {
                    problems.append(SettingProblem(field, "\"\(field)\" must be an object"))
                    continue
                }
                sections.append(Section(name: field, members: given))
            } else {
                let known = (Self.texts + Self.sectionNames).joined(separator: ", ")
                problems.append(
                    SettingProblem(field, "\"\(field.prefix(60))\" can not be set; there are: \(known)"))
            }
        }
        (merchant, name, connector) = (words["merchantId"], words["name"], words["connector"])
        if let word = words["type"] {
            type = IntegrationType(word: word)
            if type == nil { problems.append(SettingProblem("type", "\"type\" must be webhook, polling or hybrid")) }
        }
        if let word = words["status"] {
            state = Hub.states[word.lowercased()]
            if state == nil { problems.append(SettingProblem("status", "\"status\" must be active or paused")) }
        }
        if let name, let problem = Hub.problem(ofName: name) { problems.append(SettingProblem("name", problem)) }
        problems += repeated()
        guard problems.isEmpty else { throw .fields(problems) }
    }

    /// Settings that stand in two sections with two values.
    private func repeated() -> [SettingProblem] {
        var values: [String: JSON] = [:]
        return sections.flatMap { section in
            section.members.sorted { $0.key < $1.key }.compactMap { key, value in
                defer { values[key] = value }
                guard let other = values[key], other != value else { return nil }
                return SettingProblem("\(section.name).\(key)", "\"\(key)\" stands in two sections with two values")
            }
        }
    }

    /// All settings together.
    var given: [String: JSON] {
        sections.reduce(into: [:]) { all, section in all.merge(section.members) { first, _ in first } }
    }

    /// All settings together, and with those of the older form what it means where it says nothing.
    func given(for card: Card) -> [String: JSON] {
        sections.contains { $0.name == "configuration" } ? card.completed(given) : given
    }

    /// The problems of settings, each under the section where the setting stands or belongs.
    func placed(_ error: SettingsError, by shapes: [SettingShape]) -> IntegrationRefusal {
        .fields(
            error.byField.map { problem in
                let key = String(problem.field.prefix { $0 != "." })
                guard !key.isEmpty else { return SettingProblem("settings", problem.sentence) }
                let isSecret = shapes.first { $0.name == key }?.isSecret ?? false
                let section =
                    sections.first { $0.members[key] != nil }?.name ?? (isSecret ? "credentials" : "settings")
                return SettingProblem("\(section).\(problem.field)", problem.sentence)
            })
    }
}

extension Settings {
    /// These settings with others laid over them: what is given counts, under whatever name; null takes a setting away.
    /// `onlySecrets`: of these, only what is secret is kept, because nobody can read it to give it again.
    func overlaid(with given: [String: JSON], by shapes: [SettingShape], onlySecrets: Bool) -> JSON {
        .object(Self.overlaid(json.object ?? [:], with: given, shapes, onlySecrets))
    }

    private static func overlaid(
        _ old: [String: JSON], with given: [String: JSON], _ shapes: [SettingShape], _ onlySecrets: Bool
    ) -> [String: JSON] {
        var result = given.filter { !$0.value.isNull }
        for shape in shapes {
            guard let kept = old[shape.name] else { continue }
            let names = [shape.name] + shape.aliases
            let isGiven = names.contains { given[$0] != nil }
            guard case .group(let inner) = shape.type, let kept = kept.object else {
                if !isGiven, !onlySecrets || shape.isSecret { result[shape.name] = kept }
                continue
            }
            let group = names.lazy.compactMap { name in given[name].map { (name, $0) } }.first
            // Null, and what is no object, stand as they were given.
            guard isGiven, let (name, value) = group, let members = value.object else {
                let rest = overlaid(kept, with: [:], inner, onlySecrets)
                if !isGiven, !rest.isEmpty { result[shape.name] = .object(rest) }
                continue
            }
            result[name] = .object(overlaid(kept, with: members, inner, onlySecrets))
        }
        return result
    }
}
