/// One setting of a connector.
public struct SettingShape: Hashable, Sendable {
    /// The setting's name.
    public var name: String
    /// Other names it goes by (a seed's, an environment variable's in capitals).
    public var aliases: [String]
    public var type: SettingType
    public var isSecret: Bool
    public var isRequired: Bool
    /// Used where nothing is given; nil for none.
    public var standard: JSON?
    /// What it is, in one sentence with its unit.
    public var explanation: String

    /// A setting.
    public init(
        _ name: String, _ type: SettingType, aliases: [String] = [], isSecret: Bool = false, isRequired: Bool = false,
        standard: JSON? = nil, _ explanation: String
    ) {
        self.name = name
        self.type = type
        self.aliases = aliases
        self.isSecret = isSecret
        self.isRequired = isRequired
        self.standard = standard
        self.explanation = explanation
    }
}

/// What a setting may be.
public indirect enum SettingType: Hashable, Sendable {
    case text
    /// A text; a number stands for its digits.
    case textOrNumber
    case flag
    /// A whole number within bounds.
    case integer(ClosedRange<Int>)
    case oneOf([String])
    /// An http or https address.
    case address
    /// Texts by name.
    case table
    /// Settings within a setting.
    case group([SettingShape])
    /// A list of texts.
    case list
}

/// What is wrong with one setting.
public struct SettingProblem: Hashable, Sendable {
    /// The setting as it was named, `group.name` within a group; empty where it is about all of them together.
    public var field: String
    /// What is wrong, without the value of a secret.
    public var sentence: String

    /// A problem of that setting.
    public init(_ field: String, _ sentence: String) {
        self.field = field
        self.sentence = sentence
    }
}

/// All that is wrong with settings, one sentence each; nothing was changed.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Each problem with the setting it is about.
    public let byField: [SettingProblem]

    /// The sentences.
    public var problems: [String] { byField.map(\.sentence) }

    /// An error with its sentences, which are about no single setting.
    public init(_ problems: [String]) { byField = problems.map { SettingProblem("", $0) } }

    /// An error with the settings that are wrong.
    public init(byField problems: [SettingProblem]) { byField = problems }

    /// The sentences, one a line.
    public var description: String { problems.joined(separator: "\n") }
}

/// Settings that a card has accepted.
public struct Settings: Hashable, Sendable {
    private let values: [String: JSON]

    /// Reads settings by a card: names and aliases, types, bounds.
    ///
    /// Numbers and flags may come as texts ("50", "true"), as environment variables do. Strings of white space alone
    /// count as missing.
    ///
    /// - Throws: `SettingsError` with every problem: a wrong type, an unknown key, a missing one, two different values
    ///   for one thing. No value of a secret is quoted.
    public init(_ given: JSON, by shapes: [SettingShape], of title: String) throws(SettingsError) {
        var reader = SettingsReader(title: title)
        let values = reader.read(given, shapes, path: "")
        guard reader.problems.isEmpty else { throw SettingsError(byField: reader.problems) }
        self.values = values
    }

    private init(accepted values: [String: JSON]) { self.values = values }

    /// The text of a setting; nil when it is not given.
    public func text(_ name: String) -> String? { values[name]?.string }
    /// A secret; nil when it is not given.
    public func secret(_ name: String) -> Secret? { values[name]?.string.map(Secret.init) }
    /// A whole number; nil when it is not given.
    public func integer(_ name: String) -> Int? { values[name]?.integer }
    /// A flag; nil when it is not given.
    public func flag(_ name: String) -> Bool? { values[name]?.bool }
    /// Texts by name; empty when it is not given.
    public func table(_ name: String) -> [String: String] { values[name]?.object?.compactMapValues(\.string) ?? [:] }
    /// Texts; empty when it is not given.
    public func list(_ name: String) -> [String] { values[name]?.array?.compactMap(\.string) ?? [] }
    /// Settings within a setting; nil when it is not given.
    public func group(_ name: String) -> Settings? { values[name]?.object.map(Settings.init(accepted:)) }
    /// All as JSON under their own names, secrets included: for the sealed store only.
    public var json: JSON { .object(values) }

    /// All as JSON for people to see: each secret is dots.
    public func shown(by shapes: [SettingShape]) -> JSON { .object(Self.shown(values, shapes)) }

    /// The secrets that are not the same in other settings, by their names; `group.name` within a group.
    public func secretsUnlike(_ other: Settings, by shapes: [SettingShape]) -> [String] {
        Self.secretsUnlike(values, other.values, shapes, path: "")
    }

    private static let dots: JSON = "••••"

    private static func shown(_ values: [String: JSON], _ shapes: [SettingShape]) -> [String: JSON] {
        var shown: [String: JSON] = [:]
        // What no shape names is not shown: nobody can say whether it is secret.
        for shape in shapes {
            guard let value = values[shape.name] else { continue }
            if shape.isSecret {
                shown[shape.name] = dots
            } else if case .group(let inner) = shape.type {
                shown[shape.name] = .object(Self.shown(value.object ?? [:], inner))
            } else {
                shown[shape.name] = value
            }
        }
        return shown
    }

