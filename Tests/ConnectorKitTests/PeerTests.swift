import ConnectorKit
import Testing

@Suite("Peers")
struct PeerTests {
    private func peer(_ direction: Direction? = nil, creation: CreationClass? = .keyed) -> Peer {
        let card = KindCard(
            .customer, Projection(["name": .both, "email": .take, "notes": .give]), matchesByNaturalKey: true,
            creation: creation)
        return Peer(
            id: 1, name: "books", isActive: true, kinds: [card],
            directions: direction.map { [.customer: $0] } ?? [:])
    }

    @Test func aCardSaysWhatTravels() {
        #expect(peer().takes(.customer) == ["name", "email"])
        #expect(peer().gives(.customer) == ["name", "notes"])
        #expect(peer().creates(.customer) && peer().matches(.customer) && !peer().issues(.customer))
        #expect(peer().kinds == [.customer])
    }

    @Test(arguments: [
        (Direction.both, ["email", "name"], ["name", "notes"]), (.take, ["email", "name"], []),
        (.give, [], ["name", "notes"]),
        (.none, [], []),
    ])
    func theMerchantsDirectionNarrowsIt(direction: Direction, takes: [String], gives: [String]) {
        #expect(peer(direction).takes(.customer).sorted() == takes)
        #expect(peer(direction).gives(.customer).sorted() == gives)
        #expect(peer(direction).creates(.customer) == !gives.isEmpty)
    }

    @Test func whatTheCardDoesNotNameIsNotOffered() {
        #expect(peer().takes(.order).isEmpty && peer().gives(.order).isEmpty)
        #expect(!peer().creates(.order) && !peer().issues(.order) && peer().mayRepeatCreate(.order) == nil)
        #expect(!peer(creation: nil).creates(.customer))
    }

    @Test func onlySomeCreatesMayBeRepeated() {
        #expect(peer(creation: .findable(visibleAfterSeconds: 5)).mayRepeatCreate(.customer) == 5)
        #expect(peer(creation: .blind).mayRepeatCreate(.customer) == nil)
    }
}
