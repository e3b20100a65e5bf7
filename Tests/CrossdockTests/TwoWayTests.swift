import Commerce
import Foundation
import GnuCashBook
import Testing

@testable import crossdock

/// The whole way by the commands alone: a stand-in shop, a book, and every order in it once.
@Suite("A shop and its books, by commands", .serialized)
struct TwoWayTests {
    private struct Scene {
        let program: Program
        let standIn: RunningProgram
        let shop: ShopVisitor

        init() async throws {
            var program = try Program()
            program.environment["CROSSDOCK_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
            self.program = program
            standIn = try program.start([
                "sandbox", "woocommerce", "--port", "0", "--products", "15", "--customers", "8", "--orders", "12",
            ])
            shop = ShopVisitor(url: "http://127.0.0.1:\(try await standIn.port())")
            try await connect("woocommerce", "shop", shop.settings)
        }

        func close() {
            standIn.send(SIGKILL)
            program.close()
        }

        func connect(_ connector: String, _ name: String, _ settings: JSON) async throws {
            let file = try program.write(settings.text, to: "\(name).json")
            _ = try await done(["connect", connector, "--name", name, "--config", file])
        }

        /// Runs a command that must go well.
        func done(_ arguments: [String]) async throws -> String {
            let answer = try await program.run(arguments, timeoutSeconds: 120)
            try #require(answer.status == 0, "\(arguments): \(answer.said)")
            return answer.output
        }

        func json(_ arguments: [String]) async throws -> JSON { try JSON(parsing: await done(arguments + ["--json"])) }

        func digest() async throws -> JSON { try JSON(parsing: await Web.get(shop.url + "/_sandbox/digest").body) }
    }

    @Test func aPlanChangesNothingAndASecondSyncFindsNothingChanged() async throws {
        let scene = try await Scene()
        defer { scene.close() }
        let shopBefore = try await scene.digest()

        #expect(try await scene.json(["check", "shop"])["ok"] == true)
        let plan = try await scene.json(["sync", "shop", "--plan"])
        #expect(plan["pulled"]?.array?.isEmpty == false)
        #expect(try await scene.json(["status"])["records"] == [:])
        #expect(try await scene.done(["sync", "shop", "--plan"]).contains("would be taken from shop: "))

        let first = try await scene.json(["sync", "shop"])
        #expect(first["counts"]?["created"]?.integer ?? 0 > 15)
        #expect(first["counts"]?["rejected"] == 0)
        let records = try await scene.json(["status"])["records"]
        #expect(records?["order"] == 12)
        #expect(records?["customer"]?.integer ?? 0 >= 8)

        let second = try await scene.json(["sync", "shop", "--force"])["counts"]
        #expect(second?["created"] == 0)
        #expect(second?["updated"] == 0)
        #expect(second?["unchanged"] == first["counts"]?["created"])
        #expect(try await scene.json(["status"])["records"] == records)
        #expect(try await scene.digest() == shopBefore)
    }

    @Test func explainSaysWhereAPriceCameFrom() async throws {
        let scene = try await Scene()
        defer { scene.close() }
        let sku = try #require(try await scene.shop.skus().first)
        _ = try await scene.done(["sync", "shop"])
        try await scene.shop.act("price", ["sku": .string(sku), "price": "1234.50"])
        let counts = try await scene.json(["sync", "shop"])["counts"]
        #expect(counts?["created"] == 0)
        #expect(counts?["updated"] == 1)

        let explained = try await scene.json(["explain", "product", sku, "--field", "price"])

        let part = try #require(explained["parts"]?.array?.first)
        #expect(explained["parts"]?.array?.count == 1)
        #expect(part["part"] == "price")
        #expect(part["value"]?["regular"] == "1234.50 LKR")
        #expect(part["origin"] == "shop")
        #expect(part["history"]?.array?.isEmpty == false)
        #expect(try await scene.done(["explain", "product", sku]).contains("price = "))
        let nothing = try await scene.program.run(["explain", "product", sku, "--field", "colour"])
        #expect(nothing.status == 2 && nothing.errors.contains("has no part \"colour\""), "\(nothing.said)")
    }

    @Test(arguments: BookForm.allCases)
    func everyOrderThatCountsIsInTheBookOnceAndNothingMovesAgain(form: BookForm) async throws {
        let scene = try await Scene()
        defer { scene.close() }
        let path = scene.program.path("books.gnucash")
        var chance = SystemRandomNumberGenerator()
        _ = try BookFile.create(path, form: form, currency: "LKR", using: &chance)
        try await scene.connect("gnucash", "books", KillLoop.bookSettings(path))

        #expect(try await scene.done(["check", "books"]).isEmpty == false)
        _ = try await scene.done(["sync", "shop"])
        _ = try await scene.done(["sync", "books"])
        let written = try Data(contentsOf: URL(filePath: path))

        let book = try BookFile.open(path).book
        let numbers = book.invoices.filter { !$0.isCreditNote }.compactMap(DemoVerdict.orderNumber).sorted()
        let counted = try await ["processing", "completed", "refunded"].asyncFlatMap {
            try await scene.shop.all("/orders?status=\($0)").compactMap { $0["number"]?.string }
        }
        #expect(!counted.isEmpty)
        #expect(numbers == counted.sorted())
        #expect(try RealEngine.problems(of: path) == [])

        // The first look at what was written learns the parts that only the book has; after that nothing is new.
        _ = try await scene.done(["sync", "books", "--force"])
        for name in ["shop", "books"] {
            let counts = try await scene.json(["sync", name, "--force"])["counts"]
            #expect(counts?["created"] == 0 && counts?["updated"] == 0, "\(name): \(counts?.text ?? "")")
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == written)
        // What was sold before the shop's orders were first read is looked at once more there; nothing else waits.
        let waiting = try #require(try await scene.json(["jobs"]).array)
        #expect(
            waiting.allSatisfy { $0["queue"] == "fetch" && $0["integration"] == "shop" && $0["attempt"] == 0 },
            "\(waiting.map(\.text))")
    }

    @Test func aBookThatIsNoneIsRefusedAndLeftAsItIs() async throws {
        let scene = try await Scene()
        defer { scene.close() }
        let text = String(repeating: "name,price\nTea,12.50\n", count: 40)
        let path = try scene.program.write(text, to: "prices.csv")
        try await scene.connect("gnucash", "books", KillLoop.bookSettings(path))

        let check = try await scene.program.run(["check", "books"])
        let sync = try await scene.program.run(["sync", "books"])

        #expect(check.status == 1 && check.errors.contains("prices.csv"), "\(check.said)")
        #expect(sync.status == 1, "\(sync.said)")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
}

extension Sequence {
    fileprivate func asyncFlatMap<Value>(_ transform: (Element) async throws -> [Value]) async throws -> [Value] {
        var all: [Value] = []
        for element in self { all += try await transform(element) }
        return all
    }
}
