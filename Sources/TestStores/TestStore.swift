import Foundation
import Store
import StorePostgres

/// A store of its own for one test: on SQLite, or on the PostgreSQL server that `POSTGRES_FOR_TESTS` names. The
/// suites that use it are run once with each.
public enum TestStore {
    /// Where a test's store is. Several stores may be opened at one place, as several processes would.
    public struct Place: Sendable {
        private let file: String
        private let schema: String
        /// The address of the server, which may take its time where many tests ask at once; nil on SQLite.
        public let server: String?

        /// A place where nothing is yet.
        public init() {
            let name = UUID().uuidString.lowercased().replacing("-", with: "")
            schema = "test_" + name
            file = NSTemporaryDirectory() + "crossdock-" + name + ".sqlite"
            let server = ProcessInfo.processInfo.environment["POSTGRES_FOR_TESTS"] ?? ""
            self.server = server.isEmpty ? nil : server + (server.contains("?") ? "&" : "?") + "connect_timeout=60"
        }

        /// Whether this is a PostgreSQL server.
        public var isPostgres: Bool { server != nil }

        /// The address of the store.
        public var url: String {
            guard let server else { return file }
            return server + "&options=-csearch_path%3D\(schema)"
        }

        /// Opens the store, made where it is not there.
        ///
        /// - Throws: `StoreFailure`.
        public func open(_ migrations: [Migration]) throws -> any Store {
            guard server != nil else { return try SQLiteStore(path: file, migrations: migrations) }
            try make()
            return try PostgresStore(try PostgresAddress(url), migrations: migrations)
        }

        /// Opens a store without threads.
        ///
        /// - Throws: `StoreFailure`.
        public func openInline(_ migrations: [Migration]) throws -> any InlineStore {
            guard let server else { return try InlineSQLiteStore(migrations: migrations) }
            return try InlinePostgresStore(onServer: server, schema: schema, migrations: migrations)
        }

        /// Makes the place on a server, without a store in it.
        ///
        /// - Throws: `StoreFailure`.
        public func make() throws {
            guard let server else { return }
            try PostgresStore.run("CREATE SCHEMA IF NOT EXISTS \(schema)", at: try PostgresAddress(server))
        }

        /// Takes away the files of an SQLite store. A server of tests is taken away as a whole.
        public func remove() {
            for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + end) }
        }
    }
}
