/// Invented words a filled shop is made of.
enum FillingWords {
    /// Categories with what hangs under them.
    static let categories: [(String, [String])] = [
        ("Tea", ["Black tea", "Green tea", "Herbal tea"]),
        ("Spices", ["Whole spices", "Ground spices"]),
        ("Clothing", ["Sarongs", "Shirts"]),
        ("Handicraft", ["Masks", "Batik"]),
        ("Kitchen", ["Pots & pans", "Tableware"]),
        ("ශ්‍රී ලංකා කෑම", []),
    ]

    static let qualities = [
        "Highland", "Estate", "Golden", "Smoked", "Silver", "Village", "Temple", "Monsoon", "Royal", "Café", "Größe",
        "Little", "Old town", "Lagoon", "Misty",
    ]

    static let goods = [
        "orange pekoe", "broken pekoe", "green tips", "cinnamon quills", "black pepper", "cardamom pods", "sarong",
        "linen shirt", "devil mask", "batik wall hanging", "clay pot", "rice plate", "තේ කොළ", "கறிவேப்பிலை",
        "coconut spoon", "turmeric powder", "moringa leaves", "tea & ginger blend",
    ]

    static let packs = ["50 g", "100 g", "250 g", "500 g", "1 kg"]
    static let sizes = ["S", "M", "L", "XL"]

    static let first = [
        "Nimal", "Kamala", "Sunil", "Dilani", "Priya", "Ravi", "Ayesha", "Tharindu", "Zoë", "José", "Malini", "Kasun",
        "අනුර", "Anne-Marie", "Siobhán",
    ]

    static let last = [
        "Perera", "Silva", "Fernando", "Jayasuriya", "Rajapakse", "Wijesinghe", "Müller", "O'Brien", "Nguyễn",
        "Bandara",
        "குமார்", "de Alwis",
    ]

    static let companies = ["Lagoon Hotels (Pvt) Ltd", "Hill & Sons", "Café Zürich GmbH", "Harbour Traders"]

    static let cities = [
        ("Colombo", "00300"), ("Kandy", "20000"), ("Galle", "80000"), ("Jaffna", "40000"), ("Negombo", "11500"),
    ]

    static let streets = ["Temple Road", "Sea Street", "Station Lane", "Hill Street", "Lake Drive"]
}
