import Commerce
import Wire

/// A line with the text of how it was before and after, written once: so it stands in the table and in what is sealed.
struct AuditLine {
    let entry: AuditEntry
    let before: String?
    let after: String?

    init(_ entry: AuditEntry) {
        self.entry = entry
        before = entry.before?.text
        after = entry.after?.text
    }

    /// The room that most lines need, in bytes.
    private static let usualSize = 640

    /// The bytes that are sealed: all of the line, as canonical JSON. Its names stand here in their order, for to sort
    /// them anew for each line was a third of what a line cost (measured).
    var sealedBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.usualSize)
        Self.add(#"{"action":"#, .string(entry.action), to: &bytes)
        Self.add(#","actor":"#, .string(entry.actor.name), to: &bytes)
        Self.add(#","actorKind":"#, .string(entry.actor.kind.rawValue), to: &bytes)
        Self.add(#","after":"#, after, to: &bytes)
        Self.add(#","at":"#, String(entry.at.milliseconds), to: &bytes)
        Self.add(#","before":"#, before, to: &bytes)
        Self.add(#","number":"#, String(entry.number), to: &bytes)
        Self.add(#","origin":"#, entry.actor.origin.map(JSON.string), to: &bytes)
        Self.add(#","requestId":"#, entry.actor.request.map(JSON.string), to: &bytes)
        Self.add(#","subject":"#, .string(entry.subject), to: &bytes)
        Self.add(#","subjectId":"#, .string(entry.subjectID), to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private static func add(_ name: String, _ value: JSON?, to bytes: inout [UInt8]) {
        guard let value else { return }
        bytes += name.utf8
        value.write(into: &bytes)
    }

    private static func add(_ name: String, _ written: String?, to bytes: inout [UInt8]) {
        guard let written else { return }
        bytes += name.utf8
        bytes += written.utf8
    }
}
