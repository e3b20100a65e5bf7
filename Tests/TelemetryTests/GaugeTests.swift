import Testing

@testable import Telemetry

@Suite("Values as they are")
struct GaugeTests {
    @Test func eachNameIsToldOnceWithItsType() {
        let text = Gauge.text(of: [
            Gauge("b_total", [], 2, isCounter: true), Gauge("a", [("x", "2")], 1), Gauge("a", [("x", "1\"")], 0.5),
        ])

        #expect(text == "# TYPE a gauge\na{x=\"1\\\"\"} 0.5\na{x=\"2\"} 1.0\n# TYPE b_total counter\nb_total 2.0\n")
        #expect(Gauge.text(of: []).isEmpty)
    }

    @Test func theLeastOfTheLimitsOfAllGroupsCounts() {
        let files = [
            "/sys/fs/cgroup/system.slice/hub.service/memory.max": "max\n",
            "/sys/fs/cgroup/system.slice/memory.max": "805306368\n", "/sys/fs/cgroup/memory.max": "1610612736\n",
        ]
        #expect(ProcessLook.groupLimit("0::/system.slice/hub.service\n") { files[$0] } == 805_306_368)
        #expect(ProcessLook.groupLimit("0::/\n") { files[$0] } == 1_610_612_736)
        #expect(ProcessLook.groupLimit("0::/\n") { _ in "max" } == nil)
        #expect(ProcessLook.groupLimit("") { files[$0] } == nil)
    }

    @Test func theOlderFormIsReadToo() {
        let files = [
            "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "536870912",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        ]
        #expect(ProcessLook.groupLimit("7:cpu:/x\n6:memory:/docker/abc\n") { files[$0] } == 536_870_912)
        #expect(ProcessLook.machineBytes("MemFree: 1 kB\nMemTotal:       16384 kB\n") == 16_777_216)
    }

    @Test func aProcessKnowsWhatItUses() {
        let look = ProcessLook.now

        #expect(look.memoryBytes ?? 0 > 1 << 20 && look.memoryShare ?? 0 > 0 && look.openFiles ?? 0 > 2)
        #expect(look.gauges.allSatisfy { $0.name.hasPrefix("crossdock_process_") })
    }
}
