package sessiontest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
	"github.com/sojourn-go/session/store/storetest"
)

func TestAFailingStoreKeepsTheContractAsLongAsItIsNotToldToFail(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		st := sessiontest.Failing(memstore.New(memstore.Options{}))
		st.Break(sessiontest.Loads | sessiontest.Saves | sessiontest.Deletes)
		st.FailNext(7, sessiontest.Loads|sessiontest.Saves)
		st.LoseNext(7)
		st.Repair()
		return st
	})
}

func TestAFailingStoreFailsTheCallsItIsToldToAndNoOther(t *testing.T) {
	ctx := t.Context()
	calls := map[sessiontest.Calls]func(store.Store) error{
		sessiontest.Loads:   func(st store.Store) error { _, err := st.Load(ctx, "id"); return err },
		sessiontest.Saves:   func(st store.Store) error { _, err := st.Save(ctx, "id", store.Record{}); return err },
		sessiontest.Deletes: func(st store.Store) error { return st.Delete(ctx, "id") },
	}
	for told := range calls {
		for called, call := range calls {
			st := sessiontest.Failing(memstore.New(memstore.Options{}))
			st.Break(told)
			if got := errors.Is(call(st), sessiontest.ErrBroken); got != (told == called) {
				t.Errorf("told %v, called %v: broken %v", told, called, got)
			}
			st.Repair()
			st.FailNext(2, told)
			for i := range 3 {
				if got := errors.Is(call(st), sessiontest.ErrBroken); got != (told == called && i < 2) {
					t.Errorf("told to fail 2 of %v, call %d of %v: broken %v", told, i+1, called, got)
				}
			}
		}
	}
}

func TestASaveThatFailsIsNotAppliedAndOneWhoseAnswerIsLostIs(t *testing.T) {
	st := sessiontest.Failing(memstore.New(memstore.Options{}))
	st.FailNext(1, sessiontest.Saves)
	st.LoseNext(1)
	for i, want := range []error{store.ErrNotFound, nil} {
		if _, err := st.Save(t.Context(), "id", store.Record{}); !errors.Is(err, sessiontest.ErrBroken) {
			t.Errorf("Save %d: %v, want ErrBroken", i+1, err)
		}
		if _, err := st.Load(t.Context(), "id"); !errors.Is(err, want) {
			t.Errorf("after Save %d: %v, want %v", i+1, err, want)
		}
	}
	if _, err := st.Save(t.Context(), "id", store.Record{}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the third Save: %v, want ErrConflict", err)
	}
}

func TestAContextThatIsDoneGoesBeforeTheFailure(t *testing.T) {
	st := sessiontest.Failing(memstore.New(memstore.Options{}))
	st.FailNext(1, sessiontest.Loads)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := st.Load(ctx, "id"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if _, err := st.Load(t.Context(), "id"); !errors.Is(err, sessiontest.ErrBroken) {
		t.Errorf("got %v: the failure was spent on a call that was none", err)
	}
}

func TestAnOutageIsAnsweredAndALostAnswerIsNotSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := sessiontest.Failing(memstore.New(memstore.Options{}))
		b := sessiontest.NewWithStore(t, st, session.Options{}).Browser(func(s *session.Session) { visits.Set(s, 1) })
		visit := func() int { return b.Serve(count, b.Request("GET", "/", nil)).Code }

		st.LoseNext(1)
		if got := visit(); got != http.StatusOK {
			t.Errorf("a lost answer: status %d", got)
		}
		st.FailNext(2, sessiontest.Saves)
		if got := visit(); got != http.StatusOK {
			t.Errorf("two Saves that failed: status %d", got)
		}
		for _, calls := range []sessiontest.Calls{sessiontest.Loads, sessiontest.Saves} {
			st.Break(calls)
			if got := visit(); got != http.StatusServiceUnavailable {
				t.Errorf("the store is down for %v: status %d", calls, got)
			}
			st.Repair()
		}
		b.Read(func(s *session.Session) {
			if got := visits.Get(s); got != 3 {
				t.Errorf("%d visits, want 3", got)
			}
		})
	})
}
