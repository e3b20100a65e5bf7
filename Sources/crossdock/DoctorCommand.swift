import ArgumentParser
import ConnectorKit
import Foundation
import Pipeline

/// `crossdock doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look at everything a hub needs, and say what to do where something is amiss.",
        discussion: """
            Looks at the folder and its rights, disk and memory, the port, the store and its key, the clock, the \
            queue, the public address, and asks every integration once. Nothing is changed, but that a store that \
            is not there yet is made. Exit 1 when something does not work; what only wants a look is no failure.

            Example: crossdock doctor --port 8008
            """)

    @Option(help: "The port the hub is to listen on, or does already (PORT; else 8008).")
    var port: Int?
    @Option(help: "The address it is to listen on.")
    var bind = "127.0.0.1"
    @Option(help: "The hub's public address, which vendors call (CROSSDOCK_PUBLIC_URL, API_BASE_URL).")
    var publicURL: String?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options, publicURL: publicURL)
            let port = try PortNumber.wished(port, open.environment)
            var findings = MachineLook.findings(folder: open.folder)
            findings += try KeyLook.findings(open.environment)
            findings.append(PortLook.finding(bind, port))
            findings += await open.hub.examine()
            if let url = open.hub.publicURL { findings.append(await PublicLook.finding(url, open.transport)) }
            await open.close()
            show(findings)
            if findings.contains(where: { $0.state == .down }) { throw ExitCode(1) }
        }
    }

    private func show(_ findings: [DoctorFinding]) {
        if options.json { return print(JSON.array(findings.map(\.json)).text) }
        let words: [HealthState: String] = [.ok: "ok", .degraded: "look", .down: "BAD"]
        Terminal.table(
            findings.map { [words[$0.state] ?? "", $0.name, $0.seen] }, header: ["STATE", "WHAT", "SEEN"])
        for finding in findings {
            if let advice = finding.advice { print("\(finding.name): \(advice)") }
        }
    }
}

/// The machine and the folder: what the hub needs before it starts.
enum MachineLook {
    /// The least free room on the disk and memory of the machine, in bytes (seed 000's prerequisites).
    static let (leastDisk, leastMemory) = (1 << 30, 512 << 20)

    static func findings(folder: String) -> [DoctorFinding] {
        [rights(folder), key(folder), disk(folder), memory()].compactMap { $0 }
    }

    static func rights(_ folder: String) -> DoctorFinding {
        guard access(folder, R_OK | W_OK | X_OK) == 0 else {
            return DoctorFinding(
                "folder", .down, "\(folder) cannot be read and written by this account",
                advice: "give it to the account the hub runs under: sudo chown -R ACCOUNT \(folder)")
        }
        let mode = mode(of: folder)
        guard let mode, mode & 0o022 == 0 else {
            return DoctorFinding(
                "folder", .degraded, "others of this machine may write into \(folder)", advice: "chmod 700 \(folder)")
        }
        return DoctorFinding("folder", .ok, folder)
    }

    /// The key file must be its owner's alone; nil where the key is given otherwise.
    static func key(_ folder: String) -> DoctorFinding? {
        let path = folder + "/crossdock.key"
        guard let mode = mode(of: path) else { return nil }
        guard mode & 0o077 == 0 else {
            return DoctorFinding(
                "key file", .down, "others of this machine may read \(path)",
                advice: "chmod 600 \(path), then change the key: crossdock keys rotate --master")
        }
        return DoctorFinding("key file", .ok, "\(path) is its owner's alone")
    }

    private static func mode(of path: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
    }

    static func disk(_ folder: String) -> DoctorFinding {
        let free = (try? FileManager.default.attributesOfFileSystem(forPath: folder)[.systemFreeSize] as? NSNumber)?
            .intValue
        guard let free else { return DoctorFinding("disk", .degraded, "its free room cannot be found out") }
        let seen = "\(free >> 20) MiB are free"
        guard free < leastDisk else { return DoctorFinding("disk", .ok, seen) }
        return DoctorFinding(
            "disk", free < leastDisk / 16 ? .down : .degraded, seen,
            advice: "make room: crossdock maintain forgets what is old; a full disk stops what comes in")
    }

