package sql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

func TestConformance_ASaveIsPartOfTheTransaction(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		ctx, db := t.Context(), c.open(t)
		s := c.newStore(t, db)
		first, err := s.Save(ctx, "a", store.Record{Data: []byte("before")})
		if err != nil {
			t.Fatal(err)
		}
		for _, end := range []string{"rollback", "commit"} {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			in := sqlstore.WithTx(ctx, tx)
			_, err = s.Save(in, "a", store.Record{Data: []byte(end), Version: first, Owner: "álice"})
			_, made := s.Save(in, "b", store.Record{Data: []byte(end)})
			if err = errors.Join(err, made); err != nil {
				t.Fatal(err)
			}
			wantData(t, s, in, "a", end)
			if c.name != "sqlite" || end == "rollback" { // beside it, SQLite can be read as well
				wantData(t, s, ctx, "a", "before")
				wantData(t, s, ctx, "b", "")
			}
			if _, err := s.Save(in, "a", store.Record{Version: first}); !errors.Is(err, store.ErrConflict) {
				t.Errorf("Save upon an old version: got %v, want ErrConflict", err)
			}
			if _, err := s.Save(in, "b", store.Record{}); !errors.Is(err, store.ErrConflict) {
				t.Errorf("Save of what is there: got %v, want ErrConflict", err)
			}
			wantData(t, s, in, "b", end) // the transaction goes on after a conflict
			finish := tx.Rollback
			if end == "commit" {
				finish = tx.Commit
			}
			if err := finish(); err != nil {
				t.Fatal(err)
			}
		}
		wantData(t, s, ctx, "a", "commit")
		wantData(t, s, ctx, "b", "commit")
	})
}

// wantData wants the record to have the data; "": to be missing.
func wantData(t *testing.T, s *sqlstore.Store, ctx context.Context, id, want string) {
	t.Helper()
	rec, err := s.Load(ctx, id)
	if string(rec.Data) != want || (want == "") != errors.Is(err, store.ErrNotFound) || want != "" && err != nil {
		t.Errorf("Load %s: got %q, %v, want %q", id, rec.Data, err, want)
	}
}

func TestConformance_ADeleteIsPartOfTheTransaction(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		ctx, db := t.Context(), c.open(t)
		s := c.newStore(t, db)
		if _, err := s.Save(ctx, "a", store.Record{Data: []byte("there")}); err != nil {
			t.Fatal(err)
		}
		conn, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		in := sqlstore.WithTx(ctx, tx)
		if err := s.Delete(in, "a"); err != nil {
			t.Fatal(err)
		}
		wantData(t, s, in, "a", "")
		wantData(t, s, ctx, "a", "there")
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		wantData(t, s, sqlstore.WithTx(ctx, conn), "a", "there")
	})
}

// A pgxTx is a transaction of an application that uses pgx itself.
type pgxTx struct{ pgx.Tx }

func (t pgxTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	tag, err := t.Exec(ctx, query, args...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

func (t pgxTx) QueryRowContext(ctx context.Context, query string, args ...any) sqlstore.Row {
	return t.QueryRow(ctx, query, args...)
}

func TestConformance_ATransactionOfPgxItselfTakesEightLines(t *testing.T) {
	c, ctx := driverByName("pgx"), t.Context()
	s := c.newStore(t, c.open(t))
	pool, err := pgxpool.New(ctx, c.dsn(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	in := sqlstore.WithTx(ctx, pgxTx{tx})
	if store.TransactionOf(in) != store.TransactionOf(sqlstore.WithTx(ctx, pgxTx{tx})) {
		t.Error("the transaction is not the same as itself")
	}
	version, err := s.Save(in, "a", store.Record{Data: []byte("one"), Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Save(in, "a", store.Record{Data: []byte("two"), Version: version}); err != nil {
		t.Fatal(err)
	}
	wantData(t, s, in, "a", "two")
	wantData(t, s, in, "b", "")
	wantData(t, s, ctx, "a", "")
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	wantData(t, s, ctx, "a", "two")
}

// Two writes to the list of an owner's sessions are in one transaction here: the
// second has to read what the first has written.
func TestConformance_InATransactionOfPgxItselfAnOwnersSessionsEndAndOneBegins(t *testing.T) {
	c, ctx := driverByName("pgx"), t.Context()
	pool, err := pgxpool.New(ctx, c.dsn(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	m, err := session.New(c.newStore(t, c.open(t)), session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// visit is one request with a cookie, and returns the cookie after it.
	visit := func(cookie string, f func(*session.Session, *http.Request)) string {
		r := httptest.NewRequestWithContext(ctx, "POST", "https://example.com/", nil)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f(session.From(r.Context()), r) })).ServeHTTP(w, r)
		if w.Code != 200 {
			t.Errorf("got status %d", w.Code)
		}
		for _, set := range w.Result().Cookies() {
			cookie = set.Name + "=" + set.Value
		}
		return cookie
	}
	login := func(s *session.Session, _ *http.Request) { s.Login("ann") }
	elsewhere, here := visit("", login), visit("", login)
	here = visit(here, func(s *session.Session, r *http.Request) {
		tx, err := pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(ctx)
		in := sqlstore.WithTx(r.Context(), pgxTx{tx})
		_, err = m.EndAll(in, "ann", s.ID())
		s.Login("ann")
		if err = errors.Join(err, s.Commit(in)); err == nil {
			err = tx.Commit(ctx)
		}
		if err != nil {
			t.Error(err)
		}
	})
	for cookie, want := range map[string]string{here: "ann", elsewhere: ""} {
		visit(cookie, func(s *session.Session, _ *http.Request) {
			if got := s.Owner(); got != want {
				t.Errorf("got owner %q, want %q", got, want)
			}
		})
	}
}

// The application begins again what could not be serialized, as it does without
// a session in it: by the driver's own error.
func TestConformance_ASerializationFailureOfATransactionKeepsTheDriversError(t *testing.T) {
	c, ctx := driverByName("pgx"), t.Context()
	db := c.open(t)
	s := c.newStore(t, db)
	version, err := s.Save(ctx, "a", store.Record{})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	in := sqlstore.WithTx(ctx, tx)
	wantFound(t, s, in, "a") // and so it has its snapshot
	if _, err := s.Save(ctx, "a", store.Record{Version: version}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Save(in, "a", store.Record{Version: version})
	if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "40001" || !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v, want ErrConflict and SQLSTATE 40001", err)
	}
}

func wantFound(t *testing.T, s *sqlstore.Store, ctx context.Context, id string) {
	t.Helper()
	if _, err := s.Load(ctx, id); err != nil {
		t.Errorf("Load %s: %v", id, err)
	}
}

// The caller of List may use the store, of whose pool there may be one
// connection.
func TestConformance_ListHoldsNoConnectionWhileTheCallerLooks(t *testing.T) {
	eachDriver(t, func(t *testing.T, c driverCase) {
		db := c.open(t)
		s := c.newStore(t, db)
		const n = 300 // more than two pages
		for i := range n {
			if _, err := s.Save(t.Context(), fmt.Sprint("id", i), store.Record{Data: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		db.SetMaxOpenConns(1)
		seen := map[string]bool{}
		for e, err := range s.List(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			seen[e.ID] = true
			if _, err := s.Save(t.Context(), e.ID, e.Record); err != nil {
				t.Fatal(err)
			}
		}
		if len(seen) != n {
			t.Errorf("got %d records, want %d", len(seen), n)
		}
		for range s.List(t.Context()) {
			break
		}
		if in := db.Stats().InUse; in != 0 {
			t.Errorf("got %d connections in use after a List that was left, want none", in)
		}
	})
}
