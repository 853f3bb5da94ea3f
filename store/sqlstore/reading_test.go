package sqlstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// A reader is a transaction whose rows are of a type of its own.
type reader struct {
	recorder
	err error
}

type readerRow struct{ err error }

func (r readerRow) Scan(into ...any) error {
	if r.err == nil {
		*into[0].(*int64), *into[3].(*[]byte) = 7, []byte("in it")
	}
	return r.err
}

func (r *reader) QueryRowContext(_ context.Context, text string, args ...any) sqlstore.Row {
	r.texts = append(r.texts, text)
	return readerRow{r.err}
}

func TestATransactionMayReadByRowsOfItsOwn(t *testing.T) {
	f := &fake{}
	s := f.store(t, sqlstore.Postgres, sqlstore.Options{})
	tx := &reader{}
	in := sqlstore.WithTx(t.Context(), tx)
	if rec, err := s.Load(in, "a"); err != nil || rec.Version != 7 || string(rec.Data) != "in it" {
		t.Errorf("got %+v, %v", rec, err)
	}
	tx.err = errors.New("no rows in result set") // of pgx, before it was one of database/sql's
	if _, err := s.Load(in, "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no row: got %v, want ErrNotFound", err)
	}
	tx.err = errors.New("out of order")
	if _, err := s.Load(in, "a"); !errors.Is(err, tx.err) {
		t.Errorf("got %v, want the driver's error", err)
	}
	if len(f.sent) > 0 || len(tx.texts) != 3 {
		t.Errorf("got %q beside the transaction, and %q in it", f.sent, tx.texts)
	}
}

// An extendedError is one of SQLite, as mattn/go-sqlite3 returns them.
type extendedError struct{ Code, ExtendedCode int }

func (extendedError) Error() string { return "database is locked" }

// A transaction of SQLite that has read, and of which another has written
// meanwhile, is to be begun again: waiting is of no use to it.
func TestATransactionOfSQLiteThatIsOutdatedIsAConflict(t *testing.T) {
	for err, conflict := range map[error]bool{
		&codeError{code: 517, text: "database is locked"}: true,
		&codeError{code: 5, text: "database is locked"}:   false,
		extendedError{5, 517}:                             true,
		extendedError{5, 5}:                               false,
	} {
		f := &fake{answer: func(context.Context, string, []any) reply { return reply{err: err} }}
		s := f.store(t, sqlstore.SQLite, sqlstore.Options{})
		_, got := s.Save(sqlstore.WithTx(t.Context(), &recorder{err: err}), "a", store.Record{})
		if !errors.Is(got, err) || errors.Is(got, store.ErrConflict) != conflict {
			t.Errorf("%#v in a transaction: got %v", err, got)
		}
		if _, got = s.Save(t.Context(), "a", store.Record{}); !errors.Is(got, err) || errors.Is(got, store.ErrConflict) {
			t.Errorf("%#v: got %v, want no conflict", err, got)
		}
	}
}

// A transaction that is left open keeps its snapshot, and the table locked against
// changes.
func TestMySQLLeavesNoTransactionOpenWhereItDoesNotCommitItself(t *testing.T) {
	answer := func(_ context.Context, text string, _ []any) reply {
		switch {
		case text == "SELECT @@autocommit":
			return reply{rows: row(int64(0))}
		case strings.HasPrefix(text, "SELECT COUNT"):
			return reply{rows: row(int64(1), "a")}
		case strings.HasPrefix(text, "SELECT id"):
			return reply{rows: row("a")}
		}
		return reply{affected: 1}
	}
	for name, call := range everything(nil) {
		f := &fake{answer: answer}
		s := f.store(t, sqlstore.MySQL, sqlstore.Options{})
		call = everything(s)[name]
		call(t.Context()) // some find no table
		inside := false
		for _, sent := range f.sent {
			switch verb, text, _ := strings.Cut(sent, " "); {
			case verb == "begin":
				inside = true
			case verb == "commit", verb == "rollback":
				inside = false
			case !inside && text != "SELECT @@autocommit" && !strings.HasPrefix(text, "CREATE"):
				t.Errorf("%s: %s is sent outside of a transaction", name, text)
			}
		}
		if inside {
			t.Errorf("%s: a transaction is left open: %q", name, f.sent)
		}
	}
}
