import ConnectorKit
import Testing

@Suite("Directions")
struct DirectionTests {
    /// All sixteen pairs: what two rules allow together is what both allow.
    @Test func twoRulesAllowWhatBothAllow() {
        for one in Direction.allCases {
            for other in Direction.allCases {
                let both = one.narrowed(by: other)
                #expect(both.takes == (one.takes && other.takes), "\(one) and \(other)")
                #expect(both.gives == (one.gives && other.gives), "\(one) and \(other)")
                #expect(both == other.narrowed(by: one))
            }
            #expect(one.narrowed(by: .both) == one)
            #expect(one.narrowed(by: .none) == .none)
        }
    }

    @Test(arguments: [
        ("take", Direction.take), ("pull", .take), ("store_to_erp", .take), ("give", .give), ("push", .give),
        ("erp_to_store", .give), ("both", .both), ("none", .none),
    ])
    func theWordsOfTheSettingsAreKnown(word: String, direction: Direction) {
        #expect(Direction(word: word) == direction)
    }

    @Test(arguments: ["", "Both", "in", "two-way", "both "])
    func anotherWordIsNone(word: String) {
        #expect(Direction(word: word) == nil)
    }
}

@Suite("Projections")
struct ProjectionTests {
    let projection = Projection(["name": .both, "price": .take, "stock": .give, "notes": .none])
    let parts = Parts(["name": "Tea", "price": 1, "stock": 2, "notes": "x", "other": "y"])

    @Test func aPartThatIsNotNamedDoesNotTravel() {
        #expect(projection.direction(of: "other") == .none)
        #expect(projection.taken(parts) == Parts(["name": "Tea", "price": 1]))
        #expect(projection.given(parts) == Parts(["name": "Tea", "stock": 2]))
    }

    @Test func oneRuleNarrowsEveryPart() {
        let narrowed = projection.narrowed(by: .take)

        #expect(narrowed.taken(parts) == projection.taken(parts))
        #expect(narrowed.given(parts) == Parts())
    }

    @Test func everyPartOfAKindMayGoTheSameWay() {
        let projection = Projection(CustomerPart.all, .give)

        for shape in CustomerPart.all { #expect(projection.direction(of: shape.name) == .give) }
    }
}
