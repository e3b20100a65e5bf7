/// What cannot be written to, or said in a mail: nothing of it was sent.
public struct MailRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// An address to which mail can be sent: letters, digits and a few signs before the @, a host behind it. Other forms
/// that the standard allows (quoted names, comments) are refused: nothing in it can end a line or begin a command.
public struct MailAddress: Hashable, Sendable, CustomStringConvertible {
    /// The longest address, and the longest part before the @, in bytes. Source: RFC 5321, 4.5.3.1.
    static let (longest, longestName) = (254, 64)

    /// The address.
    public let description: String

    /// Reads an address.
    ///
    /// - Throws: `MailRefusal`; it does not repeat what was given.
    public init(_ text: String) throws(MailRefusal) {
        let halves = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.longest, halves.count == 2, Self.isName(halves[0]), Self.isHost(halves[1]) else {
            throw MailRefusal("this is no mail address (name@host.example)")
        }
        description = text
    }

    private static func isName(_ text: Substring) -> Bool {
        (1...longestName).contains(text.utf8.count) && !text.hasPrefix(".") && !text.hasSuffix(".")
            && !text.contains("..") && text.utf8.allSatisfy { isPlain($0) || "!#$%&'*+/=?^_`{|}~.-".utf8.contains($0) }
    }

    private static func isHost(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// An ASCII letter or digit.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) && byte < 0x80
    }

    /// Reads several, with commas between.
    ///
    /// - Throws: `MailRefusal` where one is none, or there are more than `most`.
    public static func list(_ text: String) throws(MailRefusal) -> [MailAddress] {
        var addresses: [MailAddress] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            addresses.append(try MailAddress(String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())))
        }
        guard addresses.count <= most else { throw MailRefusal("a mail goes to at most \(most) addresses") }
        return addresses
    }

    /// The most addresses one mail goes to.
    public static let most = 20

    /// The addresses of `mailto:ann@example.com,ben@example.com`; nil where the text is no such address.
    ///
    /// - Throws: `MailRefusal` where it begins so and is none.
    public static func list(ofURL url: String) throws(MailRefusal) -> [MailAddress]? {
        guard url.lowercased().hasPrefix(scheme) else { return nil }
        return try list(String(url.dropFirst(scheme.count)))
    }

    /// What the address of a mailbox begins with where addresses of other sorts stand, too.
    public static let scheme = "mailto:"
}
