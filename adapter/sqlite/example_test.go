package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/adapter/sqlite"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	st, err := sqlite.Open(filepath.Join(dir, "sessions.db"), sqlstore.Options{})
	if err != nil {
		log.Fatal(err) // which says what is wrong with the file
	}
	defer st.Close()
	sessions, err := session.New(st, session.Options{})
	if err != nil {
		log.Fatal(err)
	}
	_ = sessions // sessions.Handler(mux)
	// Output:
}

func ExampleStore() {
	var st *sqlite.Store // a store.Store, for session.New
	st, err := sqlite.Open("/var/lib/shop/shop.db", sqlstore.Options{Table: "shop_sessions"})
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil { // once nothing uses it any more
			log.Print(err)
		}
	}()
}

// An order and the session that placed it are kept together.
func ExampleStore_DB() {
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	st, err := sqlite.Open(filepath.Join(dir, "shop.db"), sqlstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	ctx := context.Background()
	if _, err := st.DB().ExecContext(ctx, "CREATE TABLE IF NOT EXISTS orders (thing TEXT)"); err != nil {
		log.Fatal(err)
	}
	if err := order(ctx, st); err != nil {
		log.Fatal(err)
	}
	rec, err := st.Load(ctx, "visitor")
	fmt.Printf("%s %v\n", rec.Data, err)
	// Output: 1 book <nil>
}

func order(ctx context.Context, st *sqlite.Store) error {
	tx, err := st.DB().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "INSERT INTO orders VALUES ('book')"); err != nil {
		return err
	}
	// In a handler this is s.Commit(sqlstore.WithTx(ctx, tx)).
	if _, err := st.Save(sqlstore.WithTx(ctx, tx), "visitor", store.Record{Data: []byte("1 book")}); err != nil {
		return err
	}
	return tx.Commit()
}
