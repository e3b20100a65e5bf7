import Commerce
import Foundation
import Mail
import Testing
import Wire

@testable import MailCurl

/// Mail by a server that plays one: what is asked of it, and what comes of its answers.
@Suite("Mail by SMTP", .serialized)
struct CurlMailerTests {
    private func message() throws -> MailMessage {
        try MailMessage(
            from: MailAddress("hub@shop.example"),
            to: [MailAddress("ann@person.example"), MailAddress("ben@person.example")], subject: "hello",
            text: "well", id: "msg_7", date: Moment(milliseconds: 1_800_000_000_000))
    }

    private func settings(
        _ port: Int, _ guarding: SMTPSettings.Guarding? = nil, host: String = "127.0.0.1", user: String? = nil,
        password: String? = nil
    ) throws -> SMTPSettings {
        var settings = try SMTPSettings(
            host: host, port: port, guarding: guarding, user: user, password: password,
            from: MailAddress("hub@shop.example"))
        (settings.connectSeconds, settings.timeoutSeconds) = (3, 3)
        return settings
    }

    private func send(_ settings: SMTPSettings) async throws -> MailFailure? {
        let message = try message()
        do throws(MailFailure) {
            try await CurlMailer(settings, blocking: InlineWork()).send(message)
            return nil
        } catch {
            return error
        }
    }

    /// A folder of its own, gone afterwards.
    private func inFolder<Value>(_ work: (String) async throws -> Value) async throws -> Value {
        let folder = NSTemporaryDirectory() + "crossdock-mail-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await work(folder)
    }

    @Test func aMailIsHandedToAServerOnThisMachine() async throws {
        let server = try await Standin()
        defer { server.stop() }
        #expect(try await send(try settings(server.port)) == nil)

        let heard = await server.conversation()
        #expect(heard.contains("MAIL FROM:<hub@shop.example>") && heard.last == "done")
        #expect(heard.filter { $0.hasPrefix("RCPT") }.count == 2)
        let letter = heard.filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }.joined(separator: "\r\n")
        #expect(letter + "\r\n" == String(decoding: try message().bytes, as: UTF8.self))
    }

    @Test func withoutTLSNothingIsSaidToAServerThatMustOfferIt() async throws {
        let server = try await Standin("auth")
        defer { server.stop() }
        let failure = try await send(try settings(server.port, .starttls, user: "hub", password: "s3cret"))

        guard case .notSent(let why) = failure else { return #expect(Bool(false), "\(String(describing: failure))") }
        #expect(why.contains("offers no TLS"))
        let heard = await server.conversation()
        #expect(!heard.contains { $0.hasPrefix("MAIL") || $0.hasPrefix("AUTH") })
    }

    @Test(arguments: [SMTPSettings.Guarding.starttls, .implicit])
    func aCertificateThatNobodyKnowsIsRefusedAndOneThatIsNamedIsNot(guarding: SMTPSettings.Guarding) async throws {
        try await inFolder { folder in
            let certificate = try Standin.certificate(in: folder)
            let server = try await Standin(guarding.rawValue, "auth", certificate: certificate.both)
            defer { server.stop() }
            var settings = try settings(server.port, guarding, host: "localhost", user: "hub", password: "s3cret")
            let refused = try await send(settings)
            guard case .notSent(let why) = refused else {
                return #expect(Bool(false), "\(String(describing: refused))")
            }
            #expect(why.contains("certificate") && !why.contains("s3cret"))
            let first = await server.conversation()
            #expect(!first.contains { $0.hasPrefix("MAIL") || $0.hasPrefix("AUTH") })

            settings.certificates = certificate.alone
            #expect(try await send(settings) == nil)
            let heard = await server.conversation()
            #expect(heard.contains { $0.hasPrefix("AUTH") } && heard.last == "done")
        }
    }

    @Test func aWrongPasswordAndAStrangeAddressAreRefusalsWithTheirCodes() async throws {
        let server = try await Standin("auth", "refuse")
        defer { server.stop() }
        let login = try await send(try settings(server.port, user: "hub", password: "s3cret"))
        #expect(login == .refused(code: 535, "its user or password is wrong"))
        #expect(login?.description.contains("s3cret") == false)

        let other = try await Standin("refuse")
        defer { other.stop() }
        guard case .refused(let code, _) = try await send(try settings(other.port)) else {
            return #expect(Bool(false), "it was not refused")
        }
        #expect(code == 550)
    }

    @Test func aLineThatIsCutAfterTheLetterMayHaveDelivered() async throws {
        let server = try await Standin("cut")
        defer { server.stop() }
        guard case .noAnswer = try await send(try settings(server.port)) else {
            return #expect(Bool(false), "the letter was sent")
        }
    }

    @Test func whoDoesNotAnswerIsLeftAfterHisTime() async throws {
        let server = try await Standin("silent")
        defer { server.stop() }
        guard case .notSent = try await send(try settings(server.port)) else {
            return #expect(Bool(false), "nobody answered")
        }
        let nobody = try await Standin()
        let port = nobody.port
        nobody.stop()
        #expect(try await send(try settings(port)) != nil)
    }

    @Test(arguments: ["mail.example\r\nQUIT", "mail example", "", "mail.example/x", "user@mail.example", "-v"])
    func whatIsNoHostIsNoServer(host: String) {
        #expect(throws: SMTPSettings.Problem.self) { try settings(25, host: host) }
    }

    @Test func aPasswordNeverGoesOverAnOpenLine() {
        #expect(throws: SMTPSettings.Problem.self) {
            try settings(25, .off, host: "mail.example", user: "hub", password: "s3cret")
        }
    }
}
