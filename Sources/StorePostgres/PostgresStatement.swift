import Store

/// The text of one statement for PostgreSQL, and what is prepared of it on one connection.
struct PostgresStatement {
    /// One form of it, for one list of parameter types.
    struct Form {
        let name: String
        var types: [UInt32]
    }

    let text: String
    let parameterCount: Int
    /// Parameters that stand nowhere in the text; the server cannot tell their type.
    private let unused: Set<Int>
    var forms: [Form] = []

    /// Translates the hub's one text: `?2` becomes `$2`, and `IN {2}` `= ANY($2)`. Marks within quotes stay.
    init(_ sql: String) {
        var text: [UInt8] = []
        var used = Set<Int>()
        var rest = Substring(sql).utf8[...]
        var isQuoted = false
        while let byte = rest.first {
            if byte == UInt8(ascii: "'") { isQuoted.toggle() }
            if !isQuoted, byte == UInt8(ascii: "?") {
                let number = Self.number(&rest)
                used.insert(number)
                text += Array("$\(number)".utf8)
            } else if !isQuoted, rest.starts(with: "IN {".utf8) {
                rest = rest.dropFirst(3)
                let number = Self.number(&rest)
                used.insert(number)
                rest = rest.dropFirst()
                text += Array("= ANY($\(number))".utf8)
            } else {
                text.append(byte)
                rest = rest.dropFirst()
            }
        }
        self.text = String(decoding: text, as: UTF8.self)
        parameterCount = used.max() ?? 0
        unused = Set(0..<parameterCount).subtracting(used.map { $0 - 1 })
    }

    private static func number(_ rest: inout Substring.UTF8View.SubSequence) -> Int {
        rest = rest.dropFirst()
        let digits = rest.prefix { (48...57).contains($0) }
        rest = rest.dropFirst(digits.count)
        return Int(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    /// The form that takes values of these types; null fits any.
    func form(for parameters: PostgresParameters) -> Form? {
        forms.first { form in
            zip(form.types, parameters.places).allSatisfy { $1.range == nil || $0 == $1.type }
        }
    }

    /// The types to prepare a new form with: those of the values, what is known from other forms, and 0 for the server
    /// to find out.
    func types(for parameters: PostgresParameters) -> [UInt32] {
        parameters.places.enumerated().map { index, place in
            if place.range != nil { return place.type }
            if unused.contains(index) || index >= parameterCount { return PostgresType.text }
            return forms.lazy.map { $0.types[index] }.first { $0 != 0 } ?? 0
        }
    }
}
