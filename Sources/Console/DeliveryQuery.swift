import Commerce
import Intake
import Ledger
import Wire

/// Which stored calls a request means.
struct DeliveryQuery {
    var filter = DeliveryFilter()
    var limit = Self.limits.usual

    /// How many calls one answer lists: unless said, and at most.
    static let limits = (usual: 50, most: 200)
    private static let longest = 200

    /// The words as the document names them.
    static let parameters: [Contract.Parameter] = [
        Contract.Parameter("integration", .text, "An integration by its id or name."),
        Contract.Parameter("state", .deliveryState, "Those in this state."),
        Contract.Parameter("topic", .text(1...longest), "Those of this topic."),
        Contract.Parameter("since", .text, "A time, or a day: from then on."),
        Contract.Parameter("until", .text, "A time, or a day: before it."),
        Contract.Parameter("before", .integer(1...Int.max), "Those with a smaller id."), .limit(limits),
    ]
    private static let words = "integration, state, topic, since, until, before, limit"

    /// The same for a page: a browser sends the fields of a form that are left empty, too.
    static let formParameters = parameters.map {
        Contract.Parameter($0.name, .either($0.shape, .word([""])), $0.purpose)
    }

    /// Reads words of a query or a body. `names`: the integrations by name and by public id; `isForm`: what is left
    /// empty is not said.
    init(
        _ items: [(name: String, value: String)], _ names: [Integration], isForm: Bool = false
    ) throws(BodyRefusal) {
        guard Set(items.map(\.name)).count == items.count else { throw QueryWord.refusal("a word stands twice") }
        for (name, value) in items {
            if isForm, value.isEmpty { continue }
            switch name {
            case "integration":
                guard let found = names.first(where: { $0.publicID == value || $0.name == value }) else {
                    throw QueryWord.refusal("there is no integration \"\(value.prefix(40))\"")
                }
                filter.integration = found.id
            case "state":
                guard let state = DeliveryState(rawValue: value) else {
                    throw QueryWord.refusal("state must be received, understood, ignored or rejected")
                }
                filter.state = state
            case "topic":
                guard (1...Self.longest).contains(value.utf8.count),
                    value.unicodeScalars.allSatisfy({ $0.value >= 0x20 })
                else {
                    throw QueryWord.refusal("topic must be a word")
                }
                filter.topic = value
            case "since": filter.since = try QueryWord.moment(name, value)
            case "until": filter.until = try QueryWord.moment(name, value)
            case "before":
                guard let number = Int64(value), number > 0 else { throw QueryWord.refusal("before must be a number") }
                filter.before = number
            case "limit":
                limit = try QueryWord.number(name, value, atMost: Self.limits.most)
            default: throw QueryWord.unknown(name, known: Self.words)
            }
        }
    }

}
