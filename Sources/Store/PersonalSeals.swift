/// What seals the values of persons on their way into the tables, and opens them on their way out.
///
/// A table asks it through its session, so a table that holds such values need not know of keys.
public protocol PersonalSeals: AnyObject {
    /// Whether values are sealed; what is sealed already is opened in any case.
    var isOn: Bool { get }

    /// The values of a record's parts, those that are somebody's own in their sealed form.
    ///
    /// - Throws: `StoreFailure`, and what sealing throws.
    func sealed(_ values: JSON, _ kind: RecordKind, of record: Int64) throws -> JSON

    /// JSON in which nothing is sealed any more. What the key was destroyed of is empty.
    ///
    /// - Throws: `StoreFailure`, and what opening throws.
    func opened(_ json: JSON) throws -> JSON

    /// A code by which a text is found again and that tells nothing of it; the text itself where nothing is sealed.
    ///
    /// - Throws: `StoreFailure`, and what sealing throws.
    func index(of text: String) throws -> String

    /// A vendor's call in its sealed form; nil where nothing is sealed.
    ///
    /// - Throws: `StoreFailure`, and what sealing throws.
    func sealed(call bytes: [UInt8], id: Int64) throws -> [UInt8]?

    /// A vendor's call as it came; nil where it is not sealed.
    ///
    /// - Throws: `StoreFailure`, and what opening throws.
    func opened(call bytes: [UInt8], id: Int64) throws -> [UInt8]?
}

extension PersonalSeals {
    /// A text as it may stand in a table where anybody reads it.
    public func told(_ text: String) -> String { isOn ? Redaction.told(text) : text }
}

extension StoreSession {
    /// A text as it may stand in a table where anybody reads it.
    public func told(_ text: String) -> String { personal?.told(text) ?? text }
}
