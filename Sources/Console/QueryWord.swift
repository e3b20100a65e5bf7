import Commerce

/// Words that several lists are asked with, read alike everywhere.
enum QueryWord {
    /// A whole number from 1 on.
    static func number(_ name: String, _ text: String, atMost most: Int) throws(BodyRefusal) -> Int {
        guard let number = Int(text), (1...most).contains(number) else {
            throw refusal("\(name) must be a number from 1 to \(most)")
        }
        return number
    }

    /// A time, or a day: its beginning in UTC.
    static func moment(_ name: String, _ text: String) throws(BodyRefusal) -> Moment {
        guard let moment = Moment(iso: text) ?? Moment(iso: text + "T00:00:00Z") else {
            throw refusal("\(name) must be a time like 2026-11-20 or 2026-11-20T08:00:00Z")
        }
        return moment
    }

    /// A word that the list does not know.
    static func unknown(_ name: String, known: String) -> BodyRefusal {
        refusal("\"\(name.prefix(60))\" means nothing here; there are: \(known)")
    }

    /// The request cannot be understood.
    static func refusal(_ sentence: String) -> BodyRefusal { BodyRefusal(code: .badRequest, sentence: sentence) }
}
