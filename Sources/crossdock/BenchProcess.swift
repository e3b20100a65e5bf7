import Commerce
import Foundation

/// A process of its own for what is measured, so that its memory and its processor time are its alone.
final class BenchProcess {
    private let process = Process()
    private let output = Pipe()
    private let input = Pipe()
    private let errors: Pipe?
    private var read = [UInt8]()

    /// This very program.
    static var program: String { Bundle.main.executablePath ?? CommandLine.arguments[0] }

    /// Starts a program. Its errors go where ours go, unless they are to be read.
    init(_ program: String = BenchProcess.program, arguments: [String], readsErrors: Bool = false) throws {
        errors = readsErrors ? Pipe() : nil
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = output
        process.standardInput = input
        if let errors { process.standardError = errors }
        do {
            try process.run()
        } catch {
            throw Refusal("\(program) cannot be started: \(error.localizedDescription)")
        }
    }

    deinit { if process.isRunning { process.terminate() } }

    /// The process's number.
    var id: Int32 { process.processIdentifier }

    /// The next line it writes that holds a text.
    func line(with text: String) throws -> String {
        let handle = (errors ?? output).fileHandleForReading
        while true {
            while let end = read.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: read[..<end], as: UTF8.self)
                read.removeSubrange(...end)
                if line.contains(text) { return line }
            }
            let more = handle.availableData
            guard !more.isEmpty else { throw BenchError("a measured process ended before it was ready") }
            read += more
        }
    }

    /// Tells a program that waits for a line on standard input to go on.
    func goOn() { input.fileHandleForWriting.write(Data("\n".utf8)) }

    /// Asks it to stop and gives what it still wrote.
    func stop() -> String {
        process.terminate()
        return rest()
    }

    /// Waits until it ends and gives what it wrote on standard output.
    ///
    /// - Throws: `BenchError` when it failed.
    func finish() throws -> String {
        let text = rest()
        guard process.terminationStatus == 0 else {
            throw BenchError("a measured process ended with status \(process.terminationStatus)")
        }
        return text
    }

    private func rest() -> String {
        let bytes = read + output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Runs a program to its end and reads the JSON of its last line.
    static func answer(_ program: String = BenchProcess.program, arguments: [String]) throws -> JSON {
        let text = try BenchProcess(program, arguments: arguments).finish()
        return try BenchAnswer.last(of: text)
    }
}

/// What measured processes tell: one line of JSON.
enum BenchAnswer {
    static func write(_ json: JSON) { FileHandle.standardOutput.write(Data((json.text + "\n").utf8)) }

    static func last(of text: String) throws -> JSON {
        guard let line = text.split(separator: "\n").last, let json = try? JSON(parsing: Array(line.utf8)) else {
            throw BenchError("a measured process told nothing")
        }
        return json
    }
}

/// Why a measurement could not be made.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What a process has used, by the kernel's count.
enum BenchUsage {
    /// The most resident memory a process has had since it started, in megabytes of 10^6 bytes.
    static func peakMegabytes(of process: String = "self") throws -> Double {
        try megabytes("VmHWM:", of: process)
    }

    /// A number of memory as the kernel tells it under that word, in megabytes of 10^6 bytes.
    static func megabytes(_ word: String, of process: String) throws -> Double {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix(word) }
        guard let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Double($0) })
        else { throw BenchError("/proc/\(process)/status names no \(word) memory can be measured on Linux only") }
        return kilobytes * 1024 / 1e6
    }

    /// The processor time of this machine since it started, in its ticks, and how much of it the host of a virtual
    /// machine gave to others (proc(5), /proc/stat: the eighth number of "cpu"). Nothing where that cannot be read.
    static var machine: (all: Double, stolen: Double) {
        let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
        let ticks = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        return (ticks.reduce(0, +), ticks.count == 8 ? ticks[7] : 0)
    }

    /// How quiet the machine was. Where others took more than a hundredth, every waiting time of the run is theirs too.
    static func taken(from name: String, since before: (all: Double, stolen: Double)) -> BenchFigure {
        let now = machine
        let share = (now.stolen - before.stolen) / max(1, now.all - before.all)
        return BenchFigure("\(name): processor time the host gave to others", 100 * share, " %")
    }

    /// The processor time of all threads of another process, in seconds (proc(5), /proc/PID/stat: the 14th and 15th).
    static func cpuSeconds(of process: String) throws -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let ticks =
            text.split(separator: ")").last?.split(separator: " ").dropFirst(11).prefix(2)
            .compactMap { Double($0) } ?? []
        guard ticks.count == 2 else { throw BenchError("/proc/\(process)/stat cannot be read") }
        return (ticks[0] + ticks[1]) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The processor time of all threads of this process, in seconds.
    static var cpuSeconds: Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let seconds = { (time: timeval) in Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}

/// Folders that are made afresh for one run.
enum BenchFolder {
    static func fresh(_ path: String) throws -> String {
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}