    private static func secretsUnlike(
        _ values: [String: JSON], _ others: [String: JSON], _ shapes: [SettingShape], path: String
    ) -> [String] {
        shapes.flatMap { shape -> [String] in
            let (one, other) = (values[shape.name], others[shape.name])
            if shape.isSecret { return one == other ? [] : [path + shape.name] }
            guard case .group(let inner) = shape.type else { return [] }
            return secretsUnlike(one?.object ?? [:], other?.object ?? [:], inner, path: "\(path)\(shape.name).")
        }
    }
}

extension Settings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The names alone: values may be secret.
    public var description: String { "settings \(values.keys.sorted().joined(separator: ", "))" }
    /// The names alone.
    public var debugDescription: String { description }
    /// Nothing inside.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

private struct SettingsReader {
    let title: String
    var problems: [SettingProblem] = []

    private mutating func note(_ field: String, _ sentence: String) {
        problems.append(SettingProblem(field, "\(title): \(sentence)"))
    }

    mutating func read(_ given: JSON, _ shapes: [SettingShape], path: String) -> [String: JSON] {
        guard let members = given.object else {
            note(String(path.dropLast()), "expected settings as a JSON object\(path.isEmpty ? "" : " at \(path)")")
            return [:]
        }
        var values: [String: JSON] = [:]
        var known = Set<String>()
        for shape in shapes {
            known.formUnion([shape.name] + shape.aliases)
            if let value = value(of: shape, in: members, path: path) { values[shape.name] = value }
        }
        for key in members.keys.sorted() where !known.contains(key) {
            note(
                path + key,
                "unknown setting \"\(path)\(key)\"; known are \(shapes.map(\.name).joined(separator: ", "))")
        }
        return values
    }

    private mutating func value(of shape: SettingShape, in members: [String: JSON], path: String) -> JSON? {
        var found: (key: String, value: JSON)?
        for key in [shape.name] + shape.aliases {
            guard let raw = members[key], !raw.isNull, !isBlank(raw), let value = typed(raw, shape, path + key) else {
                continue
            }
            if let earlier = found, earlier.value != value {
                note(path + key, "\"\(path)\(earlier.key)\" and \"\(path)\(key)\" are one setting and differ")
            }
            found = found ?? (key, value)
        }
        if let found { return found.value }
        if shape.isRequired, !isGiven(shape, in: members) {
            note(
                path + shape.name,
                "\(shape.isSecret ? "secret" : "setting") \"\(path)\(shape.name)\" is missing: \(shape.explanation)")
        }
        return shape.standard
    }

    private func isBlank(_ value: JSON) -> Bool { value.string?.allSatisfy(\.isWhitespace) ?? false }

    private func isGiven(_ shape: SettingShape, in members: [String: JSON]) -> Bool {
        ([shape.name] + shape.aliases).contains { members[$0].map { !$0.isNull && !isBlank($0) } ?? false }
    }

    private mutating func typed(_ raw: JSON, _ shape: SettingShape, _ key: String) -> JSON? {
        let value: JSON?
        switch shape.type {
        case .text: value = raw.string.map(JSON.string)
        case .textOrNumber: value = raw.scalarText.map(JSON.string)
        case .address: value = raw.string.flatMap { HTTPAddress($0) == nil ? nil : JSON.string($0) }
        case .flag: value = raw.bool.map(JSON.bool) ?? ["true": true, "false": false][raw.string ?? ""]
        case .integer(let range):
            value = raw.scalarText.flatMap(Int.init).flatMap { range.contains($0) ? JSON.integer($0) : nil }
        case .oneOf(let words): value = raw.string.flatMap { words.contains($0) ? JSON.string($0) : nil }
        case .table: value = raw.object.flatMap { $0.values.allSatisfy { $0.string != nil } ? raw : nil }
        case .list: value = raw.array.flatMap { $0.allSatisfy { $0.string != nil } ? raw : nil }
        case .group(let shapes):
            return raw.object == nil ? refuse(raw, shape, key) : .object(read(raw, shapes, path: key + "."))
        }
        return value ?? refuse(raw, shape, key)
    }

    private mutating func refuse(_ raw: JSON, _ shape: SettingShape, _ key: String) -> JSON? {
        let mayHoldSecrets = shape.isSecret || raw.object != nil || raw.array != nil
        let quoted = mayHoldSecrets ? "" : ", found \(raw.text.prefix(60))"
        note(key, "\"\(key)\" must be \(words(for: shape.type))\(quoted)")
        return nil
    }

    private func words(for type: SettingType) -> String {
        switch type {
        case .text: "a text"
        case .textOrNumber: "a text or a number"
        case .flag: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .oneOf(let words): "one of \(words.joined(separator: ", "))"
        case .address: "an http or https address"
        case .table: "an object of texts"
        case .list: "a list of texts"
        case .group: "an object"
        }
    }
}
