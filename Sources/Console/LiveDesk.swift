import Commerce
import Pipeline
import Synchronization

/// Renews the pages that are open: looks at the hub now and then, and sends each page the sections that have changed.
///
/// Looks only while somebody watches. Whoever falls behind is let go; the browser connects again and gets all sections.
final class LiveDesk: Sendable {
    /// The most pages that are renewed at a time.
    static let seats = 64
    /// How many unread messages a page may have.
    static let unreadLimit = 32
    /// After that many looks without news a sign of life is sent, so that proxies keep the connection.
    static let looksPerSign = 15

    private struct Seat {
        let feed: AsyncStream<[UInt8]>.Continuation
        let until: Moment?
        let sight: Sight
    }

    private struct State {
        var taken: [Int: Seat] = [:]
        var next = 0
        /// What the pages show to who sees how much, as seen from one fixed time.
        var shown: [Sight: [Sections.Name: String]] = [:]
        var quietLooks = 0
    }

    private let hub: any HubPort
    private let sections: Sections
    private let state = Mutex(State())

    init(hub: any HubPort, sections: Sections) {
        self.hub = hub
        self.sections = sections
    }

    /// A stream of messages for one page, beginning with all sections as they are told to who sees that much; nil when
    /// all seats are taken.
    ///
    /// - Throws: when the hub cannot be read now.
    func sit(until: Moment?, seeing sight: Sight) async throws -> AsyncStream<[UInt8]>? {
        guard watching < Self.seats else { return nil }
        let overview = try await glance().told(to: sight)
        let markup = sections.render(overview, now: overview.now)
        let fixed = sections.render(overview, now: Self.fixedTime)
        let (stream, feed) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingOldest(Self.unreadLimit))
        feed.yield(Array("retry: 3000\n\n".utf8))
        for name in Sections.Name.allCases { feed.yield(Self.message(name, markup[name] ?? "")) }
        let number = state.withLock { state in
            if !state.taken.values.contains(where: { $0.sight == sight }) { state.shown[sight] = fixed }
            state.next += 1
            state.taken[state.next] = Seat(feed: feed, until: until, sight: sight)
            return state.next
        }
        feed.onTermination = { [weak self] _ in self?.leave(number) }
        return stream
    }

    /// How many pages are watching.
    var watching: Int { state.withLock { $0.taken.count } }

    /// Looks once and sends what has changed since the last look.
    func look() async {
        let now = hub.now
        let over = state.withLock { state in
            let over = state.taken.filter { $0.value.until.map { $0 <= now } ?? false }
            for number in over.keys { state.taken[number] = nil }
            return over.values.map(\.feed)
        }
        for feed in over { feed.finish() }
        guard watching > 0, let overview = try? await glance() else { return signOfLife() }
        let sights = Set(state.withLock { $0.taken.values.map(\.sight) })
        var hasNews = false
        for sight in sights where renew(overview.told(to: sight), to: sight) { hasNews = true }
        if !hasNews { signOfLife() }
    }

    /// Sends those who see that much what has changed since the last look; answers whether anything has.
    private func renew(_ overview: Overview, to sight: Sight) -> Bool {
        let fixed = sections.render(overview, now: Self.fixedTime)
        let changed = state.withLock { state in
            let changed = Sections.Name.allCases.filter { state.shown[sight]?[$0] != fixed[$0] }
            state.shown[sight] = fixed
            if !changed.isEmpty { state.quietLooks = 0 }
            return changed
        }
        guard !changed.isEmpty else { return false }
        let markup = sections.render(overview, now: overview.now)
        for name in changed { send(Self.message(name, markup[name] ?? ""), to: sight) }
        return true
    }

    /// Ends all streams.
    func close() {
        let feeds = state.withLock { state in
            defer { state.taken = [:] }
            return state.taken.values.map(\.feed)
        }
        for feed in feeds { feed.finish() }
    }

    /// Sections are compared as seen from this time: that time goes by is no news, a page counts on by itself.
    private static let fixedTime = Moment(milliseconds: 0)

    private func glance() async throws -> Overview {
        try await hub.overview(changeLimit: Sections.listLength, waitingLimit: Sections.listLength)
    }

    private func signOfLife() {
        let isDue = state.withLock { state in
            state.quietLooks += 1
            guard state.quietLooks >= Self.looksPerSign else { return false }
            state.quietLooks = 0
            return true
        }
        if isDue { send(Array(": here\n\n".utf8), to: nil) }
    }

    /// `sight`: who is sent it; nil: everybody.
    private func send(_ bytes: [UInt8], to sight: Sight?) {
        let feeds = state.withLock { state in
            state.taken.filter { sight == nil || $0.value.sight == sight }.mapValues(\.feed)
        }
        for (number, feed) in feeds {
            guard case .dropped = feed.yield(bytes) else { continue }
            leave(number)
            feed.finish()
        }
    }

    private func leave(_ number: Int) { state.withLock { $0.taken[number] = nil } }

    /// One message: the section's name and its markup, line by line as the form asks.
    private static func message(_ name: Sections.Name, _ markup: String) -> [UInt8] {
        let lines = markup.split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)\n" }.joined()
        return Array("event: \(name.rawValue)\n\(lines)\n".utf8)
    }
}
