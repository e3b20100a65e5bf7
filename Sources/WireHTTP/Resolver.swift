import Foundation
import Synchronization
import Wire

/// Finds the addresses of a host on a thread of its own, and remembers them for a short while.
final class Resolver: Sendable {
    /// Asks the system; blocks.
    typealias Lookup = @Sendable (String) throws(TransportFailure) -> [IPAddress]

    /// How long an answer is used again, in seconds. Short, because a shop that moves must be found again soon.
    static let keepSeconds = 30
    /// At most that many hosts are remembered.
    static let keptHosts = 512

    private struct Answer {
        let addresses: [IPAddress]
        let until: ContinuousClock.Instant
    }

    private let lookup: Lookup
    private let threads: BlockingThreads
    private let kept = Mutex<[String: Answer]>([:])

    init(threads: BlockingThreads, lookup: @escaping Lookup = Resolver.system) {
        self.threads = threads
        self.lookup = lookup
    }

    /// The addresses of the host, in the system's order. Gives up at once when the task is cancelled, although the
    /// system's call goes on.
    ///
    /// - Throws: `TransportFailure.notSent` when there is no such host; `CancellationError`.
    func addresses(of host: String) async throws -> [IPAddress] {
        if let answer = kept.withLock({ $0[host] }), answer.until > .now { return answer.addresses }
        let lookup = lookup
        let found = try await threads.runAbandonably { try lookup(host) }
        kept.withLock { answers in
            if answers.count >= Self.keptHosts { answers.removeAll() }
            answers[host] = Answer(addresses: found, until: .now + .seconds(Self.keepSeconds))
        }
        return found
    }

    /// The system's own resolver. It also reads numeric forms such as `0x7f.1`, so they are judged by what they mean.
    @Sendable static func system(_ host: String) throws(TransportFailure) -> [IPAddress] {
        let name = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0 else {
            throw .notSent("\(host) cannot be found: \(String(cString: gai_strerror(code)))")
        }
        var found: [IPAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = Self.address(of: entry), !found.contains(address) { found.append(address) }
            next = entry.ai_next
        }
        return found
    }

    private static func address(of entry: addrinfo) -> IPAddress? {
        guard let pointer = UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch entry.ai_family {
        case AF_INET:
            let socket = pointer.loadUnaligned(as: sockaddr_in.self)
            return IPAddress(bytes: withUnsafeBytes(of: socket.sin_addr) { Array($0) })
        case AF_INET6:
            let socket = pointer.loadUnaligned(as: sockaddr_in6.self)
            return IPAddress(bytes: withUnsafeBytes(of: socket.sin6_addr) { Array($0) })
        default: return nil
        }
    }
}
