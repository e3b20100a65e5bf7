import CPostgres
import Foundation
import Store

/// One connection, owned by the thread that made it.
///
/// Statements are sent in libpq's pipeline mode: they queue up until somebody needs an answer, so that what nobody
/// waits for costs no trip of its own. Each text is prepared once.
final class PostgresConnection {
    /// What a statement gave.
    struct Answer {
        var rows: [Row] = []
        /// How many rows it changed.
        var changed = 0
        /// What the server calls it: `COMMIT`, `UPDATE 3`.
        var tag = ""
    }

    /// What is wanted of a statement.
    enum Want {
        case nothing
        /// Nothing, and what it changed counts for nobody: the store's own rows.
        case unseen
        case tag
        case rows
    }

    private enum Due {
        case answer(Want)
        case prepared(sql: String, form: Int)
        case described(sql: String, form: Int)
        case end
    }

    private let handle: OpaquePointer
    private var statements: [String: PostgresStatement] = [:]
    private var formCount = 0
    private var due: [Due] = []
    /// How many rows all its statements so far have inserted, updated or deleted.
    private(set) var changed = 0
    /// How long an answer is waited for, in milliseconds; nil for ever. A server that stands still while the network
    /// goes on confirms every byte and says nothing: nobody but who waits can notice.
    var answerMilliseconds: Int?

    /// How many statements stay prepared. The hub's own are fewer; what people ask in many variants starts anew then.
    static let preparedLimit = 1_000
    /// How many statements are on their way at most before their answers are read.
    static let sendLimit = 256
    /// How long one wait for a lock, and a step that does nothing may take, in milliseconds.
    static let (lockMilliseconds, idleMilliseconds) = (15_000, 10_000)
    /// How much longer than a statement may take its answer is waited for, in milliseconds.
    static let answerMarginMilliseconds = 5_000

