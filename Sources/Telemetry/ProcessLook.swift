import Foundation

/// What this process uses of its machine.
public struct ProcessLook: Hashable, Sendable {
    /// Memory that is really there, in bytes; nil where the system does not tell.
    public var memoryBytes: Int?
    /// How much it may have at most, in bytes: what its control group says, else the machine's; nil where neither
    /// tells.
    public var memoryLimitBytes: Int?
    /// Time on a processor since the start, in seconds.
    public var processorSeconds: Double
    /// Open files and connections.
    public var openFiles: Int?

    /// As it is now.
    public static var now: ProcessLook {
        // Pages in use stand second (proc(5), statm).
        let pages = text("/proc/self/statm")?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return ProcessLook(
            memoryBytes: pages.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) }, memoryLimitBytes: limit,
            processorSeconds: Double(clock()) / Double(CLOCKS_PER_SEC),
            openFiles: (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count)
    }

    /// The part of what it may have that it has, from 0 on.
    public var memoryShare: Double? {
        guard let memoryBytes, let memoryLimitBytes, memoryLimitBytes > 0 else { return nil }
        return Double(memoryBytes) / Double(memoryLimitBytes)
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    /// It stays the same for as long as the process lives, or as good as that.
    private static let limit: Int? = {
        let group = groupLimit(text("/proc/self/cgroup") ?? "") { text($0) }
        let machine = text("/proc/meminfo").flatMap(machineBytes)
        return [group, machine].compactMap(\.self).min()
    }()

    /// The least that the process's control group, or one that it lies in, allows; nil where none limits it.
    static func groupLimit(_ groups: String, read: (String) -> String?) -> Int? {
        var limits: [Int] = []
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, parts[1].isEmpty || parts[1].split(separator: ",").contains("memory") else {
                continue
            }
            let (root, file) =
                parts[1].isEmpty
                ? ("/sys/fs/cgroup", "memory.max") : ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            var path = parts[2] == "/" ? "" : parts[2]
            while true {
                let told = read("\(root)\(path)/\(file)")?.trimmingCharacters(in: .whitespacesAndNewlines)
                // No limit is "max", and in the older form a number of more pages than there are anywhere.
                if let told, let bytes = Int(told), bytes < 1 << 60 { limits.append(bytes) }
                guard let slash = path.lastIndex(of: "/") else { break }
                path = String(path[..<slash])
            }
        }
        return limits.min()
    }

    /// `MemTotal:  16384 kB`.
    static func machineBytes(_ text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}
