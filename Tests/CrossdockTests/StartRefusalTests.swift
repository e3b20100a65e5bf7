import Foundation
import Testing

@Suite("What the kill loop takes for a refusal to start", .serialized)
struct StartRefusalTests {
    @Test(
        arguments: [
            (1, "the store at /a/hub cannot be written: No space left on device\n"),
            (2, "12:00 warning something\nthe data directory /a/hub cannot be made: it is read only\n"),
        ] as [(Int32, String)])
    func anOrdinaryEndWithASentenceIsOne(status: Int32, errors: String) {
        #expect(StartRefusal.problem(status: status, errors: errors) == nil)
    }

    @Test(
        arguments: [
            (0, "the store at /a/hub cannot be written: No space left on device\n", "by itself with 0"),
            (134, "the store at /a/hub cannot be written\n", "by itself with 134"), (1, "", "did not say why"),
            (1, "error\n", "did not say why"),
            (1, "Fatal error: the store at /a/hub cannot be written\n", "it crashed"),
            (1, "it is Error Domain=NSCocoaErrorDomain Code=640 \"(null)\"\n", "not for people"),
        ] as [(Int32, String, String)])
    func anythingElseIsNone(status: Int32, errors: String, problem: String) {
        #expect(StartRefusal.problem(status: status, errors: errors)?.contains(problem) ?? false)
    }

    /// The real one, on a disk that fails before it listens: with a store of its own already, and without.
    @Test(arguments: [Faults.Name.full, .readonly], [false, true])
    func aHubThatAFailingDiskMeetsWhileItStartsRefusesInASentence(fault: Faults.Name, isUsed: Bool) async throws {
        let program = try Program()
        defer { program.close() }
        let faults = try Faults(in: program.folder)
        if isUsed { #expect(try await program.run(["status"]).status == 0) }
        try faults.arm(fault)

        let hub = try program.start(["serve", "--port", "0"], environment: faults.environment)
        defer { hub.send(SIGKILL) }
        _ = try await eventually(withinSeconds: 20) {
            !hub.isRunning || hub.errors.contains("http://127.0.0.1:") ? true : nil
        }

        // A store that is there already can be opened on a disk that is full; then it serves.
        if hub.isRunning { return #expect(isUsed) }
        let status = try await hub.ended(withinSeconds: 10)
        let problem = StartRefusal.problem(status: status, errors: hub.errors)
        #expect(problem == nil, "\(problem ?? "")")
    }
}
