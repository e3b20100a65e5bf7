import Synchronization

/// Hands out the hub's ids: whole numbers below 2^53, drawn from the store in blocks, never by the database.
public final class IDPool: Sendable {
    private let store: any Store
    private let free = Mutex<Range<Int64>>(0..<0)

    /// How many ids one trip to the store reserves.
    static let blockSize: Int64 = 10_000

    /// The table ids are counted in.
    public static let migration = Migration(
        "0000-identity",
        """
        -- The next id of every organization's records, links, jobs and all else.
        CREATE TABLE identity ("only" INTEGER PRIMARY KEY CHECK ("only" = 1), next INTEGER NOT NULL) STRICT;
        INSERT INTO identity VALUES (1, 100);
        """)

    /// Ids of that store.
    public init(_ store: any Store) { self.store = store }

    /// That many ids in a row. What a step does not use is lost, which does no harm.
    ///
    /// - Throws: `StoreFailure`.
    public func draw(_ count: Int) async throws -> IDBlock {
        if let block = take(Int64(count)) { return block }
        let size = max(Self.blockSize, Int64(count))
        let start = try await store.write(.urgent) { session in
            try session.rows("UPDATE identity SET next = next + ?1 RETURNING next", [.integer(size)])[0].integer(0)
                - size
        }
        // Another draw may have put a block here meanwhile: what is left of it is dropped, ids are plenty.
        free.withLock { $0 = start + Int64(count)..<start + size }
        return IDBlock(start..<start + Int64(count))
    }

    private func take(_ count: Int64) -> IDBlock? {
        free.withLock { free in
            guard free.upperBound - free.lowerBound >= count else { return nil }
            let start = free.lowerBound
            free = start + count..<free.upperBound
            return IDBlock(start..<start + count)
        }
    }
}

/// Ids drawn for one step. A value: a step that is run again starts with the same ids.
public struct IDBlock: Sendable {
    private var range: Range<Int64>

    /// The ids of a range.
    public init(_ range: Range<Int64>) { self.range = range }

    /// The next id.
    ///
    /// - Throws: `StoreFailure.unavailable` when a step needs more than were drawn for it, which is a mistake of ours.
    public mutating func next() throws -> Int64 {
        guard let id = range.first else { throw StoreFailure.unavailable("more ids needed than were drawn") }
        range = range.dropFirst()
        return id
    }

    /// Half of the ids that are left, taken out of this block.
    public mutating func splitHalf() -> IDBlock {
        let middle = range.lowerBound + (range.upperBound - range.lowerBound) / 2
        let half = IDBlock(middle..<range.upperBound)
        range = range.lowerBound..<middle
        return half
    }
}
