package sqlstore_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// A sql.Result tells how many rows have changed when it has the connection's lock.
// Who has been given the connection meanwhile may keep that for long.

func TestRowsAreCountedBeforeTheConnectionIsGivenBack(t *testing.T) {
	for name, counts := range map[string]int{"postgres": 2, "mysql": 3, "sqlite": 3} {
		f := &fake{}
		f.answer = func(_ context.Context, text string, _ []any) reply {
			switch {
			case strings.HasPrefix(text, "SELECT COUNT"):
				return reply{rows: row(int64(1), "a")}
			case strings.HasPrefix(text, "SELECT id"):
				return reply{rows: row("a")}
			}
			return reply{affected: 1}
		}
		db := f.open(t)
		s, err := kinds[name](db, sqlstore.Options{Direct: true})
		if err != nil {
			t.Fatal(err)
		}
		counted := 0
		f.counting = func() {
			if counted++; db.Stats().InUse != 1 {
				t.Errorf("%s: when the rows were counted, the connection was somebody else's: %s", name, f.words())
			}
		}
		for _, version := range []uint64{0, 7} {
			if _, err := s.Save(t.Context(), "a", store.Record{Version: version}); err != nil {
				t.Error(err)
			}
		}
		if err := s.Delete(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		if name != "postgres" { // there it is begun with what only a server answers
			if n, err := s.Sweep(t.Context()); n != 1 || err != nil {
				t.Errorf("%s: Sweep: got %d, %v", name, n, err)
			}
		}
		if counted != counts {
			t.Errorf("%s: the rows were counted %d times, want %d: a Delete needs no count", name, counted, counts)
		}
	}
}

// taken is a store whose statements are prepared by the pool, which gives a
// connection away as soon as it has answered: to somebody who keeps it for a
// minute. The row has a version that found tells, given the one that was sent.
func taken(t *testing.T, k kind, changed int64, found func(sent driver.Value) driver.Value) *sqlstore.Store {
	t.Helper()
	var sent driver.Value
	f := &fake{counting: func() { time.Sleep(time.Minute) }}
	f.answer = func(_ context.Context, text string, args []any) reply {
		switch word, _, _ := strings.Cut(text, " "); {
		case word == "INSERT":
			sent = args[1]
		case word == "UPDATE":
			sent = args[0]
		case strings.HasPrefix(text, "SELECT version"):
			return reply{rows: row(found(sent), nil, "", []byte("x"))}
		}
		return reply{affected: changed}
	}
	db := f.open(t)
	db.SetMaxIdleConns(-1) // nobody else is to be given a connection that is locked
	s, err := k(db, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sent(version driver.Value) driver.Value { return version }
func another(driver.Value) driver.Value      { return int64(99) }

func TestASaveDoesNotWaitForWhoeverHasItsConnectionNow(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		for _, version := range []uint64{0, 7} {
			synctest.Test(t, func(t *testing.T) {
				s := taken(t, k, 1, sent)
				begun := time.Now()
				_, err := s.Save(t.Context(), "a", store.Record{Version: version})
				if took := time.Since(begun); err != nil || took > time.Second {
					t.Errorf("version %d: got %v after %v, want none at once", version, err, took)
				}
				time.Sleep(time.Minute) // until the other gives it back
			})
		}
	})
}

// What is there may have been written over what was saved, or instead of it.
func TestASaveThatFindsAnotherVersionWaitsUntilItKnows(t *testing.T) {
	const ample = time.Hour
	eachKind(t, func(t *testing.T, k kind) {
		for _, c := range []struct {
			changed int64
			timeout time.Duration
			want    error
			took    time.Duration
		}{
			{1, ample, nil, time.Minute},
			{0, ample, store.ErrConflict, time.Minute},
			{1, 3 * time.Second, context.DeadlineExceeded, 3 * time.Second},
			{0, 3 * time.Second, context.DeadlineExceeded, 3 * time.Second},
			{1, time.Millisecond, context.DeadlineExceeded, time.Millisecond},
		} {
			synctest.Test(t, func(t *testing.T) {
				s := taken(t, k, c.changed, another)
				ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
				defer cancel()
				begun := time.Now()
				_, err := s.Save(ctx, "a", store.Record{Version: 7})
				if took := time.Since(begun); !errors.Is(err, c.want) || errors.Is(err, store.ErrConflict) != (c.want == store.ErrConflict) || took != c.took {
					t.Errorf("%d rows changed: got %v after %v, want %v after %v", c.changed, err, took, c.want, c.took)
				}
				time.Sleep(time.Minute)
			})
		}
	})
}
