import ArgumentParser
import Commerce
import Files
import Pipeline

/// `crossdock customer`
struct CustomerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "customer", abstract: "What is held of one person: show it to him, or erase it.",
        discussion: """
            KEY is the person's e-mail address, his id at a shop or in a book, or the hub's own id.

            Examples: crossdock customer export nimal@example.com --out nimal.json
                      crossdock customer erase nimal@example.com --plan
            """,
        subcommands: [CustomerExportCommand.self, CustomerEraseCommand.self])
}

/// `crossdock customer export`
struct CustomerExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "All that is held of a person, as JSON.",
        discussion: "His record, his orders, their history, what each side shows, and vendors' calls about them.")

    @Argument(help: "An e-mail address, a far id or the hub's id.")
    var key: String
    @Option(help: "The file to write, which must not be there yet (mode 0600); else it is printed.")
    var out: String?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            try await open.hub.checkKey()
            let text = try await open.hub.exportCustomer(key, by: Person.atThisTerminal).text
            await open.close()
            guard let out else { return print(text) }
            try write(text, to: out)
        }
    }

    private func write(_ text: String, to path: String) throws {
        let isNew: Bool
        do throws(FileFailure) {
            let file = try NewFile(path)
            try file.write(Array(text.utf8))
            isNew = try file.putIfNone()
        } catch {
            throw Refusal("the file \(error)")
        }
        guard isNew else { throw Refusal("\(path) is there already; nothing was written") }
        Terminal.note("written to \(path)")
    }
}

/// `crossdock customer erase`
struct CustomerEraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Erase a person: his key is destroyed, and what it sealed with it.",
        discussion: """
            His orders stay, without him. What a book or a shop has of him stays there and is listed; backups made \
            before hold his key. It cannot be taken back: look at it with --plan first.
            """)

    @Argument(help: "An e-mail address, a far id or the hub's id.")
    var key: String
    @Flag(help: "Show what would be erased and what stays, and erase nothing.")
    var plan = false
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            try await open.hub.checkKey()
            let erasure =
                plan
                ? try await open.hub.erasure(of: key)
                : try await open.hub.eraseCustomer(key, by: Person.atThisTerminal)
            await open.close()
            options.json ? print(erasure.json.text) : show(erasure)
        }
    }

    private func show(_ erasure: Erasure) {
        let papers = erasure.papers == 0 ? "" : " and \(erasure.papers) shipments and invoices"
        let what =
            "customer \(erasure.customer), his part of \(erasure.orders) orders\(papers), \(erasure.calls) raw calls"
        if erasure.isErased, plan { print("customer \(erasure.customer) was erased before") }
        print((plan ? "would be erased: " : "erased: ") + what)
        for sentence in erasure.stays { print("stays: \(sentence)") }
        for sentence in erasure.obstacles { print("not now: \(sentence)") }
    }
}
