import Commerce
import Identity
import Testing
import Wire

@testable import Console
@testable import Pipeline

/// How much of persons who is told.
@Suite("Console: who is told of persons")
struct SightTests {
    /// What stands in a text of what is to be looked for.
    private func found(_ texts: [String], in text: String) -> [String] {
        texts.filter { text.lowercased().contains($0.lowercased()) }
    }

    /// Over all addresses that a viewer may read, by the table of addresses: one that comes later is tried, too.
    @Test func whoMayOnlySeeReadsNothingOfAPersonAtAnyAddress() async throws {
        let scene = try await SightScene()
        defer { scene.stage.place.remove() }
        let addresses = try scene.addresses(with: Role.viewer.permissions)
        #expect(addresses.count > 60)

        for address in addresses {
            let (status, text) = try await scene.answer(address, .viewer)
            let isThere = !["/batches/1", "/callback", "/authorization"].contains { address.hasSuffix($0) }
            #expect(!isThere || status == 200, "\(address): \(status) \(text.prefix(200))")
            #expect(found(SightScene.markers, in: text) == [], "\(address): \(text)")
        }
        await scene.stage.close()
    }

    /// Who works on what waits reads what far sides said, and finds out which record is meant.
    @Test func whoOperatesReadsSentencesAndNoNames() async throws {
        let scene = try await SightScene()
        defer { scene.stage.place.remove() }

        for address in ["/", "/events"] {
            let text = try await scene.answer(address, .operator).text
            #expect(text.contains("customer 1001") && text.contains(Sight.withheld), "\(address)")
            #expect(text.contains("Zzname: no such street") && !text.contains("Zoe Zzname"), "\(address)")
        }
        let job = try await scene.stage.ask("GET", "/api/jobs/501", role: .operator)
        #expect(job.json["data"]?["title"] == "customer 1001")
        #expect(job.json["data"]?["reason"]?.string?.contains("Zzname lives at") ?? false, "\(job.text)")
        #expect(job.json["data"]?["why"]?.string?.contains("Zzname lives at") ?? false, "\(job.text)")
        for address in try scene.addresses(with: Role.operator.permissions) {
            let (status, text) = try await scene.answer(address, .operator)
            #expect(status < 500 && !text.contains("Zoe Zzname"), "\(address): \(text)")
        }
        await scene.stage.close()
    }

    @Test func whoMayExportACustomerSeesHimByHisName() async throws {
        let scene = try await SightScene()
        defer { scene.stage.place.remove() }

        for address in ["/", "/events"] {
            let text = try await scene.answer(address, .admin).text
            #expect(text.contains("Zoe Zzname") && text.contains(SightScene.phone), "\(address)")
        }
        for address in ["/api/jobs?state=dead", "/api/jobs/501", "/api/guard"] {
            #expect(try await scene.answer(address, .admin).text.contains("Zoe Zzname"), "\(address)")
        }
        for address in ["/api/jobs/503", "/api/webhooks/incoming", "/deliveries", "/api/records/1001"] {
            #expect(try await scene.answer(address, .admin).text.contains(SightScene.email), "\(address)")
        }
        await scene.stage.close()
    }

    /// A record is found by its number, and what stands in its way in a word.
    @Test func whoMayOnlySeeFindsOutWhichRecordIsMeant() async throws {
        let scene = try await SightScene()
        defer { scene.stage.place.remove() }

        let dead = try await scene.stage.ask("GET", "/api/jobs?state=dead", role: .viewer)
        let held = try await scene.stage.ask("GET", "/api/jobs/502", role: .viewer)
        let guarded = try await scene.stage.ask("GET", "/api/guard", role: .viewer)

        #expect(dead.json["data"]?[0]?["title"] == "customer 1001")
        #expect(dead.json["data"]?[0]?["reason"] == .string("refused: \(Sight.unsaid)"))
        #expect(held.json["data"]?["title"] == "7001", "\(held.text)")
        #expect(held.json["data"]?["why"] == .string("it waits for a person: refused: \(Sight.unsaid)"))
        #expect(guarded.json["data"]?[0]?["examples"]?[0]?["title"] == "customer 1001", "\(guarded.text)")
        await scene.stage.close()
    }

    /// Pages that are renewed for several who see different things are not mixed up.
    @Test func anOpenPageIsRenewedForEachByWhatHeSees() async throws {
        let asking = try await Asking()
        let (viewer, admin) = (try await asking.token(.viewer), try await asking.token(.admin))
        var seen = try #require(await asking.ask("GET", "/events", token: viewer).stream).makeAsyncIterator()
        var all = try #require(await asking.ask("GET", "/events", token: admin).stream).makeAsyncIterator()
        for _ in 0..<LiveDeskTests.opening { _ = (await seen.next(), await all.next()) }

        asking.hub.set { state in
            state.overview.changes[4].new = "+94 11 200 0003"
            state.overview.changes[0].title = "Green tea"
        }
        await asking.console.desk.look()

        let (told, whole) = (String(decoding: await seen.next() ?? [], as: UTF8.self), await all.next() ?? [])
        #expect(told.contains("Green tea") && told.contains("customer 901") && told.contains(Sight.withheld))
        #expect(!told.contains("Nadeesha") && !told.contains("200 0003"))
        let text = String(decoding: whole, as: UTF8.self)
        #expect(text.contains("Green tea") && text.contains("Nadeesha Perera") && text.contains("200 0003"))
    }

    @Test func whoIsToldHowMuchGoesByWhatHeMayDo() {
        let sights = Role.allCases.map { Sight($0.permissions) }
        #expect(sights == [.persons, .sentences, .things, .things])
        #expect(Group.wellKnown.map { Sight($0.permissions) } == [.things, .sentences, .things])
    }
}
