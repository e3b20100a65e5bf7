import Foundation

/// What befalls a hub.
enum Blow: String, CaseIterable, Sendable {
    /// It is killed (SIGKILL).
    case kill
    /// The power goes in the middle of a write to the store's log, which stays half written.
    case tear
    /// Its disk is full for a while.
    case full
    /// Its disk can only be read for a while.
    case readonly
    /// Its disk makes nothing durable for a while.
    case fsync
    /// Its clock is set back by one hour, and forward again at the end of its life.
    case clock
    /// The server that holds its store is killed, and is back after a while.
    case server
    /// All its connections to that server are ended.
    case cut
    /// It stands still for longer than its leases last, while another hub goes on; then it wakes and goes on, too.
    case frozen
    /// Beside it a worker is killed every three seconds for a minute, and started again.
    case workers

    /// Those that befall a hub on a file, and those that befall one on a server.
    static let (ofFiles, ofServers): ([Blow], [Blow]) = (
        [.kill, .tear, .full, .readonly, .fsync, .clock], [.kill, .server, .cut, .frozen, .workers]
    )

    /// The fault behind it; nil for a plain kill.
    var fault: Faults.Name? { Faults.Name(rawValue: rawValue) }
}

extension KillLoop {
    /// How long a fault lasts, and how long the hub may recover from it before it is killed, in milliseconds.
    private static let faultMilliseconds = 100...1_500
    private static let recoveryMilliseconds = 1...800
    /// How long a hub is frozen, in milliseconds: a lease lasts 15 s.
    private static let frozenMilliseconds = 16_500
    /// How many workers are killed one after the other, and how long each lives, in seconds.
    private static let (workerCount, workerSeconds) = (20, 3)

    /// Lets a blow fall; the world goes on meanwhile. Whoever is to be killed is killed by the caller.
    func strike(_ blow: Blow, _ hub: RunningProgram, meanwhile: () async throws -> Void) async throws {
        let clock = ContinuousClock()
        switch blow {
        case .kill: return
        case .tear: _ = try await hub.endedOrNot(withinMilliseconds: Self.faultMilliseconds.upperBound)
        case .server:
            try await cluster?.kill()
            try await meanwhile()
            try await clock.sleep(for: .milliseconds(dice.within(Self.faultMilliseconds)))
            try await cluster?.again()
            try await clock.sleep(for: .milliseconds(dice.within(Self.recoveryMilliseconds)))
        case .cut:
            for _ in 0..<dice.within(1...5) {
                try cluster?.cut("crossdock")
                try await meanwhile()
                try await clock.sleep(for: .milliseconds(dice.within(Self.recoveryMilliseconds)))
            }
        case .frozen:
            let other = try program.start(["serve", "--role", "worker"])
            defer { other.send(SIGKILL) }
            hub.send(SIGSTOP)
            try await meanwhile()
            try await clock.sleep(for: .milliseconds(Self.frozenMilliseconds))
            hub.send(SIGCONT)
            try await clock.sleep(for: .milliseconds(dice.within(Self.recoveryMilliseconds)))
        case .workers:
            for _ in 0..<Self.workerCount {
                let worker = try program.start(["serve", "--role", "worker"])
                defer { worker.send(SIGKILL) }
                try await meanwhile()
                try await clock.sleep(for: .seconds(Self.workerSeconds))
            }
        case .full, .readonly, .fsync, .clock:
            guard let fault = blow.fault else { return }
            try faults.arm(fault, "-3600")
            try await meanwhile()
            try await clock.sleep(for: .milliseconds(dice.within(Self.faultMilliseconds)))
            if dice.below(3) == 0 { return }
            faults.disarm(fault)
            try await clock.sleep(for: .milliseconds(dice.within(Self.recoveryMilliseconds)))
        }
    }
}

extension RunningProgram {
    /// Whether it ended in that time.
    func endedOrNot(withinMilliseconds milliseconds: Int) async throws -> Bool {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .milliseconds(milliseconds))
        while isRunning, clock.now < end { try await clock.sleep(for: Self.look) }
        return !isRunning
    }
}
