import Commerce
import Foundation
import GnuCashBook
import Testing

@testable import crossdock

@Suite("crossdock connect", .serialized)
struct ConnectTests {
    /// Seed 001's settings of a shop, in their documented names.
    static let shop: JSON = [
        "siteUrl": "https://tea.example", "consumerKey": "ck_hidden1", "consumerSecret": "cs_hidden2",
        "webhookSecret": "hidden3", "version": "wc/v3",
        "realTimeConfig": [
            "enabled": true, "batchSize": 50, "maxRetries": 3, "retryDelay": 1000, "conflictStrategy": "timestamp",
        ],
    ]

    /// Seed 000's form of an integration.
    static let books: JSON = [
        "name": "Merchant books", "type": "Sync", "status": "Active",
        "configuration": [
            "gnucash_file_path": "books.gnucash",
            "account_mapping": [
                "sales_account": "Income:Sales", "receivables_account": "Assets:Accounts Receivable",
            ], "auto_create_customers": true, "sync_transactions": true, "sync_frequency": "hourly",
        ],
    ]

    private func changed(_ base: JSON, _ changes: [String: JSON?]) -> JSON {
        var members = base.object ?? [:]
        for (key, value) in changes { members[key] = value }
        return .object(members)
    }

    /// Connects, and says whether anything is connected afterwards.
    private func connect(
        _ connector: String, _ settings: String, _ more: [String] = [], environment: [String: String] = [:],
        file: String? = nil
    ) async throws -> (answer: ProgramAnswer, connected: [JSON]) {
        let program = try Program()
        defer { program.close() }
        let path = try program.write(settings, to: "settings.json")
        if let file { try program.write(file, to: ".env") }
        let answer = try await program.run(
            ["connect", connector, "--config", path] + more, environment: environment)
        try? FileManager.default.removeItem(atPath: program.path(".env"))
        let list = try await program.run(["integrations", "--json"])
        return (answer, try JSON(parsing: list.output).array ?? [])
    }

    @Test func theShopOfSeed001IsConnected() async throws {
        let (answer, connected) = try await connect("woocommerce", Self.shop.text, ["--name", "shop"])

        #expect(answer.status == 0, "\(answer.said)")
        #expect(connected.first?["name"] == "shop")
        #expect(connected.first?["connector"] == "woocommerce")
        #expect(answer.lines.last?.count == 32)
        #expect(!answer.said.contains("hidden"))
    }

    @Test func theBookOfSeed000IsConnectedUnderItsOwnName() async throws {
        let (answer, connected) = try await connect("gnucash", Self.books.text)

        #expect(answer.status == 0, "\(answer.said)")
        #expect(connected.first?["name"] == "Merchant books")
        #expect(connected.first?["connector"] == "gnucash")
    }

    @Test func theShopsVariablesAreEnough() async throws {
        let variables = [
            "WOOCOMMERCE_SITE_URL": "https://tea.example", "WOOCOMMERCE_CONSUMER_KEY": "ck_hidden1",
            "WOOCOMMERCE_CONSUMER_SECRET": "cs_hidden2", "WOOCOMMERCE_WEBHOOK_SECRET": "hidden3",
            "WOOCOMMERCE_VERSION": "wc/v3", "WOOCOMMERCE_BATCH_SIZE": "50", "WOOCOMMERCE_MAX_RETRIES": "3",
            "WOOCOMMERCE_RETRY_DELAY": "1000", "WOOCOMMERCE_ADMIN_EMAIL": "admin@tea.example",
        ]
        let outside = try await connect("woocommerce", "{}", environment: variables)
        let file = variables.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: "\n")
        let inside = try await connect("woocommerce", "{}", file: file)

