import CCurl
import Mail
import Wire

/// Sends mail by SMTP with libcurl, which blocks: on a thread of its own.
public struct CurlMailer: Mailer {
    private let settings: SMTPSettings
    private let blocking: any BlockingWork

    /// From whom mail comes.
    public var from: MailAddress { settings.from }

    /// A mailer. Reaches nothing.
    public init(_ settings: SMTPSettings, blocking: any BlockingWork) {
        self.settings = settings
        self.blocking = blocking
    }

    /// Hands a mail over.
    ///
    /// - Throws: `MailFailure`.
    public func send(_ message: MailMessage) async throws(MailFailure) {
        let settings = settings
        do {
            try await blocking.run { try Handover(settings).send(message) }
        } catch let failure as MailFailure {
            throw failure
        } catch {
            throw .notSent("\(error)")
        }
    }
}

/// What is still to be read of a mail.
private final class Source {
    var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }
}

/// One conversation with a mail server. Lives on one thread.
private struct Handover {
    let settings: SMTPSettings

    /// Once in a process, before anything else of curl's.
    private static let begun = crossdock_curl_begin() == CURLE_OK

    init(_ settings: SMTPSettings) { self.settings = settings }

    func send(_ message: MailMessage) throws(MailFailure) {
        guard Self.begun, let handle = curl_easy_init() else { throw .notSent("curl cannot be begun") }
        defer { curl_easy_cleanup(handle) }
        var recipients: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(recipients) }
        for address in message.to { recipients = curl_slist_append(recipients, "<\(address)>") }
        let source = Source(message.bytes)
        var isSet = set(handle, message) && crossdock_curl_set_list(handle, CURLOPT_MAIL_RCPT, recipients) == CURLE_OK
        isSet =
            isSet
            && crossdock_curl_set_reader(handle, Self.read, Unmanaged.passUnretained(source).toOpaque()) == CURLE_OK
        guard isSet else { throw .notSent("curl does not take the settings of the mail server") }
        let code = withExtendedLifetime(source) { curl_easy_perform(handle) }
        guard code != CURLE_OK else { return }
        throw failure(code, answer: Int(crossdock_curl_answer(handle)), isSent: source.rest.isEmpty)
    }

    private func set(_ handle: UnsafeMutableRawPointer, _ message: MailMessage) -> Bool {
        var texts: [(CURLoption, String)] = [
            (CURLOPT_URL, settings.url), (CURLOPT_MAIL_FROM, "<\(message.from)>"),
            // Mail goes to the server that is named, whatever proxies the environment knows.
            (CURLOPT_PROXY, ""),
        ]
        if let user = settings.user, let password = settings.password {
            texts += [(CURLOPT_USERNAME, user), (CURLOPT_PASSWORD, password)]
        }
        if let file = settings.certificates { texts.append((CURLOPT_CAINFO, file)) }
        let guarded = settings.guarding == .off ? CURLUSESSL_NONE : CURLUSESSL_ALL
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_UPLOAD, 1), (CURLOPT_NOSIGNAL, 1), (CURLOPT_USE_SSL, Int(guarded.rawValue)),
            (CURLOPT_SSL_VERIFYPEER, 1), (CURLOPT_SSL_VERIFYHOST, 2),
            (CURLOPT_CONNECTTIMEOUT, settings.connectSeconds), (CURLOPT_TIMEOUT, settings.timeoutSeconds),
        ]
        return texts.allSatisfy { crossdock_curl_set_text(handle, $0.0, $0.1) == CURLE_OK }
            && numbers.allSatisfy { crossdock_curl_set_number(handle, $0.0, $0.1) == CURLE_OK }
    }

    private static let read: curl_read_callback = { buffer, size, count, source in
        guard let buffer, let source else { return 0 }
        let mail = Unmanaged<Source>.fromOpaque(source).takeUnretainedValue()
        let room = size.multipliedReportingOverflow(by: count)
        let length = min(room.overflow ? 0 : room.partialValue, mail.rest.count)
        mail.rest.prefix(length).withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            UnsafeMutableRawPointer(buffer).copyMemory(from: start, byteCount: length)
        }
        mail.rest = mail.rest.dropFirst(length)
        return length
    }

    private func failure(_ code: CURLcode, answer: Int, isSent: Bool) -> MailFailure {
        let words = String(cString: curl_easy_strerror(code))
        if code == CURLE_LOGIN_DENIED {
            return .refused(code: answer == 0 ? 535 : answer, "its user or password is wrong")
        }
        if code == CURLE_USE_SSL_FAILED {
            return .notSent("the mail server offers no TLS, and without it nothing is sent (CROSSDOCK_SMTP_TLS)")
        }
        if code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE {
            return .notSent("the certificate of the mail server is not to be trusted: \(words)")
        }
        if (400..<600).contains(answer) { return .refused(code: answer, words) }
        return isSent ? .noAnswer(words) : .notSent(words)
    }
}
