package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// one is a database where each statement changes a row, and finds none.
func one(context.Context, string, []any) reply { return reply{affected: 1} }

func TestAStatementIsPreparedOnceThoughManyUseItAtOnce(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		f := &fake{answer: one}
		db := f.open(t)
		db.SetMaxOpenConns(1) // on each connection database/sql prepares it
		s, err := k(db, sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				if _, err := s.Save(t.Context(), fmt.Sprint(i), store.Record{}); err != nil {
					t.Error(err)
				}
				if err := s.Delete(t.Context(), fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := len(f.all("prepare")); n != 2 {
			t.Errorf("got %d statements prepared, want an INSERT and a DELETE", n)
		}
	})
}

func TestDirectPreparesNothing(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		f := &fake{answer: one}
		s := f.store(t, k, sqlstore.Options{Direct: true})
		if _, err := s.Save(t.Context(), "a", store.Record{}); err != nil {
			t.Error(err)
		}
		s.Load(t.Context(), "a")
		if err := s.Delete(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		if got := f.words(); got != "exec INSERT, query SELECT, exec DELETE" {
			t.Errorf("got %s", got)
		}
	})
}

// Drivers say driver.ErrBadConn, and some say it of a connection that was lost
// while they waited for the answer. database/sql then sends it all again.
func TestASaveIsNeverRepeated(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		for _, direct := range []bool{false, true} {
			f := &fake{}
			f.answer = func(_ context.Context, text string, _ []any) reply {
				if strings.HasPrefix(text, "SELECT") {
					return reply{}
				}
				return reply{err: driver.ErrBadConn}
			}
			s := f.store(t, k, sqlstore.Options{Direct: direct})
			for _, version := range []uint64{0, 7} {
				f.forget()
				_, err := s.Save(t.Context(), "a", store.Record{Version: version})
				if err == nil || errors.Is(err, store.ErrConflict) {
					t.Errorf("got %v, want an error that leaves it open", err)
				}
				if n := len(f.all("exec ")) + len(f.all("executed")); n != 1 {
					t.Errorf("direct %v, version %d: it was sent %d times", direct, version, n)
				}
			}
		}
	})
}

func TestWhatIsNoIDOrOwnerIsRefusedBeforeAnythingIsSent(t *testing.T) {
	f := &fake{}
	s := f.store(t, sqlstore.SQLite, sqlstore.Options{})
	for _, id := range []string{"", "a b", "ä", "a\x00", "a/b", "'", strings.Repeat("x", 129)} {
		_, err := s.Load(t.Context(), id)
		_, save := s.Save(t.Context(), id, store.Record{})
		if remove := s.Delete(t.Context(), id); err == nil || save == nil || remove == nil {
			t.Errorf("id %.20q: got %v, %v, %v", id, err, save, remove)
		}
	}
	for _, owner := range []string{"a\x00", "\xff", strings.Repeat("é", 128)} {
		if _, err := s.Save(t.Context(), "a", store.Record{Owner: owner}); err == nil {
			t.Errorf("owner %.20q: got no error", owner)
		}
	}
	if len(f.sent) > 0 {
		t.Errorf("got %q sent", f.sent)
	}
}

func TestADoneContextSendsNothing(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		f := &fake{}
		s := f.store(t, k, sqlstore.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		calls := everything(s)
		for name, call := range calls {
			if err := call(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if len(f.sent) > 0 {
			t.Errorf("got %q sent", f.sent)
		}
	})
}

// everything is each method of a store that asks the database.
func everything(s *sqlstore.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Load":   func(ctx context.Context) error { _, err := s.Load(ctx, "a"); return err },
		"Save":   func(ctx context.Context) error { _, err := s.Save(ctx, "a", store.Record{}); return err },
		"Delete": func(ctx context.Context) error { return s.Delete(ctx, "a") },
		"Sweep":  func(ctx context.Context) error { _, err := s.Sweep(ctx); return err },
		"List": func(ctx context.Context) (err error) {
			for _, err = range s.List(ctx) {
			}
			return err
		},
		"Create":  s.Create,
		"Migrate": s.Migrate,
		"Check":   s.Check,
	}
}

