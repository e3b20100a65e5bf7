import Foundation
import Mail
import MailCurl
import Wire

/// How this hub sends mail, as the environment says.
enum MailSettings {
    /// The server that takes mail; nil where none is named.
    ///
    /// - Throws: `Refusal` naming what cannot be.
    static func server(_ environment: HubEnvironment) throws -> SMTPSettings? {
        guard let host = try environment.value(["CROSSDOCK_SMTP_HOST"]) else { return nil }
        var port: Int?
        if let text = try environment.value(["CROSSDOCK_SMTP_PORT"]) {
            guard let number = Int(text) else { throw Refusal("CROSSDOCK_SMTP_PORT \"\(text)\" is no port") }
            port = number
        }
        var guarding: SMTPSettings.Guarding?
        if let text = try environment.value(["CROSSDOCK_SMTP_TLS"]) {
            guard let known = SMTPSettings.Guarding(rawValue: text) else {
                let words = SMTPSettings.Guarding.allCases.map(\.rawValue).joined(separator: ", ")
                throw Refusal("CROSSDOCK_SMTP_TLS \"\(text)\" is none of \(words)")
            }
            guarding = known
        }
        guard let sender = try environment.value(["CROSSDOCK_MAIL_FROM"]) else {
            throw Refusal("CROSSDOCK_SMTP_HOST needs CROSSDOCK_MAIL_FROM, the address that mail comes from")
        }
        do {
            var settings = try SMTPSettings(
                host: host, port: port, guarding: guarding, user: environment.value(["CROSSDOCK_SMTP_USER"]),
                password: password(environment), from: address(sender, "CROSSDOCK_MAIL_FROM"))
            settings.certificates = try environment.value(["CROSSDOCK_SMTP_CA_FILE"])
            return settings
        } catch let problem as SMTPSettings.Problem {
            throw Refusal("CROSSDOCK_SMTP_HOST: \(problem)")
        }
    }

    /// The addresses in a variable; nil where it is not set.
    ///
    /// - Throws: `Refusal` when one is none.
    static func addresses(_ environment: HubEnvironment, _ names: [String]) throws -> [MailAddress]? {
        guard let text = try environment.value(names) else { return nil }
        do throws(MailRefusal) {
            return try MailAddress.list(text)
        } catch {
            throw Refusal("\(names[0]): \(error)")
        }
    }

    private static func address(_ text: String, _ name: String) throws -> MailAddress {
        do throws(MailRefusal) {
            return try MailAddress(text)
        } catch {
            throw Refusal("\(name): \(error)")
        }
    }

    private static func password(_ environment: HubEnvironment) throws -> String? {
        let password = try environment.value(["CROSSDOCK_SMTP_PASSWORD"])
        guard let path = try environment.value(["CROSSDOCK_SMTP_PASSWORD_FILE"]) else { return password }
        guard password == nil else {
            throw Refusal("CROSSDOCK_SMTP_PASSWORD and CROSSDOCK_SMTP_PASSWORD_FILE both name one; keep one of them")
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Refusal("CROSSDOCK_SMTP_PASSWORD_FILE: \(path) cannot be read")
        }
        return text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }
}
