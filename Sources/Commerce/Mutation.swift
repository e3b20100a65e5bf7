#if Mutations
    import Synchronization

    /// A small defect of the hub's own code, planted to see whether the simulator's oracle notices it.
    ///
    /// The package trait `Mutations` compiles them in; the ordinary build holds none of this. One at most is planted in
    /// a process, by name, before the first rehearsal. Each stands in the code as one short `#if Mutations` block.
    /// The first seven are defects found in peers, said in the hub's own terms.
    public enum Mutation: String, CaseIterable, Sendable {
        /// What was written at one place counts as written at every place that failed meanwhile.
        case oneStampForAllPlaces = "one-stamp-for-all-places"
        /// A shop that no longer serves the version asked for is read as an empty shop.
        case retiredVersionIsEmpty = "retired-version-is-empty"
        /// A stock write that was refused because its comparison failed is sent again with the same wish.
        case staleCompareSentAgain = "stale-compare-sent-again"
        /// A value the hub wrote within the last five minutes is taken for an echo, whoever wrote it.
        case echoByWindow = "echo-by-window"
        /// What a far clock stamps before the hub's clock last agreed with it is not read.
        case skipByClock = "skip-by-clock"
        /// Our own write coming back ends an open conflict, and its two values with it.
        case echoErasesEvidence = "echo-erases-evidence"
        /// A part the far side did not accept counts as accepted, so that its old value comes back as an edit.
        case refusedPartReverted = "refused-part-reverted"
        /// A pull ends after its first page.
        case secondPageDropped = "second-page-dropped"
        /// A record deleted at one place is deleted in the hub, whatever was edited elsewhere.
        case deletionBeatsEdit = "deletion-beats-edit"
        /// A lost job is taken over while the call of its first owner may still arrive.
        case leaseWithoutDeadline = "lease-without-deadline"
        /// A merge is decided on what was read before the commit it is saved by.
        case decidedBeforeCommit = "decided-before-commit"
        /// A pull begins exactly where the last one ended.
        case cursorWithoutOverlap = "cursor-without-overlap"
        /// A count that moves stock leaves no line in the change log.
        case countNotLogged = "count-not-logged"
        /// A write that is tried again tells the stock that was decided on the first time.
        case firstStockSentAgain = "first-stock-sent-again"
        /// An order that is booked is not told of again, whatever becomes of its lines.
        case bookedForGood = "booked-for-good"
        /// What a line had taken that was edited out of its order stays sold.
        case removedLineStaysSold = "removed-line-stays-sold"
        /// A channel that sold itself out before it was told anything counts as told at once.
        case soldOutIsTold = "sold-out-is-told"
        /// What a far clock stamps about when the hub's clock last agreed with it is taken for an echo.
        case echoByClock = "echo-by-clock"

        private static let planted = Mutex<Mutation?>(nil)

        /// Plants this one in the process, in place of any other.
        public func plant() { Self.planted.withLock { $0 = self } }

        /// Plants none.
        public static func unplant() { planted.withLock { $0 = nil } }

        /// Whether it is the one that is planted.
        public var isPlanted: Bool { Self.planted.withLock { $0 == self } }
    }
#endif
