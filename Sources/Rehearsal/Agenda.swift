import Commerce

/// What happens next: events by their time, and in the order of their making where the times are equal.
struct Agenda: Sendable {
    struct Entry: Sendable {
        var at: Moment
        var number: Int
        var event: Event

        func isBefore(_ other: Entry) -> Bool { at == other.at ? number < other.number : at < other.at }
    }

    private var heap: [Entry] = []
    private var made = 0

    var isEmpty: Bool { heap.isEmpty }
    var nextTime: Moment? { heap.first?.at }

    mutating func add(_ event: Event, at moment: Moment) {
        made += 1
        heap.append(Entry(at: moment, number: made, event: event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func next() -> Entry? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            guard least != parent else { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// Something that happens in the world.
enum Event: Sendable, Hashable {
    /// A request of the hub reaches its vendor.
    case arrival(Int)
    /// The answer (or the end of waiting for it) reaches the hub.
    case answer(Int)
    /// A task of the hub has slept long enough.
    case wake(Int)
    /// A vendor's call reaches the hub.
    case webhook(Int)
    /// A person does something at a vendor or at the hub.
    case person
    /// Vendors send what waits with them.
    case vendors
    /// A process starts (again).
    case birth(Int)
    /// A process stands still, as a suspended machine does, or goes on.
    case pause(Int)
    case resume(Int)
    /// A process dies between two of its steps.
    case death(Int)
    /// The hub's clock is set.
    case clock
    /// A vendor stops serving the version asked for, or serves it again.
    case retirement(Int)
    /// The writer of a process commits the steps that wait for it.
    case commit(Int)
    /// Somebody changes the settings of an integration.
    case settings(Int)
    /// Somebody sets all there is at a vendor to nothing, from a list that was empty.
    case emptying
    /// Staff edit the lines of an order.
    case orderEdit
    /// Staff change the article numbers of goods.
    case numbering
    /// Somebody buys who will ask to be forgotten.
    case guest(Int)
    /// Somebody at the hub erases him.
    case erasure(Int)
    /// Everybody wants the same thing: the first of so many who come.
    case rush(Int, String)
    /// The machine loses its power.
    case power
}
