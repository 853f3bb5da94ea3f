package sessiontest_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/sessiontest"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
	"github.com/sojourn-go/session/store/storetest"
)

func TestAContestedStoreRefusesTheFirstSaveUponAStateAndNoOther(t *testing.T) {
	ctx := t.Context()
	st := sessiontest.Contested(memstore.New(memstore.Options{}))
	rec := store.Record{Data: []byte("a"), Owner: "ann", Expires: time.Now().Add(time.Hour).Truncate(time.Millisecond)}
	version, err := st.Save(ctx, "id", rec)
	if err != nil {
		t.Fatalf("a create: %v", err)
	}
	for range 3 {
		rec.Version = version
		if _, err := st.Save(ctx, "id", rec); !errors.Is(err, store.ErrConflict) {
			t.Fatalf("the first Save upon a state: %v, want ErrConflict", err)
		}
		now, err := st.Load(ctx, "id")
		if err != nil || now.Version == version || string(now.Data) != string(rec.Data) ||
			now.Owner != rec.Owner || !now.Expires.Equal(rec.Expires) {
			t.Fatalf("after the conflict: %+v, %v; want what was there, as another version", now, err)
		}
		rec.Data, rec.Version = append(rec.Data, 'a'), now.Version
		if version, err = st.Save(ctx, "id", rec); err != nil {
			t.Fatalf("the second Save: %v", err)
		}
	}
	if err := st.Delete(ctx, "id"); err != nil {
		t.Fatal(err)
	}
	rec.Version = version
	if _, err := st.Save(ctx, "id", rec); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a Save upon what was deleted: %v, want ErrConflict", err)
	}
}

// A settling store makes a Contested one keep the contract again: it says of
// what was only saved anew that nothing has changed. So storetest sees what
// else Contested does, and that it always comes to an end.
type settling struct {
	store.Store

	mu   sync.Mutex
	anew map[state]uint64 // the version that the same state has now
}

type state struct {
	id      string
	version uint64
}

func (s *settling) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now, ok := s.anew[state{id, rec.Version}]; ok {
		rec.Version = now
		return s.Store.Save(ctx, id, rec)
	}
	below := s.Store.(store.Unwrapper).Unwrap()
	before, _ := below.Load(ctx, id)
	version, err := s.Store.Save(ctx, id, rec)
	if errors.Is(err, store.ErrConflict) && before.Version == rec.Version && rec.Version != 0 {
		after, err := below.Load(ctx, id)
		if err != nil {
			return 0, store.ErrConflict // deleted meanwhile
		}
		s.anew[state{id, rec.Version}] = after.Version
		rec.Version = after.Version
		return s.Store.Save(ctx, id, rec)
	}
	return version, err
}

func TestAContestedStoreKeepsTheContractButForTheConflictsItIsThereFor(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return &settling{
			Store: sessiontest.Contested(memstore.New(memstore.Options{})),
			anew:  map[state]uint64{},
		}
	})
}

func TestInAContestedStoreEveryCommitIsReplayedOnceAndNothingIsLost(t *testing.T) {
	site := sessiontest.NewWithStore(t, sessiontest.Contested(memstore.New(memstore.Options{})), session.Options{})
	b := site.Browser(func(s *session.Session) { visits.Set(s, 0) })
	runs := 0
	impure := handle(func(s *session.Session, _ http.ResponseWriter) {
		visits.Update(s, func(n int) int { runs++; return n + 1 })
	})
	for i := range 3 {
		runs = 0
		b.Serve(impure, b.Request("POST", "/", nil))
		if runs < 2 {
			t.Errorf("the function ran %d times, want it to run again", runs)
		}
		if got := len(site.Events(session.Conflict)); got != i+1 {
			t.Errorf("%d conflicts after %d requests", got, i+1)
		}
	}
	b.Read(func(s *session.Session) {
		if got := visits.Get(s); got != 3 {
			t.Errorf("%d visits, want 3", got)
		}
	})
}

func TestInAContestedStoreLoginsLimitsAndSignOutsWork(t *testing.T) {
	site := sessiontest.NewWithStore(t, sessiontest.Contested(memstore.New(memstore.Options{})), session.Options{Limit: 2})
	for range 3 {
		site.Browser(signIn).Change((*session.Session).Renew)
	}
	var ids []string
	for info, err := range site.Manager().List(t.Context(), "ann") {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, info.ID)
	}
	if len(ids) != 2 || len(site.Events(session.Evicted)) != 1 {
		t.Errorf("%d sessions after 3 logins with a limit of 2: %v", len(ids), site.Events())
	}
	if n, err := site.Manager().EndAll(t.Context(), "ann"); n != 2 || err != nil {
		t.Errorf("EndAll: %d, %v", n, err)
	}
	for info := range site.Manager().List(t.Context(), "ann") {
		t.Errorf("%s is left", info.ID)
	}
}

func TestStoresAreFoundBelowTheWrappers(t *testing.T) {
	below := memstore.New(memstore.Options{})
	st := sessiontest.Contested(sessiontest.Failing(below))
	if l, ok := store.As[store.Lister](st); !ok || l != store.Lister(below) {
		t.Errorf("found %T", l)
	}
}
