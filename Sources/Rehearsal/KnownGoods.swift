/// Which good each id of a vendor is, where numbers change: what is one good is decided when it is put up or first
/// linked, and not by the number it bears.
struct KnownGoods: Sendable {
    private var numbers: [String: String] = [:]

    /// Whether every good is still known by the number it bears.
    var isEmpty: Bool { numbers.isEmpty }

    /// What the good of that id is known as, which bears that number now.
    func number(of id: String, _ label: String) -> String { numbers[id] ?? label }

    mutating func know(_ id: String, as number: String) { numbers[id] = number }

    /// The good is gone; its id may come to stand for another.
    mutating func forget(_ id: String) { numbers[id] = nil }
}
