import Testing
import Wire

@Suite("Headers")
struct HeaderTests {
    @Test(arguments: ["content-type", "Content-Type", "CONTENT-TYPE", "cOnTeNt-TyPe"])
    func aNameIsFoundWhateverItsCase(name: String) {
        let headers: HTTPHeaders = ["Content-Type": "application/json"]

        #expect(headers[name] == "application/json")
    }

    @Test func aNameMayStandTwiceAndSettingReplacesBoth() {
        var headers = HTTPHeaders()
        headers.add("Set-Cookie", "a")
        headers.add("set-cookie", "b")
        headers.add("Other", "c")
        #expect(headers.list.count == 3)
        #expect(headers["Set-Cookie"] == "a")

        headers["SET-COOKIE"] = "d"
        #expect(headers.list.map(\.value) == ["c", "d"])

        headers["Set-Cookie"] = nil
        #expect(headers["Set-Cookie"] == nil)
        #expect(headers.list.map(\.name) == ["Other"])
    }

    @Test func whatIsFilledInNeverReplacesWhatStandsThere() {
        var headers: HTTPHeaders = ["cache-control": "max-age=60", "X-A": "1"]
        headers.fill(["Cache-Control": "no-store", "X-B": "2", "X": "3"])

        #expect(headers.list.map(\.name) == ["cache-control", "X-A", "X-B", "X"])
        #expect(headers["Cache-Control"] == "max-age=60")
    }

    @Test(arguments: ["\r\n", "\n", "\r", "\u{0}", "\u{7f}", "\u{b}"])
    func aLineBreakNeverMakesASecondHeader(mark: String) {
        var headers = HTTPHeaders()
        headers.add("X-A", "one\(mark)X-B: two")
        headers.add("X-C\(mark)X-D", "three")

        #expect(headers.list.map(\.name) == ["X-A", "X-C"])
        #expect(headers.list.map(\.value) == ["one", "three"])
    }

    @Test func aTabAndOtherLettersStay() {
        let headers: HTTPHeaders = ["X-A": "a\tb é"]

        #expect(headers["x-a"] == "a\tb é")
    }
}

@Suite("Answers")
struct AnswerTests {
    @Test func aJSONAnswerHasItsTypeAndItsBytes() {
        let answer = HTTPResponse.json(["b": 1, "a": [true]] as JSON, status: 202)

        #expect(answer.status == 202)
        #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
        #expect(String(decoding: answer.body, as: UTF8.self) == #"{"a":[true],"b":1}"#)
    }

    @Test func inlineWorkIsDoneWhereItIsCalledAndItsErrorComesThrough() async throws {
        struct Broken: Error {}

        #expect(try await InlineWork().run { 5 } == 5)
        await #expect(throws: Broken.self) { try await InlineWork().run { throw Broken() } }
    }
}
