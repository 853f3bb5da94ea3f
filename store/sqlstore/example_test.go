package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// How db was opened is the application's affair: with pgx, lib/pq,
// go-sql-driver/mysql, or a driver of SQLite.
var db *sql.DB

func ExamplePostgres() {
	st, err := sqlstore.Postgres(db, sqlstore.Options{Schema: "web", Table: "sessions"})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := st.Migrate(ctx); err != nil { // however many replicas start at once
		log.Fatal(err)
	}
	if err := st.Check(ctx); err != nil {
		log.Println(err) // advice, for whoever runs the database
	}
	go func() { log.Println(store.SweepEvery(ctx, st, 10*time.Minute)) }()
	// session.New(st, session.Options{})
}

func ExampleMySQL() {
	// With interpolateParams=true in the DSN nothing need be prepared.
	st, err := sqlstore.MySQL(db, sqlstore.Options{Direct: true, Grace: time.Hour, Timeout: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(st.Create(context.Background()))
}

func ExampleSQLite() {
	db := sql.OpenDB(new(fake)) // sql.Open("sqlite", "file:sessions.db?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)")
	defer db.Close()
	st, err := sqlstore.SQLite(db, sqlstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range st.Schema() {
		fmt.Println(text)
	}
	_, err = sqlstore.SQLite(db, sqlstore.Options{Table: "sqlite_sessions", Grace: -time.Minute})
	fmt.Println(err)
	// Output:
	// CREATE TABLE IF NOT EXISTS "sojourn_sessions" (
	// 	id TEXT NOT NULL PRIMARY KEY,
	// 	version INTEGER NOT NULL,
	// 	expires INTEGER,
	// 	owner TEXT NOT NULL,
	// 	data BLOB NOT NULL
	// ) STRICT
	// sqlstore: Options.Table is "sqlite_sessions": SQLite keeps names that begin with sqlite_ for itself
	// sqlstore: Options.Grace is -1m0s: leave it 0 for 5m0s, or give a nanosecond for none
}

func ExampleStore_Save() {
	st, err := sqlstore.Postgres(db, sqlstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	version, err := st.Save(ctx, "cart-7", store.Record{Data: []byte("tea")})
	fmt.Println(err)
	_, err = st.Save(ctx, "cart-7", store.Record{Data: []byte("milk"), Version: version + 1})
	fmt.Println(errors.Is(err, store.ErrConflict))
	rec, err := st.Load(ctx, "cart-7")
	fmt.Println(string(rec.Data), err)
	for e, err := range st.List(ctx) {
		fmt.Println(e.ID, err)
	}
	fmt.Println(st.Delete(ctx, "cart-7"))
	removed, err := st.Sweep(ctx)
	fmt.Println(removed, err)
}

// An order and the session that it empties are kept together, or neither is.
func ExampleWithTx() {
	st, err := sqlstore.Postgres(db, sqlstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	order := func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO orders (item) VALUES ('tea')"); err != nil {
			return err
		}
		in := sqlstore.WithTx(ctx, tx) // any sqlstore.Tx
		fmt.Println(st.Transactional())
		_, err := st.Save(in, "cart-7", store.Record{}) // with sessions: s.Commit(in)
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer tx.Rollback()
	if err := order(tx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(tx.Commit())
}
