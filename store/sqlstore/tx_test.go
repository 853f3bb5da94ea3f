package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

func TestACallInATransactionGoesThere(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		f, tx := &fake{}, &recorder{}
		s := f.store(t, k, sqlstore.Options{})
		ctx := sqlstore.WithTx(t.Context(), tx)
		_, made := s.Save(ctx, "a", store.Record{})
		_, changed := s.Save(ctx, "a", store.Record{Version: 1})
		if err := errors.Join(made, changed, s.Delete(ctx, "a")); err != nil {
			t.Fatal(err)
		}
		if len(f.sent) > 0 || len(tx.texts) != 3 {
			t.Errorf("got %q beside the transaction and %q in it, want 3 in it", f.sent, tx.texts)
		}
		for _, args := range tx.args {
			for _, arg := range args {
				if _, ok := arg.(driver.Valuer); ok {
					t.Errorf("got an argument of type %T, which not every Tx takes", arg)
				}
			}
		}
		s.Load(ctx, "a") // a recorder cannot read
		if n := len(f.all("queried SELECT")); n < 1 {
			t.Error("a Load in a transaction that cannot read: got none beside it")
		}
	})
}

func TestInATransactionNothingIsTriedAgain(t *testing.T) {
	for name, err := range map[string]error{
		"postgres": stateError("40001"), "mysql": &numberError{Number: 1213},
	} {
		f := &fake{}
		s := f.store(t, kinds[name], sqlstore.Options{})
		tx := &recorder{err: err}
		_, got := s.Save(sqlstore.WithTx(t.Context(), tx), "a", store.Record{})
		if !errors.Is(got, store.ErrConflict) || !errors.Is(got, err) || len(tx.texts) != 1 {
			t.Errorf("%s: got %v after %d statements, want ErrConflict and the driver's error after one", name, got, len(tx.texts))
		}
		tx.texts = nil
		if got := s.Delete(sqlstore.WithTx(t.Context(), tx), "a"); !errors.Is(got, err) || len(tx.texts) != 1 {
			t.Errorf("%s: Delete: got %v after %d statements", name, got, len(tx.texts))
		}
	}
}

func TestLoadInATransactionSeesIt(t *testing.T) {
	f := &fake{}
	db := f.open(t)
	s, err := sqlstore.Postgres(db, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	f.answer = func(context.Context, string, []any) reply {
		return reply{rows: [][]driver.Value{{int64(7), nil, "alice", []byte("data")}}}
	}
	rec, err := s.Load(sqlstore.WithTx(t.Context(), tx), "a")
	if err != nil || rec.Version != 7 || rec.Owner != "alice" || string(rec.Data) != "data" || !rec.Expires.IsZero() {
		t.Errorf("got %+v, %v", rec, err)
	}
	if n := len(f.all("prepare")); n != 0 {
		t.Errorf("got %d statements prepared, want none", n)
	}
}

// A sliced is a transaction of a type that cannot be compared.
type sliced []sqlstore.Tx

func (s sliced) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	return s[0].ExecContext(ctx, text, args...)
}

func TestATransactionIsTheSameAsItself(t *testing.T) {
	ctx, tx := t.Context(), &recorder{}
	if got := store.TransactionOf(ctx); got != nil {
		t.Errorf("without one: got %v", got)
	}
	first, second := sqlstore.WithTx(ctx, tx), sqlstore.WithTx(ctx, tx)
	if a, b := store.TransactionOf(first), store.TransactionOf(second); a != b || a == nil {
		t.Errorf("got %v and %v", a, b)
	}
	if a, b := store.TransactionOf(first), store.TransactionOf(sqlstore.WithTx(first, &recorder{})); a == b {
		t.Error("two transactions are the same")
	}
}

func TestATransactionOfSomethingElseIsRefused(t *testing.T) {
	f := new(fake)
	s := f.store(t, sqlstore.SQLite, sqlstore.Options{})
	ctx := store.WithTransaction(t.Context(), "order 7")
	if _, err := s.Load(ctx, "a"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("Load: got %v", err)
	}
	if _, err := s.Save(ctx, "a", store.Record{}); err == nil {
		t.Error("Save: no error")
	}
	if err := s.Delete(ctx, "a"); err == nil {
		t.Error("Delete: no error")
	}
	if sent := f.words(); sent != "" {
		t.Errorf("sent %s", sent)
	}
}

func TestWithTxOfWhatCanBeNoTransactionPanics(t *testing.T) {
	for what, tx := range map[string]sqlstore.Tx{"nil": nil, "a nil pointer": (*sql.Tx)(nil), "what cannot be compared": sliced{&recorder{}}} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "transaction") {
					t.Errorf("%s: got %q", what, text)
				}
			}()
			sqlstore.WithTx(t.Context(), tx)
		}()
	}
}