// Some drivers have a word of their own for a context that is done.
func TestACallWithoutADeadlineHasOneAndItsErrorIsTheContexts(t *testing.T) {
	for name, k := range kinds {
		for method := range everything(nil) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{answer: func(ctx context.Context, text string, _ []any) reply {
					if text == "SELECT @@autocommit" {
						return reply{}
					}
					<-ctx.Done()
					return reply{err: errors.New("interrupted")}
				}}
				s := f.store(t, k, sqlstore.Options{Timeout: 3 * time.Second})
				start := time.Now()
				err := everything(s)[method](t.Context())
				if took := time.Since(start); took != 3*time.Second || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %s: got %v after %v, want the deadline's error after 3s", name, method, err, took)
				}
			})
		}
	}
}

func TestMySQLReplacesWhatHasExpiredAndLooksAgainIfItIsGone(t *testing.T) {
	duplicate := reply{err: &numberError{Number: 1062, Message: "Duplicate entry"}}
	for _, story := range []struct {
		replies []reply
		want    error
		sent    string
	}{
		{[]reply{{affected: 1}}, nil, "exec INSERT"},
		{[]reply{duplicate, {affected: 1}}, nil, "exec INSERT, exec UPDATE"},
		{[]reply{duplicate, {}, {affected: 1}}, nil, "exec INSERT, exec UPDATE, exec INSERT"},
		{[]reply{duplicate, {}, duplicate}, store.ErrConflict, "exec INSERT, exec UPDATE, exec INSERT"},
	} {
		f := &fake{}
		s := f.store(t, sqlstore.MySQL, sqlstore.Options{Direct: true})
		f.answer = func(_ context.Context, text string, _ []any) (r reply) {
			if text != "SELECT @@autocommit" {
				r, story.replies = story.replies[0], story.replies[1:]
			}
			return r
		}
		if _, err := s.Save(t.Context(), "a", store.Record{}); !errors.Is(err, story.want) || f.words() != story.sent {
			t.Errorf("got %v after %s, want %v after %s", err, f.words(), story.want, story.sent)
		}
	}
}

// With autocommit off a statement would never be committed, and nobody would
// find out before the next start.
func TestMySQLCommitsByHandWhereItDoesNotCommitItself(t *testing.T) {
	f := &fake{answer: func(_ context.Context, text string, _ []any) reply {
		if text == "SELECT @@autocommit" {
			return reply{rows: [][]driver.Value{{int64(0)}}}
		}
		return reply{affected: 1}
	}}
	s := f.store(t, sqlstore.MySQL, sqlstore.Options{})
	if _, err := s.Save(t.Context(), "a", store.Record{}); err != nil {
		t.Error(err)
	}
	s.Load(t.Context(), "a")
	if got, want := f.words(), "begin Default, exec INSERT, commit, begin Default, query SELECT, commit"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := len(f.all("query SELECT @@autocommit")); n != 1 {
		t.Errorf("it was asked %d times whether it commits itself, want once", n)
	}
}

// Those who write to SQLite queue up, and who gives up leaves the queue.
func TestWritersOfSQLiteQueueUpAndLeaveWithTheirContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f := &fake{answer: func(context.Context, string, []any) reply {
			<-release
			return reply{affected: 1}
		}}
		s := f.store(t, sqlstore.SQLite, sqlstore.Options{Direct: true})
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Save(t.Context(), "first", store.Record{}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Save(ctx, "second", store.Record{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Save: got %v, want the deadline's error", err)
		}
		if err := s.Delete(ctx, "second"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Delete: got %v, want the deadline's error", err)
		}
		if n := len(f.sent); n != 1 {
			t.Errorf("got %d statements sent, want the first alone", n)
		}
		tx := &recorder{}
		if _, err := s.Save(sqlstore.WithTx(t.Context(), tx), "in", store.Record{}); err != nil || len(tx.texts) != 1 {
			t.Errorf("a Save in a transaction: got %v, %q, want that it waits for nobody", err, tx.texts)
		}
		close(release)
		wg.Wait()
	})
}

// A recorder is a transaction of the application's.
type recorder struct {
	texts []string
	args  [][]any
	err   error
}

func (r *recorder) ExecContext(_ context.Context, text string, args ...any) (sql.Result, error) {
	r.texts, r.args = append(r.texts, text), append(r.args, args)
	return driver.RowsAffected(1), r.err
}
