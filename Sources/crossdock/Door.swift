import ArgumentParser
import Foundation
import Pipeline
import Wire
import WireHTTP

/// How callers reach the hub's port.
struct DoorOptions: ParsableArguments {
    @Option(help: "A certificate as PEM, with those between it and its authority (CROSSDOCK_TLS_CERTIFICATE).")
    var tlsCertificate: String?
    @Option(help: "Its key as PEM; both are read again at SIGHUP (CROSSDOCK_TLS_KEY).")
    var tlsKey: String?
    @Option(
        name: .customLong("trusted-proxy"),
        help:
            "An address or block (10.0.0.0/8) whose X-Forwarded-* are believed; repeatable (CROSSDOCK_TRUSTED_PROXIES)."
    )
    var trustedProxies: [String] = []
}

/// The hub's port: where it listens, whether over TLS, and who may speak for others.
struct Door: Sendable {
    let bind: String
    let tls: ServerTLS?
    let proxies: TrustedProxies

    var scheme: String { tls == nil ? "http" : "https" }

    /// A port for this machine alone, in plain http.
    static let loopback = Door()

    private init() {
        bind = "127.0.0.1"
        tls = nil
        proxies = TrustedProxies()
    }

    /// What the options and the environment say.
    ///
    /// - Throws: `Refusal` when two options do not go together, or the port would be open to the network in plain http.
    init(_ options: DoorOptions, bind: String, _ environment: HubEnvironment) throws {
        self.bind = bind
        let certificate = try options.tlsCertificate ?? environment.value(["CROSSDOCK_TLS_CERTIFICATE"])
        let key = try options.tlsKey ?? environment.value(["CROSSDOCK_TLS_KEY"])
        let named = try environment.value(["CROSSDOCK_TRUSTED_PROXIES"]) ?? ""
        let texts =
            options.trustedProxies.isEmpty
            ? named.split(whereSeparator: { ", ".contains($0) }).map(String.init) : options.trustedProxies
        do {
            proxies = try TrustedProxies(texts)
            switch (certificate, key) {
            case (let certificate?, let key?): tls = try ServerTLS(certificateFile: certificate, keyFile: key)
            case (nil, nil): tls = nil
            default: throw Refusal("--tls-certificate and --tls-key belong together; give both")
            }
        } catch let failure as ServerTLSFailure {
            throw Refusal(failure.description)
        } catch let failure as TrustedProxies.Unreadable {
            throw Refusal("--trusted-proxy: \(failure)")
        }
        guard tls != nil || LoopbackHost.isOne(bind) || !proxies.isEmpty else {
            throw Refusal(
                "--bind \(bind): plain http would be open to the network, with every token in it. Give "
                    + "--tls-certificate and --tls-key, or name the proxy in front of the hub: --trusted-proxy ADDRESS")
        }
    }

    /// From where it can be reached. Who is believed to speak for others brings them.
    var reach: HubReach { LoopbackHost.isOne(bind) && proxies.isEmpty ? .alone : .open }

    /// Reads certificate and key again; says how that went.
    static func reload(_ tls: ServerTLS) {
        do {
            try tls.reload()
            Terminal.note("the certificate was read again")
        } catch {
            Terminal.note("the certificate was not read again, the old one stays: \(error)")
        }
    }
}
