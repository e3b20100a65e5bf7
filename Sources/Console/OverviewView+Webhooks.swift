import Commerce
import Notices
import Pipeline

/// What the page shows of the hub's own webhooks.
extension OverviewView {
    var webhooks: View {
        let shown = overview.listeners.prefix(Sections.listLength)
        return [
            "hasAny": .flag(!shown.isEmpty), "webhooks": .list(shown.map(webhook)),
            "more": overview.listeners.count > shown.count
                ? .text(Words.count(overview.listeners.count - shown.count)) : "",
        ]
    }

    private func webhook(_ view: ListenerView) -> View {
        let (listener, counts) = (view.listener, view.counts)
        let (word, tone) = standing(view)
        return [
            "id": .text(listener.publicID), "name": .text(Words.cut(listener.name, to: 80)),
            "events": .text(Words.cut(listener.events.joined(separator: " "), to: 120)), "word": .text(word),
            "tone": .text(tone), "isDisabled": .flag(listener.state == .disabled),
            "reason": .text(Words.cut(listener.reason ?? view.restReason ?? "", to: 300)),
            "waiting": .text(Words.count(counts[.waiting] ?? 0)),
            "lost": .text(Words.count((counts[.failed] ?? 0) + (counts[.missed] ?? 0))),
        ]
    }

    private func standing(_ view: ListenerView) -> (word: String, tone: String) {
        if view.listener.state == .disabled { return ("disabled", "bad") }
        if view.restsUntil.map({ $0 > now }) ?? false { return ("resting", "warn") }
        return view.listener.failingSince == nil ? ("active", "good") : ("failing", "warn")
    }
}
