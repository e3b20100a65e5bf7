import CoreMetrics
import Testing

@testable import Telemetry

@Suite("Meters")
struct MetersTests {
    private func lines(_ meters: Meters, _ name: String) -> [String] {
        meters.text.split(separator: "\n").map(String.init).filter { $0.contains(name) }
    }

    @Test func aCounterOfOneNameAndItsLabelsIsOneWhateverTheirOrder() {
        let meters = Meters()
        meters.makeCounter(label: "jobs_total", dimensions: [("queue", "pull"), ("outcome", "dead")]).increment(by: 2)
        meters.makeCounter(label: "jobs_total", dimensions: [("outcome", "dead"), ("queue", "pull")]).increment(by: 3)
        meters.makeCounter(label: "jobs_total", dimensions: []).increment(by: 7)

        #expect(
            lines(meters, "jobs_total") == [
                "# TYPE jobs_total counter", "jobs_total 7", #"jobs_total{outcome="dead",queue="pull"} 5"#,
            ])
    }

    @Test func timesFallIntoTheirBucketsAndAreShownInSeconds() {
        let meters = Meters()
        let timer = meters.makeTimer(label: "wait_seconds", dimensions: [("queue", "pull")])
        for nanoseconds in [1_000_000, 2_000_000, 400_000_000, 7_200_000_000_000] as [Int64] {
            timer.recordNanoseconds(nanoseconds)
        }
        let lines = lines(meters, "wait_seconds")

        #expect(lines[0] == "# TYPE wait_seconds histogram")
        #expect(lines.contains(#"wait_seconds_bucket{queue="pull",le="0.001"} 1"#))
        #expect(lines.contains(#"wait_seconds_bucket{queue="pull",le="0.005"} 2"#))
        #expect(lines.contains(#"wait_seconds_bucket{queue="pull",le="0.1"} 2"#))
        #expect(lines.contains(#"wait_seconds_bucket{queue="pull",le="3600.0"} 3"#))
        #expect(lines.contains(#"wait_seconds_bucket{queue="pull",le="+Inf"} 4"#))
        #expect(lines.contains(#"wait_seconds_sum{queue="pull"} 7200.403"#))
        #expect(lines.last == #"wait_seconds_count{queue="pull"} 4"#)
    }

    @Test func aNameAndALabelCannotBreakTheText() {
        let meters = Meters()
        meters.makeMeter(label: "a-b.c d", dimensions: [("x y", "q\"u\\o\nte")]).set(1.5)

        #expect(lines(meters, "a_b_c_d") == ["# TYPE a_b_c_d gauge", #"a_b_c_d{x_y="q\"u\\o\nte"} 1.5"#])
    }

    @Test func pastTheLimitNothingIsKeptAndThatIsCounted() {
        let meters = Meters()
        for number in 0..<Meters.seriesLimit + 5 {
            meters.makeCounter(label: "many_total", dimensions: [("n", String(number))]).increment(by: 1)
        }

        #expect(lines(meters, "many_total").count == Meters.seriesLimit + 1)
        #expect(lines(meters, "refused").last == "crossdock_series_refused_total 5")
    }

    @Test func whoeverUsesOneNameForTwoThingsBreaksNothing() {
        let meters = Meters()
        meters.makeCounter(label: "thing", dimensions: []).increment(by: 1)
        meters.makeTimer(label: "thing", dimensions: []).recordNanoseconds(1)

        #expect(lines(meters, "thing") == ["# TYPE thing counter", "thing 1"])
        #expect(lines(meters, "refused").last == "crossdock_series_refused_total 1")
    }
}
