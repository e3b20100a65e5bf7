import Alerts
import Telemetry

/// The loops that watch over a running hub: what each process counts is written down, and one of them decides what is
/// an alert and has it told. Apart from `Engine`, because a process that only answers is watched, too.
public struct Watch: Sendable {
    /// How often it looks, in seconds.
    static let lookSeconds = 10
    /// How often it looks whether a connection is to be tested, in seconds.
    static let testLookSeconds = 30

    /// What the loops go by.
    public struct Terms: Sendable {
        public var settings = AlertSettings()
        /// Who is told of alerts beside the page and the API, by the settings of this process.
        public var told: [AlertListenerWish] = []
        /// How often each connection is tested, in seconds; nil: never.
        public var testSeconds: Double? = 3600
        /// Whether this process is one of those that decide.
        public var decides = true

        /// The usual terms.
        public init() {}
    }

    private let hub: Hub
    private let terms: Terms
    private let book = VitalBook(Tally.all)

    /// A watch over a hub.
    public init(_ hub: Hub, _ terms: Terms) {
        self.hub = hub
        self.terms = terms
    }

    /// Runs until cancelled.
    public func run() async {
        hub.prepareMeters()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await every(Self.lookSeconds) {
                    try await hub.followLogWish()
                    try await hub.noteVitals(book)
                    guard terms.decides, try await hub.runsSchedules() else { return }
                    try await hub.lookAtAlerts(terms.settings)
                    try await hub.tellAlerts()
                }
            }
            guard terms.decides, let seconds = terms.testSeconds else { return }
            group.addTask {
                await every(Self.testLookSeconds) {
                    guard try await hub.runsSchedules() else { return }
                    try await hub.testConnections(everySeconds: seconds)
                }
            }
        }
    }

    private func every(_ seconds: Int, _ action: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            // A test just after the start would meet what is still starting, too.
            try? await hub.clock.sleep(for: .seconds(seconds))
            if Task.isCancelled { return }
            do { try await action() } catch { hub.logger.debug("watch: \(error)") }
        }
    }
}