    static func memory() -> DoctorFinding? {
        let line = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8))?.split(separator: "\n")
            .first { $0.hasPrefix("MemTotal:") }
        guard let kibibytes = line?.split(separator: " ").compactMap({ Int($0) }).first else { return nil }
        let isEnough = kibibytes << 10 >= leastMemory
        return DoctorFinding(
            "memory", isEnough ? .ok : .degraded, "\(kibibytes >> 10) MiB",
            advice: isEnough ? nil : "512 MiB are the least a hub with its database should have")
    }
}

/// Keys that the environment gives.
enum KeyLook {
    /// Words of the keys that examples show, which everybody knows.
    private static let examples = ["your-", "your_", "change", "example", "secret", "password"]

    static func findings(_ environment: HubEnvironment) throws -> [DoctorFinding] {
        let names = [["CROSSDOCK_ENCRYPTION_KEY", "ENCRYPTION_KEY"], ["CROSSDOCK_JWT_SECRET", "JWT_SECRET"]]
        return try names.compactMap { names in
            guard let text = try environment.value(names), let name = names.last,
                examples.contains(where: text.lowercased().contains)
            else { return nil }
            return DoctorFinding(
                "example key", .degraded, "\(name) reads like one of an example, which others know as well",
                advice: "make a random one, `openssl rand -hex 32`, and change it as docs/operations says")
        }
    }
}

/// The port the hub is to listen on.
enum PortLook {
    static func finding(_ address: String, _ port: Int) -> DoctorFinding {
        let name = "port \(port)"
        switch taken(address, port) {
        case 0: return DoctorFinding(name, .ok, "free")
        case EADDRINUSE: return DoctorFinding(name, .ok, "somebody listens there, a hub that runs perhaps")
        case EACCES:
            return DoctorFinding(
                name, .down, "this account may not listen there",
                advice: "take a port from 1024 on, and a proxy before it, or give the right to it (contrib/systemd)")
        default:
            return DoctorFinding(
                name, .down, "nobody can listen on \(address) here", advice: "give an address of this machine: --bind")
        }
    }

    /// The error of listening there; 0 where it can be done.
    private static func taken(_ address: String, _ port: Int) -> Int32 {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &found) == 0, let place = found?.pointee else {
            return EADDRNOTAVAIL
        }
        defer { freeaddrinfo(found) }
        let socket = Foundation.socket(place.ai_family, place.ai_socktype, 0)
        guard socket >= 0 else { return errno }
        defer { close(socket) }
        var isReused: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
        guard Foundation.bind(socket, place.ai_addr, place.ai_addrlen) == 0, listen(socket, 1) == 0 else {
            return errno
        }
        return 0
    }
}

/// The hub's public address, seen from here.
enum PublicLook {
    private static let timeoutSeconds = 10

    static func finding(_ url: String, _ transport: any Transport) async -> DoctorFinding {
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        guard var address = HTTPAddress(base + "/health") else {
            return DoctorFinding("public address", .down, "\(url) is no address", advice: "write https://hub.example")
        }
        address.query = []
        let isOpen = address.scheme == "http"
        do throws(TransportFailure) {
            let answer = try await transport.send(HTTPRequest("GET", address, timeoutSeconds: timeoutSeconds))
            let isHub = (try? JSON(parsing: answer.body))?["version"]?.string != nil
            guard isHub else {
                return DoctorFinding(
                    "public address", .down, "what answers at \(url) (status \(answer.status)) is no hub",
                    advice: "have the proxy pass the address on as it is, without a redirect: docs/operations")
            }
        } catch {
            return DoctorFinding(
                "public address", .degraded, "from here nobody answers at \(url): \(error)",
                advice: "is `crossdock serve` running, and does the name lead to it from outside?")
        }
        return DoctorFinding(
            "public address", isOpen ? .degraded : .ok, "a hub answers at \(url)",
            advice: isOpen ? "vendors' calls and sign-ins travel readable: put TLS before it" : nil)
    }
}
