import Foundation
import Testing

/// What is shipped for other programs: services, logs, proxies.
@Suite("Samples")
struct SampleTests {
    /// What cannot be checked here, because its program is not on this machine, is said and not counted as good.
    @Test func eachSampleIsTakenByTheProgramItIsFor() throws {
        let answer = try Shell.run("scripts/check-samples 2>&1", in: House.root, timeoutSeconds: 120)

        print(answer.output)
        #expect(answer.status == 0, "\(answer.output)")
        for name in ["nginx", "apache", "logrotate", "systemd", "prometheus", "rules"] {
            #expect(answer.output.contains("samples: \(name) "), "\(answer.output)")
        }
    }

    @Test func eachSampleIsToldOf() {
        let told = House.text("contrib/README.md")
        for path in House.files where path.hasPrefix("contrib/") && path != "contrib/README.md" {
            #expect(told.contains("](\(path.dropFirst("contrib/".count)))"), "\(path)")
        }
    }

    /// A proxy that lets less through than the hub takes would refuse webhooks that the hub could store.
    @Test func proxiesPassOnAtLeastWhatTheHubTakesAndSayWhoCalled() throws {
        let limits = House.text("Sources/WireHTTP/ServerLimits.swift")
        #expect(limits.contains("bodyBytes = 5 << 20"), "the samples say 5 MiB")
        let nginx = House.text("contrib/nginx/crossdock.conf")
        let apache = House.text("contrib/apache/crossdock.conf")

        #expect(nginx.contains("client_max_body_size 6m;") && apache.contains("LimitRequestBody 6291456"))
        #expect(nginx.contains("X-Forwarded-For   $proxy_add_x_forwarded_for;"))
        #expect(nginx.contains("X-Forwarded-Proto $scheme;") && apache.contains("set X-Forwarded-Proto \"https\""))
        #expect(nginx.contains("proxy_buffering off;") && apache.contains("flushpackets=on"))
        for text in [nginx, apache] {
            #expect(!text.lowercased().contains("upgrade"), "the hub has no WebSocket")
            #expect(text.contains("--trusted-proxy 127.0.0.1"))
        }
    }

    @Test func whatTheServiceNamesIsRead() {
        let unit = House.text("contrib/systemd/crossdock.service")
        #expect(unit.contains("ExecStart=/usr/local/bin/crossdock serve\n"))
        let names = unit.split { !$0.isLetter && $0 != "_" }.filter { $0.hasPrefix("CROSSDOCK_") }
        #expect(names == ["CROSSDOCK_DATA"])
    }
}
