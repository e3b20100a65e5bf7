import Commerce

/// What happened, step by step, in words; and one number that stands for all of it.
struct Story: Sendable {
    /// How many of the last steps a failing rehearsal tells.
    static let lastCount = 50

    /// A step: something that happened between the hub, its vendors and the people there. Timers are none.
    private(set) var steps = 0
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var lines: [String] = []
    /// Whether all of it is kept, to be told.
    var isKeptWhole = false
    private var oldest = 0

    init(isKeptWhole: Bool = false) { self.isKeptWhole = isKeptWhole }

    /// One more step.
    mutating func step(_ now: Moment, _ words: String) {
        steps += 1
        note(now, "\(steps). \(words)")
    }

    /// Something worth telling that is no step.
    mutating func note(_ now: Moment, _ words: String) {
        absorb(words)
        let line = now.naive.suffix(8) + " " + words
        if isKeptWhole || lines.count < Self.lastCount { return lines.append(line) }
        lines[oldest] = line
        oldest = (oldest + 1) % Self.lastCount
    }

    /// Lets the trace depend on what is not told.
    mutating func absorb(_ text: String) {
        // Source: FNV-1a, public domain.
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }

    /// The last steps, in their order.
    var last: [String] {
        isKeptWhole ? Array(lines.suffix(Self.lastCount)) : Array(lines[oldest...] + lines[..<oldest])
    }

    /// The trace's hash in sixteen digits.
    var trace: String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