        for (answer, connected) in [outside, inside] {
            #expect(answer.status == 0, "\(answer.said)")
            #expect(connected.count == 1)
            #expect(!answer.said.contains("hidden"))
        }
    }

    @Test func optionsAddToTheFileAndASecretMayComeFromAFile() async throws {
        let program = try Program()
        defer { program.close() }
        try program.write(changed(Self.shop, ["consumerSecret": nil, "version": nil]).text, to: "shop.json")
        try program.write("cs_hidden2\n", to: "secret")

        let answer = try await program.run([
            "connect", "woocommerce", "--config", "shop.json", "--set", "version=wc/v3", "--set",
            "realTimeConfig.batchSize=20", "--secret", "consumerSecret=@secret", "--every", "60", "--direction",
            "customer=pull", "--policy", "customer.phone=manual", "--json",
        ])

        #expect(answer.status == 0, "\(answer.said)")
        #expect(try JSON(parsing: answer.output)["name"] == "woocommerce")
        #expect(!answer.said.contains("hidden"))
    }

    @Test(arguments: [
        ("{\"siteUrl\": 7}", "\"siteUrl\" must be an http or https address, found 7"),
        ("{\"consumerKey\": 7}", "\"consumerKey\" must be a text"),
        ("{\"consumerSecret\": {\"a\": \"hidden4\"}}", "\"consumerSecret\" must be a text"),
        ("{\"siteUrl\": \"tea.example\"}", "\"siteUrl\" must be an http or https address"),
        ("{\"siteUrl\": \"ftp://tea.example\"}", "\"siteUrl\" must be an http or https address"),
        ("{\"realTimeConfig\": \"on\"}", "\"realTimeConfig\" must be an object"),
        ("{\"realTimeConfig\": {\"batchSize\": \"many\"}}", "\"realTimeConfig.batchSize\" must be a whole number"),
        ("{\"realTimeConfig\": {\"batchSize\": 0}}", "\"realTimeConfig.batchSize\" must be a whole number from 1"),
        ("{\"realTimeConfig\": {\"speed\": 1}}", "unknown setting \"realTimeConfig.speed\""),
        ("{\"batchSize\": 1.5}", "\"batchSize\" must be a whole number"),
        ("{\"batchSize\": 99999999999999999999}", "\"batchSize\" must be a whole number"),
        ("{\"version\": \"wc/v1\"}", "\"version\" must be one of wc/v3"),
        ("{\"batchSize\": 7}", "\"batchSize\" (7) and \"realTimeConfig.batchSize\" (50) differ"),
        ("{\"webhookSecret\": \"hidden & more\"}", "\"webhookSecret\" may hold only letters"),
        ("{\"currency\": \"Rupees\"}", "\"currency\""), ("{\"consumerSecret\": null}", "\"consumerSecret\" is missing"),
        ("{\"consumerSecret\": \"  \"}", "\"consumerSecret\" is missing"),
        ("{\"consumerKeys\": \"ck_hidden9\"}", "unknown setting \"consumerKeys\"; known are siteUrl"),
        ("{\"consumer_key\": \"ck_hidden9\"}", "\"consumerKey\" and \"consumer_key\" are one setting and differ"),
        ("{\"configuration\": {}, \"color\": \"red\"}", "unknown beside \"configuration\": "),
    ])
    func aBadSettingIsRefusedAndNothingConnected(change: String, sentence: String) async throws {
        let changes = try JSON(parsing: change).object ?? [:]
        let settings = changed(Self.shop, changes.mapValues { Optional($0) }).text

        let (answer, connected) = try await connect("woocommerce", settings)

        #expect(answer.status == 2, "\(answer.said)")
        #expect(answer.errors.contains(sentence), "\(answer.said)")
        #expect(answer.output.isEmpty)
        #expect(connected.isEmpty)
        #expect(!answer.said.contains("hidden"), "\(answer.said)")
    }

    @Test(arguments: [
        ("gnucash_file_path", "null", "\"gnucash_file_path\" is missing"),
        ("gnucash_file_path", "7", "\"gnucash_file_path\" must be a text"),
        ("account_mapping", "\"Income\"", "\"account_mapping\" must be an object"),
        ("account_mapping", "{\"sales_account\": \"A\"}", "\"account_mapping.receivables_account\" is missing"),
        ("account_mapping", "{\"sale_account\": \"A\"}", "unknown setting \"account_mapping.sale_account\""),
        ("auto_create_customers", "\"yes\"", "\"auto_create_customers\" must be true or false"),
        (
            "sync_frequency", "\"often\"",
            "\"sync_frequency\" must be hourly, daily, weekly, a number of minutes or a cron line"
        ),
        ("file", "\"other.gnucash\"", "\"gnucash_file_path\" and \"file\" are one setting and differ"),
        ("book_when", "[\"done\"]", "\"book_when\" may name"), ("sync_transaction", "true", "unknown setting"),
    ])
    func aBadSettingOfABookIsRefused(key: String, value: String, sentence: String) async throws {
        let inner = try changed(Self.books["configuration"] ?? [:], [key: JSON(parsing: value)])

        let (answer, connected) = try await connect("gnucash", changed(Self.books, ["configuration": inner]).text)

        #expect(answer.status == 2, "\(answer.said)")
        #expect(answer.errors.contains(sentence), "\(answer.said)")
        #expect(connected.isEmpty)
    }

    @Test(arguments: [
        ("", "settings.json: "), ("<html>", "settings.json: "), ("[1]", "expected settings as a JSON object"),
        ("{\"siteUrl\": \"a\", \"siteUrl\": \"b\"}", "\"siteUrl\" stands there twice"),
        ("{\"siteUrl\": ", "settings.json: "),
    ])
    func aFileThatIsNoSettingsIsRefused(text: String, sentence: String) async throws {
        let (answer, connected) = try await connect("woocommerce", text)

        #expect(answer.status == 2, "\(answer.said)")
        #expect(answer.errors.contains(sentence), "\(answer.said)")
        #expect(connected.isEmpty)
    }

    @Test(arguments: [
        (["--every", "5"], "the shortest is 60 s"), (["--every", "soon"], "expected SECONDS or KIND=SECONDS"),
        (["--every", "spoon=60"], "\"spoon\" is no kind of record"), (["--direction", "up"], "must be pull, push"),
        (["--policy", "manual"], "expected PART=POLICY"), (["--set", "=x"], "given as key=value"),
        (["--policy", "customer.phone=strongest"], "\"strongest\" is no policy"),
        (["--policy", "customer.shoe=manual"], "\"customer.shoe\" is no part"),
        (["--policy", "spoon.size=manual"], "\"spoon.size\" is no part"),
        (["--secret", "consumerSecret=@nowhere"], "the file nowhere for consumerSecret cannot be read"),
        (["--name", ""], "needs a name"), (["--name", "a\u{7}b"], "without control characters"),
    ])
    func aBadOptionIsRefused(options: [String], sentence: String) async throws {
        let (answer, connected) = try await connect("woocommerce", Self.shop.text, options)

        #expect(answer.status == 2, "\(answer.said)")
        #expect(answer.errors.contains(sentence), "\(answer.said)")
        #expect(connected.isEmpty)
    }

    @Test func theEnvironmentMayNotContradictTheFile() async throws {
        for (variable, sentence) in [
            ("WOOCOMMERCE_CONSUMER_KEY", "\"consumerKey\" and \"WOOCOMMERCE_CONSUMER_KEY\" are one setting and differ"),
            ("WOOCOMMERCE_SITE_URL", "\"siteUrl\" and \"WOOCOMMERCE_SITE_URL\" are one setting and differ"),
        ] {
            let value = "https://hidden.example"
            let outside = try await connect("woocommerce", Self.shop.text, environment: [variable: value])
            let inside = try await connect("woocommerce", Self.shop.text, file: "\(variable)=\(value)")
            for (answer, connected) in [outside, inside] {
                #expect(answer.status == 2, "\(answer.said)")
                #expect(answer.errors.contains(sentence), "\(answer.said)")
                #expect(!answer.said.contains("hidden"), "\(answer.said)")
                #expect(connected.isEmpty)
            }
        }
    }

    @Test func aNameTwiceInDotEnvWithTwoValuesIsRefused() async throws {
        let file = "WOOCOMMERCE_CONSUMER_KEY=hidden1\nWOOCOMMERCE_CONSUMER_KEY=hidden2\n"
        let (answer, connected) = try await connect("woocommerce", Self.shop.text, file: file)

        #expect(answer.status == 2)
        #expect(answer.errors.contains("WOOCOMMERCE_CONSUMER_KEY stands there twice with different values"))
        #expect(!answer.said.contains("hidden"))
        #expect(connected.isEmpty)
    }

    @Test func aConnectorThatIsNotThereIsRefusedWithThoseThatAre() async throws {
        let (answer, connected) = try await connect("magento", "{}")

        #expect(answer.status == 2)
        #expect(answer.errors.contains("no connector named \"magento\"; there are: custom, gnucash, woocommerce"))
        #expect(connected.isEmpty)
    }

    @Test func aNameIsGivenOnce() async throws {
        let program = try Program()
        defer { program.close() }
        let path = try program.write(Self.shop.text, to: "shop.json")

        let first = try await program.run(["connect", "woocommerce", "--name", "shop", "--config", path])
        let second = try await program.run(["connect", "woocommerce", "--name", "shop", "--config", path])

        #expect(first.status == 0)
        #expect(second.status == 2 && second.errors.contains("an integration named \"shop\" already"))
    }

    @Test func anIntegrationIsGivenNewSettingsUnderItsNameAndKeepsItsAddress() async throws {
        let program = try Program()
        defer { program.close() }
        let path = try program.write(Self.shop.text, to: "shop.json")
        let command = ["connect", "woocommerce", "--name", "shop", "--config", path]

        let early = try await program.run(command + ["--replace"])
        let first = try await program.run(command)
        let second = try await program.run(command + ["--replace", "--every", "product=600"])
        let other = try await program.run(
            ["connect", "gnucash", "--name", "shop", "--replace", "--set", "gnucash_file_path=/nowhere/a.gnucash"])

        #expect(early.status != 0 && early.errors.contains("no integration named \"shop\""), "\(early.errors)")
        #expect(second.status == 0 && second.output == first.output, "\(second.errors)")
        #expect(other.status != 0 && other.errors.contains("shop is a woocommerce, not a gnucash"), "\(other.errors)")
    }

    @Test func theSeedsOuterFormIsReadAndItsWordsAreChecked() async throws {
        let program = try Program()
        defer { program.close() }
        let form: [String: JSON] = ["name": "shop", "type": "Sync", "status": "Inactive", "configuration": Self.shop]
        let path = try program.write(JSON.object(form).text, to: "outer.json")
        let paused = try await program.run(["connect", "woocommerce", "--config", path])
        let list = try await program.run(["integrations", "--json"])
        #expect(paused.status == 0, "\(paused.errors)")
        #expect(try JSON(parsing: Array(list.output.utf8))[0]?["state"]?.string == "paused", "\(list.output)")

        for (key, word) in [("type", "Nonsense"), ("status", "Asleep")] {
            let wrong = form.merging([key: .string(word), "name": "other"]) { $1 }
            let answer = try await program.run(
                ["connect", "woocommerce", "--config", try program.write(JSON.object(wrong).text, to: "wrong.json")])
            #expect(answer.status == 2 && answer.errors.contains("\"\(key)\" is \"\(word)\""), "\(answer.errors)")
        }
    }

    @Test func whatTheCommandLineNamesBeatsTheEnvironment() async throws {
        let program = try Program()
        defer { program.close() }
        let answer = try await program.run(
            [
                "connect", "woocommerce", "--name", "second", "--set", "siteUrl=https://second.example",
                "--secret", "consumerKey=ck_2", "--secret", "consumerSecret=cs_2",
            ],
            environment: [
                "WOOCOMMERCE_SITE_URL": "https://first.example", "WOOCOMMERCE_CONSUMER_KEY": "ck_1",
                "WOOCOMMERCE_CONSUMER_SECRET": "cs_1",
            ])
        #expect(answer.status == 0, "\(answer.errors)")
    }

    @Test func noSecretLiesReadableInTheStore() async throws {
        let program = try Program()
        defer { program.close() }
        let path = try program.write(Self.shop.text, to: "shop.json")
        _ = try await program.run(["connect", "woocommerce", "--config", path])

        for name in try FileManager.default.contentsOfDirectory(atPath: program.path("hub")) {
            let bytes = try Data(contentsOf: URL(filePath: program.path("hub/\(name)")))
            #expect(bytes.range(of: Data("hidden".utf8)) == nil, "\(name)")
        }
    }

    @Test func aPrivateAddressIsReachedOnlyWhereItIsAllowed() async throws {
        let program = try Program()
        defer { program.close() }
        let settings = changed(Self.shop, ["siteUrl": "http://127.0.0.1:1"])
        let path = try program.write(settings.text, to: "shop.json")
        _ = try await program.run(["connect", "woocommerce", "--name", "shop", "--config", path])

        let refused = try await program.run(["check", "shop", "--json"])
        let allowed = try await program.run(
            ["check", "shop"], environment: ["CROSSDOCK_ALLOW_PRIVATE_HOSTS": "127.0.0.1"])

        #expect(refused.status == 1 && allowed.status == 1)
        #expect(try JSON(parsing: refused.output)["ok"] == false)
        #expect(refused.errors.contains("private"), "\(refused.said)")
        #expect(!allowed.errors.contains("private"), "\(allowed.said)")
    }
}
