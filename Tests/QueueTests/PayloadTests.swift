import Store
import Testing

@testable import Queue

@Suite("Payloads nobody can work with")
struct PayloadTests {
    private static let start = QueueStage.start

    @Test func oneOfAMegabyteIsNotPutOnTheQueue() async throws {
        try await QueueStage.once { table, ids throws in
            let large: JSON = ["x": .string(String(repeating: "x", count: 1 << 20))]
            let refusal = #expect(throws: PayloadRefusal.self) {
                try table.add([newJob("7", .task, kind: nil, payload: large)], ids: &ids, now: Self.start)
            }
            #expect(refusal?.description.contains("a job carries at most 65536") == true)
            #expect(try table.counts().isEmpty)
        }
    }

    @Test func oneOfALaterVersionIsNotPutOnTheQueue() async throws {
        try await QueueStage.once { table, ids throws in
            #expect(throws: PayloadRefusal.unknownVersion("2", known: 1)) {
                try table.add([newJob("7", payload: ["v": 2])], ids: &ids, now: Self.start)
            }
            try table.add([newJob("7", payload: ["v": 1])], ids: &ids, now: Self.start)
        }
    }

    /// Rows another program, or a newer Crossdock, has written: each is given up with its reason, the rest goes on.
    @Test(arguments: [
        ("{\"v\": 9}", "of version 9"), ("{\"cut", "not JSON"), ("", "not JSON"), ("[1]", "null or a JSON object"),
        ("\"" + String(repeating: "x", count: 70_000) + "\"", "at most 65536"),
    ])
    func aStoredOneThatCannotBeReadIsGivenUpAndHoldsUpNoOther(text: String, expected: String) async throws {
        try await QueueStage.once { table, ids throws in
            try table.add([newJob("bad", priority: 0), newJob("good")], ids: &ids, now: Self.start)
            try table.session.run(
                "UPDATE job SET payload = ?1 WHERE organization_id = 1 AND key = 'bad'", [.text(text)])
            #expect(try table.take(work(), limit: 2, owner: "me", now: Self.start).map(\.key) == ["good"])
            let letter = try #require(try table.deadLetters().first)
            #expect(letter.key == "bad")
            #expect(letter.errorClass == "payload")
            #expect(letter.error.contains(expected), "\(letter.error)")
            #expect(letter.payload == text)
        }
    }

    @Test func workNobodyKnowsIsGivenUpWithItsWordsAndTheRestGoesOn() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add(
                [newJob("1"), newJob("2", at: Self.start + 60), newJob("3"), newJob("4")], ids: &ids, now: Self.start)
            try table.session.run("UPDATE job SET kind = 'planet' WHERE organization_id = 1 AND key IN ('1', '2')", [])
            try table.session.run("UPDATE job SET queue = 'teleport' WHERE organization_id = 1 AND key = '3'", [])
            #expect(try table.due(at: Self.start).map(\.operation) == ["deliver product"])
            #expect(try table.giveUpUnknown(now: Self.start) == 3)
            #expect(try table.giveUpUnknown(now: Self.start) == 0)
            let letters = try table.deadLetters()
            #expect(Set(letters.map(\.key)) == ["1", "2", "3"])
            #expect(letters.first { $0.key == "3" }?.queue == "teleport")
            #expect(letters.first { $0.key == "1" }?.error.contains("\"deliver\" of \"planet\"") == true)
            #expect(throws: PayloadRefusal.unknownWork("teleport product")) {
                try table.editDead(
                    letters.first { $0.key == "3" }?.id ?? 0, payload: Array("null".utf8), now: Self.start)
            }
            #expect(try table.claim(work(), limit: 9, owner: "me", now: Self.start).map(\.key) == ["4"])
        }
    }

    @Test func aLaneGoesOnBehindWorkNobodyKnows() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add([newJob("1", lane: "k"), newJob("2", lane: "k")], ids: &ids, now: Self.start)
            try table.session.run("UPDATE job SET queue = 'teleport' WHERE organization_id = 1 AND key = '1'", [])
            #expect(try table.claim(work(), limit: 9, owner: "me", now: Self.start).isEmpty)
            try table.giveUpUnknown(now: Self.start)
            #expect(try table.claim(work(), limit: 9, owner: "me", now: Self.start).map(\.key) == ["2"])
        }
    }
}
