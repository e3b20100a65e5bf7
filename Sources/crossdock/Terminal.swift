import ArgumentParser
import Backup
import ConnectorKit
import Files
import Foundation
import Ledger
import Pipeline
import Store

/// What a person sees. Answers go to standard output; progress, remarks and errors to standard error.
enum Terminal {
    /// A line on standard error.
    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    /// Whether a person watches standard error.
    static var isWatched: Bool { isatty(2) == 1 }

    /// Runs a command: every error becomes its sentence and its exit code.
    static func run(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let code as ExitCode {
            throw code
        } catch {
            note("crossdock: " + sentence(error))
            throw ExitCode(isRefusal(error) ? 2 : 1)
        }
    }

    private static func isRefusal(_ error: any Error) -> Bool {
        error is Refusal || error is BackupFailure || error is FileFailure || error is SettingsError
            || error is HubError || error is IntegrationRefusal || error is Vault.Failure
    }

    /// What happened, in words.
    static func sentence(_ error: any Error) -> String {
        if let failure = error as? ConnectorFailure { return failure.sentence }
        return "\(error)"
    }

    /// A table with aligned columns.
    static func table(_ rows: [[String]], header: [String]) {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            let cells = zip(row, widths).map { $0.padding(toLength: max($1, $0.count), withPad: " ", startingAt: 0) }
            let line = cells.joined(separator: "  ")
            print(line.prefix(line.count - line.reversed().prefix { $0 == " " }.count))
        }
    }

    /// A value of a part on one line.
    static func value(_ json: JSON?) -> String {
        guard let json, !json.isNull else { return "-" }
        let text = json.string ?? json.text
        return text.count > 100 ? text.prefix(97) + "..." : text
    }
}

/// A bar that grows while something long goes on. Where nobody watches, a line is written now and then.
struct ProgressBar {
    private var last = ""
    /// The last line that was written where nobody watches.
    private var lastNote = ""
    private var lastLine = Moment(milliseconds: 0)
    private let width = 28

    /// Shows where it stands.
    mutating func show(_ label: String, done: Int, of total: Int?, now: Moment) {
        let text: String
        if let total, total > 0 {
            let filled = min(width, width * done / total)
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
            text =
                "\(label.padding(toLength: max(18, label.count), withPad: " ", startingAt: 0)) \(bar) \(done)/\(total)"
        } else {
            text = "\(label.padding(toLength: max(18, label.count), withPad: " ", startingAt: 0)) \(done)"
        }
        guard text != last else { return }
        last = text
        if Terminal.isWatched {
            FileHandle.standardError.write(Data("\r\u{1B}[2K\(text)".utf8))
        } else if now.seconds(since: lastLine) >= 5 {
            lastLine = now
            lastNote = text
            Terminal.note(text)
        }
    }

    /// Ends the line.
    mutating func end() {
        guard !last.isEmpty else { return }
        if Terminal.isWatched {
            FileHandle.standardError.write(Data("\n".utf8))
        } else if last != lastNote {
            Terminal.note(last)
        }
        (last, lastNote) = ("", "")
    }
}
