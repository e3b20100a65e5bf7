import Commerce
import Foundation

/// One mail: plain text.
public struct MailMessage: Hashable, Sendable {
    /// The longest subject and the longest text, in bytes.
    public static let (longestSubject, longestText) = (400, 65_536)

    public let from: MailAddress
    public let to: [MailAddress]
    public let subject: String
    public let text: String
    /// By which a repeat is told: the same each time it is sent.
    public let id: String
    public let date: Moment

    /// A mail. `id`: letters, digits, points, dashes and low lines.
    ///
    /// - Throws: `MailRefusal` where a header would hold what ends a line, or something is too long or missing.
    public init(
        from: MailAddress, to: [MailAddress], subject: String, text: String, id: String, date: Moment
    ) throws(MailRefusal) {
        guard (1...MailAddress.most).contains(to.count) else {
            throw MailRefusal("a mail goes to at least one address and at most \(MailAddress.most)")
        }
        guard subject.unicodeScalars.allSatisfy({ !Self.isControl($0) }) else {
            throw MailRefusal("the subject of a mail may hold no line breaks or other control characters")
        }
        guard subject.utf8.count <= Self.longestSubject, text.utf8.count <= Self.longestText else {
            throw MailRefusal("the mail is too long")
        }
        let signs = "._-".utf8
        guard (1...100).contains(id.utf8.count),
            id.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || signs.contains(byte)
            })
        else { throw MailRefusal("the id of a mail has letters, digits, points, dashes and low lines") }
        (self.from, self.to, self.subject, self.text, self.id, self.date) = (from, to, subject, text, id, date)
    }

    /// What ends a line for somebody, or is not seen.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || [0x2028, 0x2029].contains(scalar.value)
    }

    /// As it is sent: lines of ASCII that end with CR and LF.
    public var bytes: [UInt8] {
        let host = from.description.split(separator: "@").last ?? "localhost"
        var lines = [
            "From: <\(from)>", "To: " + to.map { "<\($0)>" }.joined(separator: ",\r\n "),
            "Subject: \(Self.encoded(subject))", "Date: \(Self.day(date))", "Message-ID: <\(id)@\(host)>",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64",
            "Auto-Submitted: auto-generated", "",
        ]
        // So coded no line can be a single point, and none is too long.
        let coded = Array(Data(text.utf8).base64EncodedString().utf8)
        for start in stride(from: 0, to: coded.count, by: Self.lineLength) {
            let line = coded[start..<min(start + Self.lineLength, coded.count)]
            lines.append(String(decoding: line, as: UTF8.self))
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    }

    private static let lineLength = 76
    /// How many bytes of UTF-8 one coded word of a header holds, so that it stays below 75 letters (RFC 2047).
    private static let wordLength = 42

    /// A header's text in coded words where it is not plain ASCII, or long.
    private static func encoded(_ text: String) -> String {
        guard text.utf8.count > wordLength || !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
        var words: [String] = [""]
        for character in text {
            if (words.last ?? "").utf8.count + character.utf8.count > wordLength { words.append("") }
            words[words.count - 1].append(character)
        }
        return words.map { "=?UTF-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    /// `Fri, 15 Jan 2027 08:00:00 +0000`
    private static func day(_ moment: Moment) -> String {
        let form = DateFormatter()
        form.locale = Locale(identifier: "en_US_POSIX")
        form.timeZone = TimeZone(identifier: "UTC")
        form.dateFormat = "EEE, dd MMM yyyy HH:mm:ss '+0000'"
        return form.string(from: Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000))
    }
}

/// Why a mail was not taken.
public enum MailFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nobody was reached, or not by the way that is asked for (TLS): nothing was sent.
    case notSent(String)
    /// It may have been taken: the line broke after it was sent.
    case noAnswer(String)
    /// The far side answered with a code of its own: 4xx for now, 5xx for good.
    case refused(code: Int, String)

    /// A sentence without addresses and secrets.
    public var description: String {
        switch self {
        case .notSent(let why): why
        case .noAnswer(let why): "no answer: \(why)"
        case .refused(let code, let why): "the mail server refused it (\(code)): \(why)"
        }
    }
}

/// A way to send mail.
public protocol Mailer: Sendable {
    /// From whom mail comes.
    var from: MailAddress { get }
    /// Hands a mail over; returns once the far side has taken it.
    ///
    /// - Throws: `MailFailure`.
    func send(_ message: MailMessage) async throws(MailFailure)
}
