package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

var errOpen = errors.New("an error that leaves open whether it was applied")

func TestWhatADatabaseRefusesIsToldByItsReason(t *testing.T) {
	synctest.Test(t, tellsReasons) // a Load takes all its time to be serialized
}

func tellsReasons(t *testing.T) {
	for _, c := range []struct {
		kind string
		err  error
		want error
	}{
		{"postgres", stateError("42P01"), store.ErrRefused}, // no table
		{"postgres", stateError("42703"), store.ErrRefused}, // no column
		{"postgres", stateError("42501"), store.ErrRefused}, // no right
		{"postgres", stateError("3F000"), store.ErrRefused}, // no schema
		{"postgres", stateError("25006"), store.ErrRefused}, // read-only
		{"postgres", stateError("28P01"), store.ErrRefused}, // wrong password
		{"postgres", stateError("22P05"), store.ErrRefused}, // an owner that the encoding lacks
		{"postgres", stateError("23505"), store.ErrRefused}, // a key that is not ours
		{"postgres", stateError("53100"), store.ErrFull},
		{"postgres", stateError("40001"), store.ErrConflict},
		{"postgres", stateError("40P01"), store.ErrConflict},
		{"postgres", stateError("57014"), errOpen}, // statement_timeout
		{"postgres", stateError("57P01"), errOpen}, // the server is shut down
		{"postgres", stateError("53300"), errOpen}, // too many connections
		{"mysql", &numberError{Number: 1146}, store.ErrRefused},
		{"mysql", &numberError{Number: 1054}, store.ErrRefused},
		{"mysql", &numberError{Number: 1142}, store.ErrRefused},
		{"mysql", &numberError{Number: 1290}, store.ErrRefused},
		{"mysql", &numberError{Number: 1153}, store.ErrRefused},
		{"mysql", &numberError{Number: 1114}, store.ErrFull},
		{"mysql", &numberError{1030, `Got error 28 "No space left on device" from storage engine InnoDB`}, store.ErrFull},
		{"mysql", &numberError{Number: 1030}, errOpen},
		{"mysql", &numberError{Number: 1213}, store.ErrConflict},
		{"mysql", &numberError{Number: 1020}, store.ErrConflict},
		{"mysql", &numberError{Number: 1205}, errOpen}, // it waited too long for a lock
		{"sqlite", &codeError{1, "SQL logic error: no such table: sojourn_sessions (1)"}, store.ErrRefused},
		{"sqlite", &codeError{1, "SQL logic error: table sojourn_sessions has no column named owner (1)"}, store.ErrRefused},
		{"sqlite", &codeError{1, "SQL logic error"}, errOpen},
		{"sqlite", &codeError{8 | 1<<8, "attempt to write a readonly database"}, store.ErrRefused},
		{"sqlite", &codeError{26, "file is not a database"}, store.ErrRefused},
		{"sqlite", &codeError{13, "database or disk is full"}, store.ErrFull},
		{"sqlite", &codeError{5, "database is locked"}, errOpen},
		{"sqlite", fieldError{13, "database or disk is full"}, store.ErrFull},
		{"sqlite", fieldError{1, "no such column: owner"}, store.ErrRefused},
		{"sqlite", fieldError{10, "disk I/O error"}, errOpen},
	} {
		f := &fake{answer: func(_ context.Context, text string, _ []any) reply {
			if text == "SELECT @@autocommit" {
				return reply{}
			}
			return reply{err: fmt.Errorf("a wrapper's word: %w", c.err)}
		}}
		s := f.store(t, kinds[c.kind], sqlstore.Options{Direct: true})
		for _, version := range []uint64{0, 7} {
			_, err := s.Save(t.Context(), "a", store.Record{Version: version})
			for _, reason := range []error{store.ErrRefused, store.ErrFull, store.ErrConflict, store.ErrNotFound} {
				if errors.Is(err, reason) != (reason == c.want) {
					t.Errorf("%s: %v: got %v, want %v", c.kind, c.err, err, c.want)
				}
			}
			if !errors.Is(err, c.err) {
				t.Errorf("%s: got %v, which has lost the driver's %v", c.kind, err, c.err)
			}
		}
		if _, err := s.Load(t.Context(), "a"); errors.Is(err, store.ErrConflict) || !errors.Is(err, c.err) {
			t.Errorf("%s: Load: got %v, want %v", c.kind, err, c.err)
		}
	}
}

// The database has said that it undid it, so it may be tried again.
func TestWhatCouldNotBeSerializedIsTriedAFewTimes(t *testing.T) {
	fails := 3
	f := &fake{}
	f.answer = func(context.Context, string, []any) reply {
		if fails--; fails >= 0 {
			return reply{err: stateError("40001")}
		}
		return reply{affected: 1}
	}
	s := f.store(t, sqlstore.Postgres, sqlstore.Options{Direct: true})
	if _, err := s.Save(t.Context(), "a", store.Record{Version: 7}); err != nil || len(f.sent) != 4 {
		t.Errorf("Save: got %v after %d statements, want none after 4", err, len(f.sent))
	}
	f.forget()
	fails = 1000
	if _, err := s.Save(t.Context(), "a", store.Record{Version: 7}); !errors.Is(err, store.ErrConflict) || len(f.sent) != 10 {
		t.Errorf("Save: got %v after %d statements, want ErrConflict after 10", err, len(f.sent))
	}
}

func TestALoadIsTriedUntilItIsSerializedAndOnceMoreIfTheConnectionWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fails []error
		f := &fake{}
		f.answer = func(context.Context, string, []any) reply {
			if len(fails) > 0 {
				err := fails[0]
				fails = fails[1:]
				return reply{err: err}
			}
			return reply{}
		}
		s := f.store(t, sqlstore.Postgres, sqlstore.Options{Direct: true})
		for range 50 {
			fails = append(fails, stateError("40001"))
		}
		if _, err := s.Load(t.Context(), "a"); err != store.ErrNotFound {
			t.Errorf("after 50 failures to serialize: got %v", err)
		}
		fails = []error{errors.New("reset by peer")}
		if _, err := s.Load(t.Context(), "a"); err != store.ErrNotFound {
			t.Errorf("after a lost connection: got %v", err)
		}
		lost := errors.New("reset by peer, again")
		fails = []error{errors.New("reset by peer"), lost}
		if _, err := s.Load(t.Context(), "a"); !errors.Is(err, lost) {
			t.Errorf("after two lost connections: got %v, want %v", err, lost)
		}
	})
}

func TestAConnectionIsGivenBackWhateverComesOfIt(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		for _, r := range []reply{
			{err: errors.New("broken")}, {rows: nil}, {rows: row("not a number", nil, nil, nil, nil, nil, nil)}, {rows: row()},
		} {
			f := &fake{answer: func(context.Context, string, []any) reply { return r }}
			s := f.store(t, k, sqlstore.Options{}) // which wants it to be idle in the end
			for _, call := range everything(s) {
				call(t.Context())
			}
		}
	})
}
