import Foundation
import TestPrograms
import Testing

/// What tests start beside themselves is started whole, told apart and taken away.
@Suite("Programs that tests run")
struct ChildProgramTests {
    @Test func aProgramsStatusAndBothItsStreamsAreTold() async throws {
        let run = try await ProgramRun.of("sh", ["-c", "echo heard; echo complained >&2; exit 3"])

        #expect(run.status == 3 && run.text == ("heard\n", "complained\n"))
    }

    @Test func itsFolderItsEnvironmentAndAnEmptyInputAreItsOwn() throws {
        let run = try ProgramRun(
            "/bin/sh", ["-c", "pwd; echo $NAME; cat; printenv HOME || echo homeless"], environment: ["NAME": "own"],
            folder: "/usr")

        #expect(run.text.output == "/usr\nown\nhomeless\n")
    }

    @Test func whatEndedItIsTold() throws {
        let child = try ChildProgram("/usr/bin/env", ["sleep", "600"])
        #expect(child.end == nil)

        child.send(SIGKILL)

        #expect(child.waitForEnd() == ChildProgram.signalBase + SIGKILL)
        #expect(child.waitForEnd() == child.end)
        // Its number may be another's by now.
        child.send(SIGTERM)
    }

    @Test func aProgramThatIsNotThereIsNamed() {
        #expect { try ChildProgram("/nowhere/program") } throws: { "\($0)".hasPrefix("/nowhere/program: ") }
        #expect(throws: ChildProgram.NotStarted.self) { try ChildProgram("/bin/true", folder: "/nowhere") }
    }

    /// More than Foundation's way to start programs survives for certain; none of them is handed on.
    @Test func aTestWithThousandsOfOpenFilesCanStartPrograms() throws {
        let opened = (0..<1500).map { _ in open("/dev/null", O_RDONLY) }
        defer { for descriptor in opened where descriptor >= 0 { close(descriptor) } }
        #expect(opened.filter { $0 >= 0 }.count > 500)

        let run = try ProgramRun("ls", ["/proc/self/fd"])

        // The fourth is the folder itself, as `ls` reads it.
        #expect(run.text.output == "0\n1\n2\n3\n")
    }

    @Test func signalsThatTheTestHoldsBackReachIt() throws {
        let run = try ProgramRun("grep", ["SigBlk", "/proc/self/status"])

        #expect(run.text.output == "SigBlk:\t0000000000000000\n")
    }
}
