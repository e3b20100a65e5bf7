import Foundation

/// The parsers that take what strangers send, one after the other chosen by name. What libFuzzer hands over must never
/// trap, and what was understood must be the same when it is written and read again.
enum Fuzz: String, CaseIterable {
    case json
    case signature
    case schedule
    case address
    case amount

    /// The one that this process tries.
    static let chosen = ProcessInfo.processInfo.environment["CROSSDOCK_FUZZ"].flatMap(Fuzz.init)

    func look(_ bytes: [UInt8]) {
        switch self {
        case .json: json(bytes)
        case .signature: signature(bytes)
        case .schedule: schedule(bytes)
        case .address: address(bytes)
        case .amount: amount(bytes)
        }
    }

    private func json(_ bytes: [UInt8]) {
        guard let value = try? JSON(parsing: bytes) else { return }
        let written = value.bytes
        expect((try? JSON(parsing: written)) == value, "what was written is read as the same")
        expect((try? JSON(parsing: written))?.bytes == written, "what was read is written as the same")
        expect(RepeatedKey.first(in: written, parsed: value) == nil, "no key is written twice")
        _ = RepeatedKey.first(in: bytes, parsed: value)
        _ = Redaction.told(value)
        _ = Redaction.withoutCards(value)
    }

    /// Header, time and body, a line each.
    private func signature(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard lines.count == 3 else { return }
        let now = Moment(milliseconds: 1_800_000_000_000)
        for form in OwnScheme.Form.allCases {
            let call = WebhookCall(
                headers: [OwnScheme.signatureHeader: lines[0], OwnScheme.timeHeader: lines[1]],
                body: Array(lines[2].utf8))
            let scheme = OwnScheme(secret: Secret(lines[2]), form: form)
            _ = scheme.problem(with: call, now: now)
            let signed = scheme.sign(call.body, at: now)
            expect(scheme.problem(with: signed, now: now) == nil, "what the hub signs proves itself")
        }
        if let found = Signature.bytes(hex: lines[0]) {
            expect(Signature.hex(found) == lines[0].lowercased(), "hexadecimal digits are read as what they are")
        }
        _ = NoticeSignature.problem(of: lines[0])
        _ = NoticeSignature.headers(
            id: "msg_1", event: "e", body: Array(lines[2].utf8), secrets: [lines[0], lines[1]], now: now)
        if let trace = Trace(traceparent: lines[0]) {
            let next = Trace(traceparent: trace.traceparent([1, 2, 3, 4, 5, 6, 7, 8]))
            expect(next?.id == trace.id, "a trace goes on under its id")
        }
    }

    private func schedule(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.utf8.count <= 200, let cron = try? Cron(text) else { return }
        var at = Moment(milliseconds: 1_800_000_000_000)
        for _ in 0..<3 {
            guard let next = cron.next(after: at, in: .gmt) else { return }
            expect(next > at, "the next time lies ahead")
            at = next
        }
    }

    private func address(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let address = HTTPAddress(text) {
            expect(HTTPAddress(address.text)?.text == address.text, "an address is written as it is read")
        }
        if let address = IPAddress(text) {
            expect(IPAddress(address.text) == address, "an address of a machine is written as it is read")
        }
        if let block = AddressBlock(text), let address = IPAddress("10.0.0.1") { _ = block.contains(address) }
        expect(Percent.decoded(Percent.encoded(text)) == text, "what is escaped is read as it was")
        _ = Percent.decoded(text)
        _ = HTTPDate.moment(text)
    }

    private func amount(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let moment = Moment(iso: text) {
            // It is written in seconds, and a year that has no four digits is not read.
            let again = Moment(iso: moment.description)?.description
            expect(again == nil || again == moment.description, "a time is written as it is read")
        }
        if let number = try? ExactDecimal(parsing: text) {
            expect((try? ExactDecimal(parsing: number.description)) == number, "a number is written as it is read")
        }
        _ = try? Money(parsing: text, currency: .lkr)
        _ = Redaction.told(text)
        _ = Redaction.withoutCards(text)
    }

    private func expect(_ holds: Bool, _ sentence: StaticString) {
        precondition(holds, "\(sentence)")
    }
}

/// What libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func lookAtOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    Fuzz.chosen?.look(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}
