import Testing

@testable import Telemetry

@Suite("Traces")
struct TraceTests {
    private static let id = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test func aHeaderIsTakenAsItIs() {
        let trace = Trace(traceparent: "00-\(Self.id)-00f067aa0ba902b7-01")

        #expect(trace?.id == Self.id)
        #expect(trace?.parent == "00f067aa0ba902b7")
    }

    @Test func aLaterVersionMaySayMore() {
        #expect(Trace(traceparent: "cc-\(Self.id)-00f067aa0ba902b7-01-what-comes-next")?.id == Self.id)
    }

    @Test(arguments: [
        nil, "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        String(repeating: "0", count: 10_000),
    ])
    func whatIsNoHeaderOfThatFormIsPassedOver(text: String?) {
        #expect(Trace(traceparent: text) == nil)
    }

    @Test func aNewOneIsMadeOfRandomBytesAndToldOn() {
        let trace = Trace(random: Array(1...24))

        #expect(trace?.id == "0102030405060708090a0b0c0d0e0f10")
        #expect(trace?.traceparent([9, 8, 7, 6, 5, 4, 3, 2]) == "00-\(trace?.id ?? "")-0908070605040302-01")
        #expect(trace?.traceparent([]) == "00-\(trace?.id ?? "")-1112131415161718-01")
        #expect(Trace(random: Array(repeating: 0, count: 24)) == nil)
        #expect(Trace(random: [1]) == nil)
    }
}
