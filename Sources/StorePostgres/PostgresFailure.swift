import Store

/// What the server or the way to it said when something did not work.
struct PostgresFailure: Error, Hashable {
    /// PostgreSQL's five characters for what went wrong; empty when the connection was lost or never made.
    let state: String
    let message: String

    /// The connection is of no use any more.
    var isLost: Bool {
        // A server that has become read-only is a standby now: the next connection looks for the primary.
        state.isEmpty || state.hasPrefix("08") || state.hasPrefix("57P") || state == "25006" || state == "25P03"
            || state == "53300"
    }

    /// The same steps may succeed when they are run again from their start.
    var isPassing: Bool { isLost || ["40001", "40P01", "55P03"].contains(state) }

    /// What it means for whoever wrote or read.
    var storeFailure: StoreFailure {
        let text = state.isEmpty || state == PostgresPresence.inUse ? message : "\(message) (code \(state))"
        return switch state.prefix(2) {
        case "22", "23", "54": .refused(text)
        default: .unavailable(text)
        }
    }
}
