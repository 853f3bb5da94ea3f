// Package sqlstore keeps sessions in a table of a database that an application
// has already: PostgreSQL, MySQL or MariaDB, SQLite. It speaks through
// database/sql, whatever the driver, and needs none itself:
//
//	st, err := sqlstore.Postgres(db, sqlstore.Options{})
//	...
//	err = st.Migrate(ctx) // or the statements of st.Schema() among your own migrations
//
// # What is kept
//
// A session is a row: id, version, expires (Unix time in milliseconds, NULL for
// never), owner ("" for nobody) and data. Ids and owners are compared by their
// bytes: the columns have a binary collation or type. Instants before 1970 are
// kept as 1970, and those after the year 9999 as its last millisecond. There is
// no index besides the primary key, because each write would have to keep it;
// in PostgreSQL rows are updated in place (HOT).
//
// # What is sent
//
// Load, Save and Delete are one statement each, and one round trip: with pgx (its
// own pool, or an application's pgxpool by stdlib.OpenDBFromPool), lib/pq and
// go-sql-driver/mysql. Save is an UPDATE of the row that has the version, or an
// INSERT. At its first use on each connection a statement is prepared, which is one
// round trip more; pgx also asks a connection that was idle for a second whether
// it is alive, and MySQL is asked once whether it commits by itself. Where nothing
// can be prepared, see Options.Direct.
//
// In PostgreSQL calls that come while four of their kind are under way share a
// statement: loads, and with pgx Saves of records that are there.
//
// A Save is never sent again once it may have been applied, even by drivers that
// would have database/sql do so.
//
// # Time
//
// Whether a record has expired is decided by the clock of the process that asks,
// as package store wants it. [Store.Sweep] goes by the database's clock, and
// leaves alone what has expired less than Options.Grace ago. (SQLite has no clock
// of its own but that of the process.)
//
// # Transactions
//
// With [WithTx] a session is kept together with the application's own rows.
//
// The statements do their work at every isolation level that a database may have
// as its default; where MySQL has autocommit switched off, each is a transaction
// of its own, of three round trips.
package sqlstore
