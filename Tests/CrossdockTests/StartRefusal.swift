import Foundation
import TestPrograms

/// What the kill loop makes of a hub that ended by itself, before anybody killed it.
enum StartRefusal {
    /// What is wrong with how it ended; nil where it refused as it should: with an ordinary status, and a sentence that
    /// says why.
    static func problem(status: Int32, errors: String) -> String? {
        guard (1..<ChildProgram.signalBase).contains(status) else {
            return "it ended by itself with \(status): \(errors)"
        }
        let lines = errors.split(whereSeparator: \.isNewline).map(String.init)
        guard !lines.contains(where: isOfACrash) else { return "it crashed: \(errors)" }
        guard let last = lines.last(where: isSentence) else {
            return "it ended with \(status) and did not say why: \"\(errors)\""
        }
        return last.contains("Error Domain=") ? "what it said is not for people: \(last)" : nil
    }

    private static func isOfACrash(_ line: String) -> Bool {
        ["Fatal error", "Current stack trace", "Precondition failed", "Illegal instruction"].contains(
            where: line.contains)
    }

    /// A few words at least.
    private static func isSentence(_ line: String) -> Bool { line.split(separator: " ").count >= 4 }
}
