import Foundation
import Store
import StorePostgres

/// Where the store is, and the folder of what lies beside it.
struct StorePlace: Sendable {
    enum Kind: Sendable {
        case file(String)
        case server(PostgresAddress)
    }

    let kind: Kind
    /// Where the key is looked for, and made when none is given.
    let folder: String

    init(_ options: HubOptions, _ environment: HubEnvironment) throws {
        kind = try Self.kind(options, environment)
        switch kind {
        case .file(let path):
            let above = (path as NSString).deletingLastPathComponent
            folder = above.isEmpty ? "." : above
        case .server: folder = try Self.usualFolder(environment)
        }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Refusal("the folder \(folder) cannot be made: \(error.localizedDescription)")
        }
    }

    /// Opens the store and brings its schema up to date. `isAlone`: on a server its steps fail while anybody else uses
    /// it.
    ///
    /// - Throws: `Refusal`, `StoreFailure`.
    func open(_ migrations: [Migration], isAlone: Bool = false) throws -> any Store {
        switch kind {
        case .file(let path):
            try Self.prepare(path)
            return try SQLiteStore(path: path, migrations: migrations)
        case .server(let address): return try PostgresStore(address, migrations: migrations, isAlone: isAlone)
        }
    }

    /// Brings the schema up to date and says what was done.
    ///
    /// - Throws: `Refusal`, `StoreFailure`.
    func migrate(_ migrations: [Migration]) throws -> SchemaChange {
        switch kind {
        case .file(let path):
            try Self.prepare(path)
            return try SQLiteStore.migrate(path: path, migrations: migrations)
        case .server(let address): return try PostgresStore.migrate(address, migrations: migrations)
        }
    }

    /// The migrations the store has, in order; nil where none is. Nothing is changed.
    ///
    /// - Throws: `StoreFailure`.
    func migrations() throws -> [String]? {
        switch kind {
        case .file(let path): try SQLiteStore.migrations(at: path)
        case .server(let address): try PostgresStore.migrations(at: address)
        }
    }

    /// Whether a store is there that knows with which key it is sealed. Nothing is changed.
    ///
    /// - Throws: `StoreFailure`.
    func isSealed() throws -> Bool {
        switch kind {
        case .file(let path): try SQLiteStore.hasRows("key_check", at: path)
        case .server(let address): try PostgresStore.hasRows("key_check", at: address)
        }
    }

    /// Whether any process has the file of the store open; false on a server.
    ///
    /// - Throws: `StoreFailure`.
    func isOpenInAFile() throws -> Bool {
        guard case .file(let path) = kind else { return false }
        return try SQLiteStore.isOpen(path: path)
    }

    /// What identifies the place, without any secret.
    var words: String {
        switch kind {
        case .file(let path): path
        case .server(let address): address.words
        }
    }

    /// Takes away a store's file that was made in vain.
    func removeFile() {
        guard case .file(let path) = kind else { return }
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
    }

    // MARK: Names of the store

    /// The command line, then the hub's own variables, then the seeds' (C-24).
    ///
    /// - Throws: `Refusal`.
    static func kind(_ options: HubOptions, _ environment: HubEnvironment) throws -> Kind {
        if options.data != nil, options.store != nil {
            throw Refusal("--data and --store both name the store; give one of them")
        }
        if let url = options.store { return try kind(of: url, environment) }
        if let data = options.data { return .file(data + "/crossdock.sqlite") }
        let url = try environment.value(["CROSSDOCK_STORE", "DATABASE_URL"])
        let host = try environment.value(["DB_HOST"])
        guard let url else {
            if let host { return try server(host, environment) }
            return .file(try usualFolder(environment) + "/crossdock.sqlite")
        }
        if host != nil {
            throw Refusal("DB_HOST and CROSSDOCK_STORE (or DATABASE_URL) both name the store; keep one of them")
        }
        let kind = try kind(of: url, environment)
        if case .file(let path) = kind, let data = try environment.value(["CROSSDOCK_DATA"]),
            !path.hasPrefix(data + "/")
        {
            throw Refusal(
                "CROSSDOCK_DATA and CROSSDOCK_STORE (or DATABASE_URL) both name the store; keep one of them, or give "
                    + "--data or --store")
        }
        return kind
    }

    private static func usualFolder(_ environment: HubEnvironment) throws -> String {
        try environment.value(["CROSSDOCK_DATA"])
            ?? FileManager.default.homeDirectoryForCurrentUser.path + "/.crossdock"
    }

    /// The kind of store an address names.
    ///
    /// - Throws: `Refusal`, `StoreFailure` when the address of a server cannot be read.
    static func kind(of url: String, _ environment: HubEnvironment) throws -> Kind {
        for scheme in ["mysql", "mariadb", "mongodb"] where url.hasPrefix(scheme + ":") {
            throw Refusal(
                "\(scheme) is no store of the hub; it keeps its records in SQLite (sqlite:FILE) or PostgreSQL "
                    + "(postgres://USER@HOST/DATABASE)")
        }
        if PostgresAddress.isOne(url) {
            return .server(try address(url, environment))
        }
        for prefix in ["sqlite://", "sqlite:", "file:"] where url.hasPrefix(prefix) {
            let path = String(url.dropFirst(prefix.count))
            guard !path.isEmpty else { throw Refusal("\"\(url)\" names no file; give sqlite:FILE") }
            return .file(path)
        }
        // A slip in an address would else make a store in a file of that name.
        let scheme = url.prefix { $0 != ":" }
        if scheme.count < url.count, scheme.count > 1, scheme.allSatisfy({ $0.isASCII && $0.isLetter || $0 == "+" }) {
            let isSlip = ["postgres", "postgresql"].contains(scheme)
            throw Refusal(
                (isSlip ? "\"\(scheme):\" must be followed by //" : "\"\(scheme)\" is no kind of store")
                    + "; give sqlite:FILE or postgres://USER@HOST/DATABASE")
        }
        return .file(url)
    }

    /// A server named in one text; its password may stand beside it.
    private static func address(_ url: String, _ environment: HubEnvironment) throws -> PostgresAddress {
        let address: PostgresAddress
        do {
            address = try PostgresAddress(url, passwordFile: passwordFile(environment))
        } catch {
            throw Refusal("\(error)")
        }
        guard !address.hasPassword else { return address }
        return try password(environment).map { address.with(password: $0) } ?? address
    }

    /// The replica that is named, beside a store on a server.
    ///
    /// - Throws: `Refusal`.
    static func replica(
        _ option: String?, of place: StorePlace, _ environment: HubEnvironment
    ) throws -> PostgresAddress? {
        guard let url = try option ?? environment.value(["CROSSDOCK_READ_REPLICA"]) else { return nil }
        guard case .server = place.kind, PostgresAddress.isOne(url) else {
            throw Refusal(
                "--read-replica names a standby of a store on PostgreSQL: --store postgres://... --read-replica "
                    + "postgres://USER@STANDBY/DATABASE")
        }
        return try address(url, environment)
    }

    /// A server named in parts.
    private static func server(_ host: String, _ environment: HubEnvironment) throws -> Kind {
        var parts = ["host": host]
        if let port = try environment.value(["DB_PORT"]) {
            parts["port"] = String(try PortNumber.checked(Int(port), "DB_PORT \"\(port)\""))
        }
        parts["user"] = try environment.value(["DB_USERNAME"])
        parts["dbname"] = try environment.value(["DB_NAME"])
        parts["password"] = try password(environment)
        return .server(PostgresAddress(parts, passwordFile: try passwordFile(environment)))
    }

    private static func password(_ environment: HubEnvironment) throws -> String? {
        let password = try environment.value(["DB_PASSWORD"])
        if password != nil, try passwordFile(environment) != nil {
            throw Refusal("DB_PASSWORD and DB_PASSWORD_FILE both name a password; keep one of them")
        }
        return password
    }

    private static func passwordFile(_ environment: HubEnvironment) throws -> String? {
        try environment.value(["CROSSDOCK_STORE_PASSWORD_FILE", "DB_PASSWORD_FILE"])
    }

    /// Makes the store's file, readable by its owner alone: it holds customers' data whatever folder it lies in.
    /// SQLite gives the files beside it the same rights.
    private static func prepare(_ file: String) throws {
        let descriptor = Foundation.open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Refusal("the store \(file) cannot be opened: \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }
}
