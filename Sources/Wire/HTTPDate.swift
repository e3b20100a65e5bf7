import Commerce

/// Moments as HTTP writes them. Source: RFC 9110, section 5.6.7; the two obsolete forms are not read.
public enum HTTPDate {
    private static let months = [
        "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10,
        "Nov": 11, "Dec": 12,
    ]

    /// Reads `Fri, 20 Nov 2026 21:51:20 GMT`; nil for anything else.
    public static func moment(_ text: String) -> Moment? {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 6, words[5] == "GMT", let month = months[words[2]], let day = Int(words[1]) else {
            return nil
        }
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
        return Moment(iso: "\(words[3])-\(two(month))-\(two(day))T\(words[4])Z")
    }
}

extension HTTPHeaders {
    /// The sender's clock when it answered.
    public var date: Moment? { self["Date"].flatMap(HTTPDate.moment) }
}

extension HTTPResponse {
    /// For how many seconds from `now` on the sender asks to be left alone, whether it says so in seconds or by a date;
    /// nil when it does not say. Source: RFC 9110, section 10.2.3.
    public func retryAfterSeconds(now: Moment) -> Int? {
        guard let text = headers["Retry-After"] else { return nil }
        if let seconds = Int(text) { return max(0, seconds) }
        // Whole seconds, the broken one counted: a second early would be early.
        return HTTPDate.moment(text).map { max(0, Int($0.seconds(since: now).rounded(.up))) }
    }
}
