import Foundation
import Synchronization
import Wire

/// The time as a `Date` header says it, written once a second.
final class ServerDate: Sendable {
    private let last = Mutex<(second: Int64, text: String)>((.min, ""))

    /// The text for now.
    var text: String {
        let second = Int64(Date().timeIntervalSince1970)
        return last.withLock { last in
            if last.second != second { last = (second, Self.text(of: Moment(seconds: second))) }
            return last.text
        }
    }

    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// A time after 1970 in the form of RFC 9110: `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func text(of moment: Moment) -> String {
        let naive = moment.naive
        let day = naive.prefix(10).split(separator: "-")
        let weekday = weekdays[Int(moment.milliseconds / 86_400_000 % 7)]
        let month = months[(Int(day[1]) ?? 1) - 1]
        return "\(weekday), \(day[2]) \(month) \(day[0]) \(naive.suffix(8)) GMT"
    }
}
