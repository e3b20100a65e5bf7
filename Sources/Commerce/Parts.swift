import Foundation

/// Why a part does not hold what its name promises.
public struct PartError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence with the part's name and what stood there.
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) { self.description = description }
}

/// A value that can stand in a part.
public protocol PartValue: Sendable {
    /// Reads the value from a part's JSON.
    ///
    /// - Throws: `PartError` when the JSON is something else.
    init(json: JSON) throws(PartError)
    /// The value as JSON, the same for equal values.
    var json: JSON { get }
}

/// The name of a part together with the type of its value.
public struct Part<Value: PartValue>: Sendable {
    /// The part's shape.
    public let shape: PartShape

    /// A part; a shared plain field unless said otherwise.
    public init(
        _ name: String, _ form: PartForm = .field, scope: ScopeKind = .shared, refersTo: RecordKind? = nil
    ) {
        shape = PartShape(name, form, scope: scope, refersTo: refersTo)
    }
}

/// Parts by name. A part is *absent* (no entry: it takes no part in a merge), *null* (known to be empty) or a value.
public struct Parts: Hashable, Sendable {
    /// The JSON of each part that is present.
    public var values: [String: JSON]

    /// Parts by name; none unless given.
    public init(_ values: [String: JSON] = [:]) { self.values = values }

    /// The JSON of the part of that name; nil when absent.
    public subscript(name: String) -> JSON? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// The value of a part; nil when it is absent, null, or not of that type. Setting nil writes null: an absent part
    /// is made by not setting it.
    public subscript<Value: PartValue>(part: Part<Value>) -> Value? {
        get {
            guard let json = values[part.shape.name], !json.isNull else { return nil }
            return try? Value(json: json)
        }
        set { values[part.shape.name] = newValue?.json ?? .null }
    }

    /// The value of a part.
    ///
    /// - Throws: `PartError` naming the part when it is absent, null or not of that type.
    public func required<Value: PartValue>(_ part: Part<Value>) throws(PartError) -> Value {
        guard let json = values[part.shape.name], !json.isNull else {
            throw PartError("\(part.shape.name) is missing")
        }
        do {
            return try Value(json: json)
        } catch {
            throw PartError("\(part.shape.name): \(error.description)")
        }
    }

    /// All parts as one JSON object.
    public var json: JSON { .object(values) }
}

extension String: PartValue {
    /// A string's text.
    public init(json: JSON) throws(PartError) {
        guard let text = json.string else { throw PartError("expected a text, found \(json.text)") }
        self = text
    }
    /// A string.
    public var json: JSON { .string(self) }
}

extension Bool: PartValue {
    /// A truth value.
    public init(json: JSON) throws(PartError) {
        guard let flag = json.bool else { throw PartError("expected true or false, found \(json.text)") }
        self = flag
    }
    /// A truth value.
    public var json: JSON { .bool(self) }
}

extension Int: PartValue {
    /// A whole number.
    public init(json: JSON) throws(PartError) {
        guard let value = json.integer else { throw PartError("expected a whole number, found \(json.text)") }
        self = value
    }
    /// A number.
    public var json: JSON { .integer(self) }
}

extension Array: PartValue where Element: PartValue {
    /// The elements of an array.
    public init(json: JSON) throws(PartError) {
        guard let elements = json.array else { throw PartError("expected a list, found \(json.text)") }
        self = []
        for element in elements { append(try Element(json: element)) }
    }
    /// An array.
    public var json: JSON { .array(map(\.json)) }
}

/// A value that goes through its `Codable` form: members that are nil are left out.
public protocol CodablePartValue: PartValue, Codable {}

extension CodablePartValue {
    /// Decodes the value.
    public init(json: JSON) throws(PartError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: Foundation.Data(json.bytes))
        } catch {
            throw PartError("expected \(Self.self): \(error)")
        }
    }

    /// Encodes the value; null when it cannot be encoded, which no value of the canonical kinds is.
    public var json: JSON {
        guard let data = try? JSONEncoder().encode(self), let json = try? JSON(parsing: data) else { return .null }
        return json
    }
}

extension Money: CodablePartValue {
    /// Reads `"1250.00 LKR"`.
    public init(json: JSON) throws(PartError) {
        do {
            try self.init(described: json.string ?? json.text)
        } catch {
            throw PartError(error.description)
        }
    }
    /// `"1250.00 LKR"`.
    public var json: JSON { .string(description) }
}

extension ExactDecimal: CodablePartValue {
    /// Reads `"0.25"`.
    public init(json: JSON) throws(PartError) {
        do {
            try self.init(parsing: json.scalarText ?? json.text)
        } catch {
            throw PartError(error.description)
        }
    }
    /// `"0.25"`.
    public var json: JSON { .string(description) }
}
