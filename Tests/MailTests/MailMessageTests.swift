import Commerce
import Foundation
import Testing

@testable import Mail

@Suite("Mail")
struct MailMessageTests {
    private func message(subject: String = "hello", text: String = "well", id: String = "msg_7") throws -> MailMessage {
        try MailMessage(
            from: MailAddress("hub@shop.example"), to: [MailAddress("ann@person.example")], subject: subject,
            text: text, id: id, date: Moment(milliseconds: 1_800_000_000_000))
    }

    @Test(arguments: [
        "ann@person.example", "ann.lee+alerts@person.example", "a@localhost", "o'hara@xn--bcher-kva.example",
    ])
    func anAddressIsOne(text: String) throws {
        #expect(try MailAddress(text).description == text)
    }

    @Test(arguments: [
        "", "ann", "@person.example", "ann@", "ann@@person.example", "ann@person.example\r\nBcc: eve@person.example",
        "ann@person.example\n", "<ann@person.example>", "ann lee@person.example", "\"ann\"@person.example",
        "ann@person.example,ben@person.example", "ann@-person.example", "ann@person..example", ".ann@person.example",
        "ann\u{0}@person.example", "änn@person.example", "ann@[127.0.0.1]", "ann@person.example> SIZE=1",
        String(repeating: "a", count: 65) + "@person.example",
    ])
    func whatIsNoPlainAddressIsRefusedAndNotRepeated(text: String) {
        let refusal = #expect(throws: MailRefusal.self) { try MailAddress(text) }
        #expect(refusal?.description.contains("eve") == false)
    }

    @Test func severalAreReadAndTooManyAreNot() throws {
        #expect(try MailAddress.list("ann@a.example, ben@b.example").count == 2)
        #expect(try MailAddress.list(ofURL: "mailto:ann@a.example")?.count == 1)
        #expect(try MailAddress.list(ofURL: "https://a.example") == nil)
        let many = (0...MailAddress.most).map { "a\($0)@a.example" }.joined(separator: ",")
        #expect(throws: MailRefusal.self) { try MailAddress.list(many) }
        #expect(throws: MailRefusal.self) { try MailAddress.list("ann@a.example,") }
    }

    @Test(arguments: [
        "one\r\nBcc: eve@person.example", "one\ntwo", "one\rtwo", "nul\u{0}", "next\u{85}line", "line\u{2028}two",
        "bell\u{7}", String(repeating: "a", count: 401),
    ])
    func aSubjectThatCouldEndItsLineIsRefused(subject: String) {
        #expect(throws: MailRefusal.self) { try message(subject: subject) }
    }

    @Test(arguments: ["a b", "a\r\nX: y", "", "a>"])
    func anIDThatCouldEndItsLineIsRefused(id: String) {
        #expect(throws: MailRefusal.self) { try message(id: id) }
    }

    @Test func itIsSentInLinesOfASCIIThatNothingWithinCanEnd() throws {
        let text = "Grüße\r\n.\r\nQUIT\r\n" + String(repeating: "long ", count: 400)
        let bytes = try message(subject: "Größer als erlaubt: " + String(repeating: "ü", count: 60), text: text).bytes
        let whole = String(decoding: bytes, as: UTF8.self)
        let lines = whole.components(separatedBy: "\r\n")

        #expect(bytes.allSatisfy { $0 < 0x80 } && lines.allSatisfy { $0.utf8.count <= 78 })
        #expect(!lines.contains(".") && !whole.replacingOccurrences(of: "\r\n", with: "").contains("\n"))
        #expect(lines.contains("Date: Fri, 15 Jan 2027 08:00:00 +0000"))
        #expect(lines.contains("Message-ID: <msg_7@shop.example>"))
        let parts = whole.components(separatedBy: "\r\n\r\n")
        let decoded = Data(base64Encoded: parts[1].replacingOccurrences(of: "\r\n", with: ""))
        #expect(decoded.map { String(decoding: $0, as: UTF8.self) } == text)
    }
}
