// SQLite takes these settings through a function of varying arguments, which Swift cannot call.
int sqlite3_config(int option, ...);

// Has SQLite not count the memory it takes, which costs it a lock for each piece. To be called before anything else of
// SQLite's; later it changes nothing.
static inline int crossdock_sqlite_counts_no_memory(void) { return sqlite3_config(9, 0); }

// How much of what one statement undoes if it fails stays in memory; beyond it goes to a file. Below zero: all of it.
static inline int crossdock_sqlite_statement_journal(int bytes) { return sqlite3_config(26, bytes); }
