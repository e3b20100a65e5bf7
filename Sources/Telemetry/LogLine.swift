import Foundation
import Logging

/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    /// For people.
    case text
    /// One JSON object a line, for programs that collect them.
    case json
}

/// What is put into one line.
struct LogLine {
    let seconds: Double
    let level: Logger.Level
    let label: String
    let message: String
    let fields: [String: String]

    func text(as format: LogFormat) -> String {
        switch format {
        case .text: plain
        case .json: json
        }
    }

    private var plain: String {
        let told = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.oneLine(shown($0)))" }.joined()
        return "\(Self.time(seconds)) \(level.rawValue) \(label):\(told) \(Self.oneLine(Redaction.text(message)))\n"
    }

    private var json: String {
        var members = [
            ("time", Self.time(seconds)), ("level", level.rawValue), ("logger", label),
            ("message", Redaction.text(message)),
        ]
        let own = Set(members.map(\.0))
        members += fields.sorted { $0.key < $1.key }.map { (own.contains($0.key) ? "_" + $0.key : $0.key, shown($0)) }
        return "{" + members.map { Self.quoted($0.0) + ":" + Self.quoted($0.1) }.joined(separator: ",") + "}\n"
    }

    private func shown(_ field: (key: String, value: String)) -> String {
        Redaction.isSecret(name: field.key) ? Redaction.mark : Redaction.text(field.value)
    }

    /// Universal time with milliseconds.
    private static func time(_ seconds: Double) -> String {
        let whole = seconds.rounded(.down)
        var (clock, parts) = (time_t(whole), tm())
        gmtime_r(&clock, &parts)
        func padded(_ number: Int32, _ length: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, length - digits.count)) + digits
        }
        let day = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
        let hour = "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
        return "\(day)T\(hour).\(padded(Int32((seconds - whole) * 1000), 3))Z"
    }

    /// A line stays one line, whatever somebody outside has put into it.
    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { line, scalar in
            switch scalar {
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            default: line.unicodeScalars.append(isControl(scalar) ? "\u{FFFD}" : scalar)
            }
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar == "\u{2028}" || scalar == "\u{2029}"
    }

    private static func quoted(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "\"") { line, scalar in
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            default:
                if isControl(scalar) {
                    let digits = String(scalar.value, radix: 16)
                    line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    line.unicodeScalars.append(scalar)
                }
            }
        } + "\""
    }
}
