import Commerce
import CoreMetrics
import Synchronization
import Wire

/// What somebody tried who may not, in a word that stays the same.
public enum SecurityKind: String, Hashable, Sendable, CaseIterable {
    /// A wrong password for an account there is, or a try while it is shut.
    case signInRefused = "sign-in-refused"
    /// A try to sign in under a name that nobody has.
    case strangeName = "strange-name"
    /// A token or key that opens nothing (any more).
    case strangeKey = "strange-key"
    /// Somebody who is known asked for what he may not do.
    case callDenied = "call-denied"
    /// A vendor's call that is not signed as it must be.
    case forgedSignature = "forged-signature"
    /// A vendor's call from an address that is not on the integration's list.
    case outsideAllowList = "outside-allow-list"
    /// More was asked, or more was tried, than is let through.
    case rateLimited = "rate-limited"

    /// What it means, in a sentence.
    public var purpose: String {
        switch self {
        case .signInRefused: "wrong passwords, and tries while an account is shut"
        case .strangeName: "tries to sign in under names nobody has"
        case .strangeKey: "tokens and keys that open nothing"
        case .callDenied: "requests of somebody known for what he may not do"
        case .forgedSignature: "vendors' calls that are not signed as they must be"
        case .outsideAllowList: "vendors' calls from addresses that are not on the integration's list"
        case .rateLimited: "requests beyond what is let through"
        }
    }
}

/// How often something of one kind was tried within one minute from one neighbourhood of addresses.
public struct SecurityLine: Hashable, Sendable {
    /// The begin of the minute.
    public var minute: Moment
    public var kind: SecurityKind
    /// From where: a block of addresses, `unknown`, or `others` where too many were told apart within the minute.
    public var source: String
    public var times: Int
    /// At which door it was tried last: an address of the hub, or an integration's name.
    public var place: String

    /// A line.
    public init(minute: Moment, kind: SecurityKind, source: String, times: Int, place: String) {
        self.minute = minute
        self.kind = kind
        self.source = source
        self.times = times
        self.place = place
    }

    /// The line as JSON, in the names of the API.
    public var json: JSON {
        [
            "minute": .string(minute.description), "kind": .string(kind.rawValue), "source": .string(source),
            "times": .integer(times), "place": .string(place),
        ]
    }
}

/// Counts what is tried until it is written down. A flood makes numbers larger, not rows more: of the neighbourhoods of
/// one minute and kind only so many are told apart.
public final class SecurityTally: Sendable {
    /// How many neighbourhoods of one kind and minute are told apart; the rest are `others`.
    public static let sourceLimit = 16
    /// How many minutes are kept while the store takes none of them; what is older goes, and stays in the metric.
    public static let minuteLimit = 60
    private static let placeLength = 80

    private struct Count {
        var times = 0
        var place = ""
    }

    private typealias Minute = [SecurityKind: [String: Count]]

    private struct Book {
        var minutes: [Moment: Minute] = [:]
        var writtenAt: Moment?
    }

    private let book = Mutex(Book())

    private static let meters = Dictionary(
        uniqueKeysWithValues: SecurityKind.allCases.map {
            ($0, Counter(label: "crossdock_security_events_total", dimensions: [("kind", $0.rawValue)]))
        })

    /// Nothing was tried yet; the series stand there all the same, so that who watches sees the first try, too.
    public init() { _ = Self.meters }

    /// Counts one try. `address`: from where, where that is known; `place`: at which door.
    public func count(_ kind: SecurityKind, from address: String?, at place: String, now: Moment) {
        Self.meters[kind]?.increment()
        let source = address.flatMap(IPAddress.init)?.neighbourhood ?? "unknown"
        add(
            SecurityLine(
                minute: Self.minute(of: now), kind: kind, source: source, times: 1,
                place: String(place.prefix(Self.placeLength))))
    }

    /// What is to be written down; it is counted no longer. Nil where there is nothing, or the last was taken less than
    /// `seconds` before.
    public func take(now: Moment, afterSeconds seconds: Double = 0) -> [SecurityLine]? {
        book.withLock { book in
            if let at = book.writtenAt, (0..<seconds).contains(now.seconds(since: at)) { return nil }
            guard !book.minutes.isEmpty else { return nil }
            let lines = book.minutes.flatMap { minute, kinds in
                kinds.flatMap { kind, sources in
                    sources.map { source, count in
                        SecurityLine(
                            minute: minute, kind: kind, source: source, times: count.times, place: count.place)
                    }
                }
            }
            book = Book(minutes: [:], writtenAt: now)
            return lines
        }
    }

    /// Counts what could not be written down.
    public func giveBack(_ lines: [SecurityLine]) { lines.forEach(add) }

    private func add(_ line: SecurityLine) {
        book.withLock { book in
            var kinds = book.minutes[line.minute] ?? [:]
            var sources = kinds[line.kind] ?? [:]
            let isKnown = sources[line.source] != nil || sources.count < Self.sourceLimit
            let source = isKnown ? line.source : "others"
            sources[source, default: Count()].times += line.times
            sources[source]?.place = line.place
            kinds[line.kind] = sources
            book.minutes[line.minute] = kinds
            if book.minutes.count > Self.minuteLimit, let oldest = book.minutes.keys.min() {
                book.minutes[oldest] = nil
            }
        }
    }

    private static func minute(of now: Moment) -> Moment {
        Moment(milliseconds: now.milliseconds / 60_000 * 60_000)
    }
}
