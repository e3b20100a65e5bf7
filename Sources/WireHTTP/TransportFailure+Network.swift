import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Wire

extension TransportFailure {
    /// What an error of the network means for the caller: did the request leave, or can nothing have happened?
    init(_ error: any Error, mayHaveLeft: Bool, request: HTTPRequest) {
        let place = request.address.origin
        switch error {
        case let failure as TransportFailure:
            self = failure
        case is DeadlineOver:
            let text = "\(place) gave no whole answer within \(request.timeoutSeconds) s"
            self = mayHaveLeft ? .noAnswer(text) : .notSent("\(place) was not found within \(request.timeoutSeconds) s")
        case is CancellationError:
            self = .cancelled
        case let closed as HTTPClientError where closed == .cancelled:
            self = .cancelled
        case is BlockingThreadsBusy:
            self = .notSent("\(error)")
        default:
            let text = "\(place): \(Self.words(for: error))"
            self = Self.isBeforeSending(error) ? .notSent(text) : .noAnswer(text)
        }
    }

    /// Whether the error can only come from before the first byte of the request.
    private static func isBeforeSending(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError:
            return early.contains(error) || isUnsendable(error)
        case let error as IOError:
            // A socket that is already connected never reports this one.
            return error.errnoCode == ECONNREFUSED
        case ChannelError.connectTimeout:
            return true
        case is NIOConnectionError:
            return true
        case let error as NIOSSLError:
            if case .handshakeFailed = error { return true }
            return false
        default:
            return error is NIOSSLExtraError
        }
    }

    private static let early: [HTTPClientError] = [
        .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout, .socksHandshakeTimeout, .alreadyShutdown,
        .invalidURL, .emptyHost, .emptyScheme, .traceRequestWithBody,
    ]

    /// Refused by the client for its form, before anything was connected.
    private static func isUnsendable(_ error: HTTPClientError) -> Bool {
        let text = error.description
        return ["invalidHeaderField", "unsupportedScheme", "invalidURL"].contains { text.contains($0) }
    }

    private static func words(for error: any Error) -> String {
        switch error {
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case let error as HTTPClientError: return error.shortDescription
        case ChannelError.connectTimeout: return "no connection within the time"
        case is NIOSSLExtraError: return "the certificate is not for this host"
        case let error as NIOSSLError:
            if case .handshakeFailed = error { return "the TLS handshake failed (certificate or protocol)" }
            return "TLS failed"
        default: return String(describing: type(of: error))
        }
    }
}
