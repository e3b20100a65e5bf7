import Commerce
import Synchronization

/// A progress bar that a sendable closure may draw.
final class SharedBar: Sendable {
    private let bar = Mutex(ProgressBar())

    func show(_ label: String, _ done: Int, _ total: Int?, _ now: Moment) {
        bar.withLock { $0.show(label, done: done, of: total, now: now) }
    }

    func end() { bar.withLock { $0.end() } }
}
