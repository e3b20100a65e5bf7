import Testing

@testable import Store
@testable import StorePostgres

@Suite("Statements for PostgreSQL")
struct PostgresStatementTests {
    @Test(arguments: [
        ("SELECT ?2, ?1", "SELECT $2, $1", 2), ("id IN {3} AND x = ?1", "id = ANY($3) AND x = $1", 3),
        ("SELECT 'what? {1} IN {2}'", "SELECT 'what? {1} IN {2}'", 0), ("a IN ('x', 'y')", "a IN ('x', 'y')", 0),
    ])
    func marksBecomeThoseOfTheServerAndQuotesStay(text: String, translated: String, count: Int) {
        let statement = PostgresStatement(text)
        #expect(statement.text == translated)
        #expect(statement.parameterCount == count)
    }

    @Test func tablesAreTranslatedWordForWord() {
        let migration = Migration(
            "1",
            """
            CREATE TABLE job (id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, key TEXT, body BLOB) STRICT;
            CREATE TABLE member (a INTEGER NOT NULL, PRIMARY KEY (a)) STRICT, WITHOUT ROWID;
            """)
        #expect(
            migration.postgres == """
                CREATE TABLE job (id bigint NOT NULL, organization_id bigint NOT NULL, PRIMARY KEY \
                (organization_id, id), key text COLLATE "C", body bytea);
                CREATE TABLE member (a bigint NOT NULL, PRIMARY KEY (a));
                """)
    }

    @Test func aNullTakesTheTypeThatIsKnownAndUnusedPlacesHaveOne() {
        var statement = PostgresStatement("UPDATE t SET a = ?1 WHERE b = ?3")
        let parameters = PostgresParameters([.null, .null, .integer(1)])
        #expect(statement.types(for: parameters) == [0, PostgresType.text, PostgresType.integer])
        statement.forms = [.init(name: "s1", types: [PostgresType.bytes, PostgresType.text, PostgresType.integer])]
        #expect(statement.form(for: parameters)?.name == "s1")
        #expect(statement.form(for: PostgresParameters([.text("x"), .null, .integer(1)])) == nil)
    }

    @Test func aRepeatedKeyIsSeenOnlyWhereRowsWouldBeUpdated() {
        let rows: [[SQLValue]] = [[.integer(1), .text("a")], [.integer(1), .text("b")]]
        #expect(Upsert("t", ["id", "name"], key: ["id"], updates: ["name"]).hasRepeatedKey(rows))
        #expect(!Upsert("t", ["id", "name"], key: ["id"]).hasRepeatedKey(rows))
        #expect(!Upsert("t", ["id", "name"], key: ["id", "name"], updates: ["name"]).hasRepeatedKey(rows))
    }

    @Test(arguments: [
        ("23505", false, false), ("40001", true, false), ("40P01", true, false), ("55P03", true, false),
        ("57P01", true, true), ("", true, true), ("25006", true, true), ("53100", false, false),
    ])
    func whatWentWrongIsNamedAfterWhatToDo(state: String, isPassing: Bool, isLost: Bool) {
        let failure = PostgresFailure(state: state, message: "words")
        #expect(failure.isPassing == isPassing)
        #expect(failure.isLost == isLost)
    }
}