    /// Connects.
    ///
    /// - Throws: `PostgresFailure`.
    init(_ address: PostgresAddress) throws {
        let settings = try address.connectionSettings()
        let keywords = settings.map { strdup($0.keyword) }
        let values = settings.map { strdup($0.value) }
        defer { (keywords + values).forEach { free($0) } }
        let names: [UnsafePointer<CChar>?] = keywords.map { UnsafePointer($0) } + [nil]
        let texts: [UnsafePointer<CChar>?] = values.map { UnsafePointer($0) } + [nil]
        guard let handle = PQconnectdbParams(names, texts, 0) else {
            throw PostgresFailure(state: "", message: "libpq has no memory for a connection")
        }
        guard PQstatus(handle) == CONNECTION_OK else {
            let message = String(cString: PQerrorMessage(handle))
            PQfinish(handle)
            throw PostgresFailure(state: "", message: address.sentence(for: message))
        }
        self.handle = handle
        StoreConnections.open()
        answerMilliseconds = address.statementMilliseconds + Self.answerMarginMilliseconds
        // The server's notices are not for standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        try script(
            """
            SET statement_timeout = \(address.statementMilliseconds); SET lock_timeout = \(Self.lockMilliseconds);
            SET idle_in_transaction_session_timeout = \(Self.idleMilliseconds);
            SET client_connection_check_interval = 2000; SET jit = off;
            \(PostgresAddress.serversPatience)
            """)
    }

    deinit {
        PQfinish(handle)
        StoreConnections.close()
    }

    /// The server's version as a number: 150018.
    var serverVersion: Int { Int(PQserverVersion(handle)) }

    /// What the server calls this connection's process.
    var processID: Int32 { PQbackendPID(handle) }

    /// Waits for what others notify, at most that long. Gives the processes they came from.
    ///
    /// - Throws: `PostgresFailure`.
    func notified(withinMilliseconds limit: Int32) throws -> [Int32] {
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, limit)
        guard PQconsumeInput(handle) == 1 else { throw lost() }
        var senders: [Int32] = []
        while let note = PQnotifies(handle) {
            senders.append(note.pointee.be_pid)
            PQfreemem(note)
        }
        return senders
    }

    /// Runs a text of several statements, for the schema.
    ///
    /// - Throws: `PostgresFailure`.
    func script(_ sql: String) throws {
        try finish()
        if PQpipelineStatus(handle) != PQ_PIPELINE_OFF { PQexitPipelineMode(handle) }
        defer { PQenterPipelineMode(handle) }
        guard PQsendQuery(handle, sql) == 1 else { throw lost() }
        // The answers to all its statements come together, at its end.
        let count = max(1, sql.utf8.count { $0 == UInt8(ascii: ";") })
        var first: PostgresFailure?
        while let result = try next(waitingFor: count) {
            defer { PQclear(result) }
            let status = PQresultStatus(result)
            if status != PGRES_COMMAND_OK, status != PGRES_TUPLES_OK, status != PGRES_EMPTY_QUERY {
                first = first ?? failure(result)
            }
        }
        if let first { throw first }
    }

    // MARK: Sending

    /// Queues a statement. Its answer comes with the next `finish()`, as does its failure.
    ///
    /// - Throws: `PostgresFailure`.
    func send(_ sql: String, _ parameters: PostgresParameters = PostgresParameters([]), _ want: Want = .nothing) throws
    {
        let form = try prepared(sql, parameters)
        let isSent = parameters.bytes.withUnsafeBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            var (values, lengths): ([UnsafePointer<CChar>?], [Int32]) = ([], [])
            for place in parameters.places {
                values.append(place.range.flatMap { range in start.map { $0 + range.lowerBound } })
                lengths.append(Int32(truncatingIfNeeded: place.range?.count ?? 0))
            }
            let formats = [Int32](repeating: 1, count: values.count)
            return PQsendQueryPrepared(handle, form.name, Int32(values.count), values, lengths, formats, 1) == 1
        }
        guard isSent else { throw lost() }
        due.append(.answer(want))
    }

    private func prepared(_ sql: String, _ parameters: PostgresParameters) throws -> PostgresStatement.Form {
        var statement = statements[sql] ?? PostgresStatement(sql)
        if let form = statement.form(for: parameters) { return form }
        if formCount >= Self.preparedLimit { try forgetPrepared() }
        formCount += 1
        let form = PostgresStatement.Form(name: "s\(formCount)", types: statement.types(for: parameters))
        guard PQsendPrepare(handle, form.name, statement.text, Int32(form.types.count), form.types) == 1 else {
            throw lost()
        }
        due.append(.prepared(sql: sql, form: statement.forms.count))
        if form.types.contains(0) {
            guard PQsendDescribePrepared(handle, form.name) == 1 else { throw lost() }
            due.append(.described(sql: sql, form: statement.forms.count))
        }
        statement.forms.append(form)
        statements[sql] = statement
        return form
    }

    private func forgetPrepared() throws {
        try finish()
        statements = [:]
        formCount = 0
        try script("DEALLOCATE ALL")
    }

    /// Whether so much is on its way that answers should be read before more is sent.
    var isFull: Bool { due.count >= Self.sendLimit }

    /// Sends what is queued without waiting for the answers; they are read before the next statement's.
    ///
    /// - Throws: `PostgresFailure`.
    func push() throws {
        guard PQpipelineSync(handle) == 1, PQflush(handle) == 0 else { throw lost() }
        due.append(.end)
    }

    // MARK: Answers

    /// Sends what is queued and waits for all answers. Gives those that were wanted.
    ///
    /// - Throws: `PostgresFailure`, the first; what was queued behind it was not done.
    @discardableResult
    func finish() throws -> [Answer] {
        guard !due.isEmpty else { return [] }
        if case .end? = due.last {} else { try push() }
        let expected = due
        due = []
        var answers: [Answer] = []
        var first: PostgresFailure?
        for thing in expected {
            guard let result = try next() else { throw first ?? lost() }
            defer { PQclear(result) }
            if case .end = thing { continue }
            do {
                try take(result, thing, &answers)
            } catch {
                first = first ?? error
                forget(thing)
            }
            while let more = try next() { PQclear(more) }
            if PQstatus(handle) == CONNECTION_BAD { throw first ?? lost() }
        }
        if let first { throw first }
        return answers
    }

    /// The next answer, once it is there; nil at the end of what one statement gave.
    private func next(waitingFor statements: Int = 1) throws(PostgresFailure) -> OpaquePointer? {
        let start = DispatchTime.now().uptimeNanoseconds
        while let limit = answerMilliseconds, PQisBusy(handle) == 1 {
            let left = limit * statements - Int((DispatchTime.now().uptimeNanoseconds - start) / 1_000_000)
            guard left > 0 else {
                throw PostgresFailure(
                    state: "", message: "PostgreSQL has not answered for \(limit * statements / 1000) s; it is given up"
                )
            }
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            poll(&descriptor, 1, Int32(clamping: left))
            // What went wrong is said by the answer.
            guard PQconsumeInput(handle) == 1 else { break }
        }
        return PQgetResult(handle)
    }

    private func take(
        _ result: OpaquePointer, _ thing: Due, _ answers: inout [Answer]
    ) throws(PostgresFailure) {
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else { throw failure(result) }
        switch thing {
        case .answer(.nothing): changed += Self.changed(by: result)
        case .answer(.unseen), .prepared, .end: break
        case .described(let sql, let form):
            let types = (0..<PQnparams(result)).map { PQparamtype(result, $0) }
            if statements[sql]?.forms.indices.contains(form) ?? false { statements[sql]?.forms[form].types = types }
        case .answer(let want):
            var answer = Answer(tag: String(cString: PQcmdStatus(result)))
            answer.changed = Int(String(cString: PQcmdTuples(result))) ?? 0
            changed += Self.changed(by: result)
            if want == .rows { answer.rows = try rows(result) }
            answers.append(answer)
        }
    }

    /// How many rows a statement inserted, updated or deleted; what it only showed are none.
    private static func changed(by result: OpaquePointer) -> Int {
        let first = PQcmdStatus(result).map { UInt8(bitPattern: $0.pointee) }
        guard first.map("IUD".utf8.contains) ?? false else { return 0 }
        return Int(String(cString: PQcmdTuples(result))) ?? 0
    }

    /// What was not prepared after all is not known any more.
    private func forget(_ thing: Due) {
        guard case .prepared(let sql, _) = thing else { return }
        statements[sql] = nil
    }

    private func rows(_ result: OpaquePointer) throws(PostgresFailure) -> [Row] {
        let columns = 0..<PQnfields(result)
        let types = columns.map { PQftype(result, $0) }
        var cells: [SQLValue] = []
        cells.reserveCapacity(Int(PQntuples(result)) * types.count)
        for row in 0..<PQntuples(result) {
            for column in columns {
                guard PQgetisnull(result, row, column) == 0 else {
                    cells.append(.null)
                    continue
                }
                let start = UnsafeRawPointer(PQgetvalue(result, row, column))
                let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, column)))
                guard let value = PostgresValue.read(bytes, as: types[Int(column)]) else {
                    throw PostgresFailure(
                        state: "42804", message: "column \(column + 1) is of a type the hub does not read")
                }
                cells.append(value)
            }
        }
        return Row.all(cells, width: types.count)
    }

    // MARK: What went wrong

    private func failure(_ result: OpaquePointer?) -> PostgresFailure {
        guard PQstatus(handle) == CONNECTION_OK || PQresultStatus(result) == PGRES_FATAL_ERROR else { return lost() }
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        if PQresultStatus(result) == PGRES_PIPELINE_ABORTED {
            return PostgresFailure(state: "25P02", message: "an earlier statement failed")
        }
        let words = field("M") ?? String(cString: PQerrorMessage(handle))
        let detail = field("D").map { ": \($0)" } ?? ""
        return PostgresFailure(state: field("C") ?? "", message: words + detail)
    }

    private func lost() -> PostgresFailure {
        let words = String(cString: PQerrorMessage(handle)).split(whereSeparator: \.isNewline).first.map(String.init)
        return PostgresFailure(state: "", message: words ?? "the connection to PostgreSQL was lost")
    }
}
