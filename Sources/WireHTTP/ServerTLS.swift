import NIOCore
import NIOSSL
import Synchronization

/// A certificate or a key that cannot be used.
public struct ServerTLSFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and what can be done.
    public let description: String
}

/// The certificate a server shows and its key, read from files that may be replaced while it runs.
public final class ServerTLS: Sendable {
    private let certificateFile: String
    private let keyFile: String
    private let context: Mutex<NIOSSLContext>

    /// Reads the files: a certificate with those that stand between it and its authority, and its key, both as PEM.
    ///
    /// - Throws: `ServerTLSFailure`.
    public init(certificateFile: String, keyFile: String) throws(ServerTLSFailure) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        context = Mutex(try Self.read(certificateFile, keyFile))
    }

    /// Reads the files again, for connections that come from now on. Where that fails the old ones stay.
    ///
    /// - Throws: `ServerTLSFailure`.
    public func reload() throws(ServerTLSFailure) {
        let new = try Self.read(certificateFile, keyFile)
        context.withLock { $0 = new }
    }

    /// What turns a connection's bytes into those of TLS.
    var handler: NIOSSLServerHandler { NIOSSLServerHandler(context: context.withLock { $0 }) }

    private static func read(_ certificateFile: String, _ keyFile: String) throws(ServerTLSFailure) -> NIOSSLContext {
        let chain: [NIOSSLCertificate]
        let key: NIOSSLPrivateKey
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificateFile)
        } catch {
            throw ServerTLSFailure(
                description: "\(certificateFile) cannot be read as a certificate; it must be there, and be PEM")
        }
        guard !chain.isEmpty else {
            throw ServerTLSFailure(description: "\(certificateFile) holds no certificate; it must be PEM")
        }
        do {
            key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
        } catch {
            throw ServerTLSFailure(
                description: "\(keyFile) cannot be read as a key; it must be there, be PEM, and need no password")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ServerTLSFailure(description: "the key \(keyFile) is not that of the certificate \(certificateFile)")
        }
    }
}
