import Commerce
import Wire

/// A stand-in vendor: an honest little machine with its own state, driven by requests and by people.
protocol Vendor: Sendable {
    /// The first part of its host name.
    var name: String { get }
    var nature: VendorNature { get }
    mutating func respond(to request: HTTPRequest, at now: Moment) -> (HTTPResponse, [VendorCall])
    /// What it sends as time passes.
    mutating func advance(to now: Moment) -> [VendorCall]
    /// How the hub answered one of its calls; nil for not at all.
    mutating func answered(_ call: Int, status: Int?, at now: Moment)
    /// It forgets where to call, or switches that off, and tells nobody. False when it did not call anyway.
    mutating func loseHook(isForgotten: Bool, at now: Moment) -> Bool
    /// A call of its own about what the hub knows nothing of.
    func unknownCall(at address: String, number: Int, secret: String) -> VendorCall
    func isSigned(_ call: VendorCall, with secret: String) -> Bool
    /// Whether it calls the hub of what happens.
    var isHooked: Bool { get }
    /// The rare states it was met in.
    var rareStates: [String] { get }
    /// What it shows to whoever stands before it: its own state, without a visit.
    func shown(at now: Moment) -> Shown
    /// How many pieces the lines of each order have taken from its stock, by the order's id; empty where it has none.
    func taken(at now: Moment) -> [String: Int]
    /// Which goods an answer shows, and how.
    func showings(in response: HTTPResponse, to request: HTTPRequest) -> [Showing]
    /// The stock a request sets, by the id of its good.
    func stockSet(by request: HTTPRequest) -> [String: Int]
    /// The ids of goods and documents a request changes; none for what it makes.
    func written(by request: HTTPRequest) -> Set<String>

    /// From now on the good of that id is known to be this one, whatever number it bears.
    mutating func know(_ id: String, as number: String)

    // MARK: What people do there; false when it is not possible. A good is named by what it is known as.

    mutating func rename(_ number: String, to name: String, at now: Moment) -> Bool
    mutating func reprice(_ number: String, to price: String, at now: Moment) -> Bool
    /// Gives a good another article number.
    mutating func renumber(_ number: String, to label: String, at now: Moment) -> Bool
    mutating func count(_ number: String, to quantity: Int, at now: Moment) -> Bool
    mutating func add(_ good: NewGood, at now: Moment) -> Bool
    mutating func remove(_ number: String, at now: Moment) -> Bool
    /// Sells pieces; gives the order's id where the vendor has orders.
    mutating func sell(_ number: String, _ quantity: Int, to buyer: String, at now: Moment) -> String?
    /// Staff move an order on; false where there is none or it may not.
    mutating func turn(order: String, _ turn: OrderTurn, at now: Moment) -> Bool
    /// Staff edit the lines of an order; false where there is none or it may not.
    mutating func edit(order: String, _ edit: LineEdit, at now: Moment) -> Bool
}

/// How the lines of an order may be edited after it was placed.
enum LineEdit: Sendable {
    /// So many pieces more, of that good.
    case add(String, Int)
    /// The line at that place has so many pieces.
    case alter(Int, Int)
    /// The line at that place is taken out.
    case remove(Int)
}

/// What may happen to an order after it was placed.
enum OrderTurn: String, Sendable, CaseIterable {
    case complete
    case cancel
    case refundPart
    case refundAll
}

/// What the oracle must know of a vendor, told by those who made it and not by its connector.
struct VendorNature: Sendable {
    var name: String
    var isShop: Bool
    /// Whether one article number may stand for one good alone, at any time.
    var keepsNumbersUnique: Bool { isShop }
    /// Whether no good is put up there with a number that another one has.
    var makesNoTwins: Bool
    /// Whether what a lost create left behind can surely be found, or repeated without harm.
    var findsCreates: Bool
    var keepsBooks: Bool
    /// Whether it writes a document that corrects what it has booked; else it leaves that to people.
    var corrects = false
    /// Whether it keeps some of its prices, whatever is written.
    var keepsPrices = false
    /// Whether a stock is set there only where the one that was read still stands.
    var comparesStock = false
    /// Whether a write replaces all that is there, whatever has become of it since it was read.
    var replacesBlindly = false
}

/// A good as somebody puts it up for sale.
struct NewGood: Sendable {
    var number: String
    var name: String
    var price: String
    var stock: Int
}

/// What a vendor shows at one moment.
struct Shown: Sendable, Equatable {
    var goods: [ShownGood] = []
    var orders: [ShownOrder] = []
    var documents: [ShownDocument] = []

    func good(_ number: String) -> ShownGood? { goods.first { $0.number == number } }
}

struct ShownGood: Sendable, Equatable {
    var id: String
    /// What it is known as: the article number it first bore, wherever it was put up first.
    var number: String
    /// The article number it bears now.
    var label: String
    var name: String
    var price: String
    var stock: Int
    /// What the hub has nothing to do with; nil where the vendor has no such field.
    var memo: String?
}

struct ShownOrder: Sendable, Equatable {
    var id: String
    var state: String
    /// In the smallest unit.
    var total: Int64
    /// Given back so far, in the smallest unit.
    var refunded: Int64
}

/// An order as a book shows it.
struct ShownDocument: Sendable, Equatable {
    var id: String
    /// The vendor and the order it was issued at: `north/31`.
    var source: String
    /// The document it corrects, and by how much; nil for an order's own.
    var corrects: String?
    var total: Int64
    var refunded: Int64
    var state: String
}

/// A good as an answer shows it to the hub.
struct Showing: Sendable, Equatable {
    var id: String
    var number: String
    var stock: Int?
}

extension Vendor {
    /// The ids of goods whose stock a request sets.
    func countsSet(by request: HTTPRequest) -> Set<String> { Set(stockSet(by: request).keys) }
}
