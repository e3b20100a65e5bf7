import Foundation
import Testing
import Wire
import WireHTTP

@testable import crossdock

/// The hub's port: its own TLS, and proxies in front of it.
@Suite("The hub's door", .serialized)
struct DoorTests {
    /// A key and a certificate for this machine, signed by itself.
    private func certificate(_ program: Program, _ name: String) async throws {
        let made = try RunningProgram(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                program.path("\(name).key"),
                "-out", program.path("\(name).pem"),
            ], environment: program.environment, folder: program.folder)
        #expect(try await made.ended(withinSeconds: 30) == 0, "\(made.errors)")
    }

    /// Asks for the hub's health over TLS, trusting one certificate alone.
    private func ask(_ program: Program, _ port: Int, trusting name: String) async throws -> String {
        let request = #"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"#
        let asking = try RunningProgram(
            "/bin/sh",
            [
                "-c",
                "printf '\(request)' | openssl s_client -quiet -verify_return_error "
                    + "-CAfile \(program.path("\(name).pem")) -connect 127.0.0.1:\(port)",
            ], environment: program.environment, folder: program.folder)
        _ = try await asking.ended(withinSeconds: 30)
        return asking.output
    }

    @Test func tlsIsSpokenAndTheCertificateIsReadAgainAtAHangUp() async throws {
        let program = try Program()
        defer { program.close() }
        for name in ["first", "second"] { try await certificate(program, name) }
        for end in ["pem", "key"] {
            try FileManager.default.copyItem(atPath: program.path("first.\(end)"), toPath: program.path("used.\(end)"))
        }
        let hub = try program.start(
            ["serve", "--port", "0", "--tls-certificate", "used.pem"], environment: ["CROSSDOCK_TLS_KEY": "used.key"])
        defer { hub.send(SIGKILL) }
        let port = try await hub.port(scheme: "https")

        #expect(try await ask(program, port, trusting: "first").contains(#""status":"ok""#))
        #expect(try await ask(program, port, trusting: "second").isEmpty)
        let plain = try? await Web.get("http://127.0.0.1:\(port)/health")
        #expect(plain == nil)

        for end in ["pem", "key"] {
            try FileManager.default.removeItem(atPath: program.path("used.\(end)"))
            try FileManager.default.copyItem(atPath: program.path("second.\(end)"), toPath: program.path("used.\(end)"))
        }
        hub.send(SIGHUP)
        let renewed = try await eventually(withinSeconds: 20) { () -> Bool? in
            try await ask(program, port, trusting: "second").contains(#""status":"ok""#) ? true : nil
        }
        #expect(renewed == true, "\(hub.errors)")

        try FileManager.default.removeItem(atPath: program.path("used.key"))
        hub.send(SIGHUP)
        let told = try await eventually(withinSeconds: 20) { hub.errors.contains("the old one stays") ? true : nil }
        #expect(told == true, "\(hub.errors)")
        #expect(try await ask(program, port, trusting: "second").contains(#""status":"ok""#))
        hub.send(SIGTERM)
        #expect(try await hub.ended(withinSeconds: 20) == 0)
    }

    @Test func aKeyOfAnotherCertificateAndAFileThatIsNoneAreRefused() async throws {
        let program = try Program()
        defer { program.close() }
        for name in ["first", "second"] { try await certificate(program, name) }
        try program.write("no pem", to: "word")
        for (words, sentence) in [
            (
                ["--tls-certificate", "first.pem", "--tls-key", "second.key"],
                "is not that of the certificate first.pem"
            ),
            (["--tls-certificate", "word", "--tls-key", "first.key"], "word cannot be read as a certificate"),
            (["--tls-certificate", "none", "--tls-key", "first.key"], "none cannot be read as a certificate"),
            (["--tls-certificate", "first.pem", "--tls-key", "word"], "word cannot be read as a key"),
            (["--tls-certificate", "first.pem"], "--tls-certificate and --tls-key belong together"),
            (["--tls-key", "first.key"], "--tls-certificate and --tls-key belong together"),
        ] {
            let answer = try await program.run(["serve", "--port", "0"] + words)
            #expect(answer.status == 2 && answer.errors.contains(sentence), "\(words): \(answer.said)")
        }
    }

    @Test(
        arguments: [
            (["--bind", "0.0.0.0"], [:], "plain http would be open to the network"),
            (["--bind", "::"], [:], "plain http would be open to the network"),
            (["--bind", "hub.example"], [:], "plain http would be open to the network"),
            (["--bind", "127.example.com"], [:], "plain http would be open to the network"),
            (["--bind", "0.0.0.0", "--trusted-proxy", "somewhere"], [:], "\"somewhere\" is no address"),
            (["--bind", "0.0.0.0"], ["CROSSDOCK_TRUSTED_PROXIES": "10.0.0.0/99"], "\"10.0.0.0/99\" is no address"),
        ] as [([String], [String: String], String)])
    func plainHTTPBeyondThisMachineIsRefused(
        words: [String], environment: [String: String], sentence: String
    ) async throws {
        let program = try Program()
        defer { program.close() }
        let answer = try await program.run(["serve", "--port", "0"] + words, environment: environment)
        #expect(answer.status == 2 && answer.errors.contains(sentence), "\(answer.said)")
    }

    @Test(arguments: [["--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "fd00::1"], []])
    func withANamedProxyItListens(words: [String]) async throws {
        let program = try Program()
        defer { program.close() }
        let bind = words.isEmpty ? "127.0.0.1" : "0.0.0.0"
        let hub = try program.start(["serve", "--port", "0", "--bind", bind] + words)
        defer { hub.send(SIGKILL) }
        let port = try await hub.port(host: bind)
        #expect(try await Web.get("http://127.0.0.1:\(port)/health").status == 200)
    }

    /// On a machine that has an address beside loopback.
    @Test(arguments: addresses)
    func plainHTTPIsAnsweredToTheNamedProxyAndToNoOtherMachine(address: String) async throws {
        let program = try Program()
        defer { program.close() }
        let transport = HTTPTransport(version: "tests", allowedPrivateHosts: [address])
        for (proxy, status) in [("203.0.113.9", 403), (address, 200)] {
            let hub = try program.start(["serve", "--port", "0", "--bind", "0.0.0.0", "--trusted-proxy", proxy])
            defer { hub.send(SIGKILL) }
            let url = try #require(HTTPAddress("http://\(address):\(try await hub.port(host: "0.0.0.0"))/health"))
            let answer = try await transport.send(HTTPRequest("GET", url))
            #expect(answer.status == status, "\(proxy)")
            #expect(String(decoding: answer.body, as: UTF8.self).contains("PLAIN_HTTP_REFUSED") == (status == 403))
        }
        await transport.shutdown()
    }

    /// This machine's addresses of version 4 beside loopback.
    private static let addresses: [String] = {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        return sequence(first: first, next: { $0?.pointee.ifa_next }).prefix { $0 != nil }.compactMap { entry in
            guard let address = entry?.pointee.ifa_addr, address.pointee.sa_family == UInt16(AF_INET) else {
                return nil
            }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            guard getnameinfo(address, size, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
                return nil
            }
            let found = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return found.hasPrefix("127.") ? nil : found
        }
    }()
}
