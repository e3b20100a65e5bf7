import Commerce
import JWTKit
import Synchronization

/// The keys of tokens: the one that signs, and those that signed before.
final class TokenRing: Sendable {
    /// How often keys are read anew at most, in seconds: whoever sends forged tokens must not have files read.
    static let pauseSeconds = 5.0

    private struct State {
        var keys: [JWTKeyCollection]
        var bytes: [[UInt8]]
        var readAt: Moment?
    }

    private let state: Mutex<State>
    private let anew: (@Sendable () throws -> [[UInt8]])?

    /// A ring of these keys, the one that signs first.
    ///
    /// - Throws: `TokenFailure.keyTooShort` below 32 bytes.
    init(_ bytes: [[UInt8]], anew: (@Sendable () throws -> [[UInt8]])?) async throws(TokenFailure) {
        state = Mutex(State(keys: try await Self.collections(bytes), bytes: bytes))
        self.anew = anew
    }

    /// The one that signs first.
    var keys: [JWTKeyCollection] { state.withLock { $0.keys } }

    /// Reads the keys anew, unless that was just done; whether there is one that was not known. What older ones have
    /// signed is taken for as long as this process lives.
    func hasChanged(now: Moment) async -> Bool {
        guard let anew, isTime(now), let read = try? anew() else { return false }
        let known = state.withLock { $0.bytes }
        guard !read.isEmpty, !Set(read).isSubset(of: known) else { return false }
        let all = read + known.filter { !read.contains($0) }
        guard let made = try? await Self.collections(all) else { return false }
        state.withLock { ($0.keys, $0.bytes) = (made, all) }
        return true
    }

    private func isTime(_ now: Moment) -> Bool {
        state.withLock { state in
            if let readAt = state.readAt, abs(now.seconds(since: readAt)) < Self.pauseSeconds { return false }
            state.readAt = now
            return true
        }
    }

    private static func collections(_ bytes: [[UInt8]]) async throws(TokenFailure) -> [JWTKeyCollection] {
        var keys: [JWTKeyCollection] = []
        for key in bytes {
            guard key.count >= 32 else { throw .keyTooShort(bytes: key.count) }
            keys.append(await JWTKeyCollection().add(hmac: HMACKey(from: key), digestAlgorithm: .sha256))
        }
        return keys
    }
}
