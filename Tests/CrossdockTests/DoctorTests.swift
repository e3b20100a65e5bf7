import Foundation
import Pipeline
import Testing

@testable import crossdock

@Suite("What the doctor sees of the machine")
struct DoctorTests {
    private func inFolder(_ work: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "crossdock-doctor-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try work(folder)
    }

    @Test func aFolderOthersMayWriteIntoAndOneThatIsNotThereAreNamedWithWhatToDo() throws {
        try inFolder { folder in
            #expect(MachineLook.rights(folder).state == .ok)
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
            let open = MachineLook.rights(folder)
            #expect(open.state == .degraded && open.advice?.contains("chmod 700") ?? false)
            #expect(MachineLook.rights(folder + "/none").state == .down)
            #expect(MachineLook.disk(folder).state == .ok || MachineLook.disk(folder).advice != nil)
        }
        #expect(MachineLook.memory() != nil)
    }

    @Test func aKeyFileOthersMayReadIsBad() throws {
        try inFolder { folder in
            #expect(MachineLook.key(folder) == nil)
            let path = folder + "/crossdock.key"
            #expect(
                FileManager.default.createFile(
                    atPath: path, contents: Foundation.Data(count: 32), attributes: [.posixPermissions: 0o600]))
            #expect(MachineLook.key(folder)?.state == .ok)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            #expect(MachineLook.key(folder)?.state == .down)
        }
    }

    @Test func aFreePortIsFreeAndAnAddressOfAnotherMachineIsNone() {
        #expect(PortLook.finding("127.0.0.1", 0).state == .ok)
        #expect(PortLook.finding("203.0.113.1", 0).state == .down)
        #expect(PortLook.finding("no address", 0).state == .down)
    }

    @Test func aKeyThatReadsLikeAnExamplesIsNamedAndARandomOneIsNot() throws {
        let given = [
            "ENCRYPTION_KEY": "your-32-char-encryption-key-here", "JWT_SECRET": String(repeating: "a7", count: 32),
        ]
        let found = try KeyLook.findings(HubEnvironment(process: given, folder: "/nowhere"))
        #expect(found.map(\.state) == [.degraded])
        #expect(found.first?.seen.contains("ENCRYPTION_KEY") ?? false)
        #expect(!(found.first?.seen.contains("32-char") ?? true))
    }

    @Test func thePortIsTheOneTheHubWillListenOn() throws {
        let environment = try HubEnvironment(process: ["PORT": "8123"], folder: "/nowhere")
        #expect(try PortNumber.wished(nil, environment) == 8123)
        #expect(try PortNumber.wished(9000, environment) == 9000)
        #expect(try PortNumber.wished(nil, HubEnvironment(process: [:], folder: "/nowhere")) == ServeCommand.usualPort)
    }
}
