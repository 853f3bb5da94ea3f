package session_test

import (
	"context"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// A staleStore answers LoadCached with what it was told to remember, however
// old that is.
type staleStore struct {
	store.Store
	remembered map[string]store.Record
	asked      int // LoadCached
	loads      int
}

func (s *staleStore) LoadCached(ctx context.Context, id string) (store.Record, error) {
	s.asked++
	if rec, ok := s.remembered[id]; ok {
		return rec, nil
	}
	return s.Store.Load(ctx, id)
}

func (s *staleStore) Load(ctx context.Context, id string) (store.Record, error) {
	s.loads++
	return s.Store.Load(ctx, id)
}

// newStaleLab returns a manager over a staleStore, which remembers what there
// is whenever remember is called.
func newStaleLab(t *testing.T) (l *lab, st *staleStore, remember func()) {
	st = &staleStore{Store: memstore.New(memstore.Options{}), remembered: map[string]store.Record{}}
	l = newLabOn(t, st, session.Options{})
	return l, st, func() {
		clear(st.remembered)
		maps.Insert(st.remembered, func(yield func(string, store.Record) bool) {
			for e, err := range store.All(t.Context(), st.Store) {
				if err != nil {
					t.Fatal(err)
				}
				yield(e.ID, e.Record)
			}
		})
		st.asked, st.loads = 0, 0
	}
}

func TestOnlyTheFirstLoadOfGETAndHEADMayComeFromTheCache(t *testing.T) {
	for method, fromCache := range map[string]bool{
		"GET": true, "HEAD": true,
		"POST": false, "PUT": false, "DELETE": false, "PATCH": false, "OPTIONS": false, "TRACE": false, "QUERY": false,
	} {
		l, st, remember := newStaleLab(t)
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		remember()
		v.copy().posts(func(s *session.Session) { count.Set(s, 2) })
		remembered := 2
		if fromCache {
			remembered = 1
		}
		st.asked, st.loads = 0, 0
		v.does(method, func(s *session.Session) { want(t, method+" reads", count.Get(s), remembered) })
		want(t, method+": asked of the cache", st.asked == 1, fromCache)
		want(t, method+": asked of the server", st.loads == 1, !fromCache)
	}
}

func TestACachedReadCostsNoLoad(t *testing.T) {
	l, st, remember := newStaleLab(t)
	v := l.login("ann")
	remember()
	v.gets(func(s *session.Session) { want(t, "owner", s.Owner(), "ann") })
	want(t, "loads", st.loads, 0)
}

func TestACachedRecordThatIsTooOldForATokenIsLoadedFromTheServer(t *testing.T) {
	t.Run("the secret is newer", func(t *testing.T) {
		l, _, remember := newStaleLab(t)
		v := l.visitor()
		v.posts(func(s *session.Session) { count.Set(s, 1) })
		remember()
		v.posts(func(s *session.Session) { s.Login("ann") })
		want(t, "owner", v.owner(), "ann")
		want(t, "refused", l.count(session.Refused), 0)
	})
	t.Run("it had not begun", func(t *testing.T) {
		l, _, remember := newStaleLab(t)
		remember()
		v := l.login("ann")
		want(t, "owner", v.owner(), "ann")
	})
	t.Run("it remembers a tombstone", func(t *testing.T) {
		l, st, remember := newStaleLab(t)
		v := l.login("ann")
		old := v.copy()
		v.posts(func(s *session.Session) { s.End() })
		remember()
		st.asked, st.loads = 0, 0
		old.gets(func(s *session.Session) { want(t, "owner", s.Owner(), "") })
		want(t, "asked of the server", st.loads, 1)
		want(t, "events of an ended session", l.count(session.Ended), 2)
	})
	t.Run("a wrong secret is told of once", func(t *testing.T) {
		l, _, remember := newStaleLab(t)
		v := l.login("ann")
		remember()
		v.cookie.Value = v.cookie.Value[:24] + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		v.gets(func(s *session.Session) { want(t, "owner", s.Owner(), "") })
		want(t, "refused", l.count(session.Refused), 1)
	})
}

// By its cached record the session has ended idle; meanwhile it was used at
// another process.
func TestACachedRecordThatHasExpiredIsLoadedFromTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, remember := newStaleLab(t)
		v := l.login("ann")
		remember()
		time.Sleep(20 * time.Minute)
		v.copy().posts(nil)
		time.Sleep(20 * time.Minute)
		want(t, "owner", v.owner(), "ann")
	})
}

func TestNoUpdateUponACachedRecordIsLost(t *testing.T) {
	l, _, remember := newStaleLab(t)
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1); once.Set(s, "coupon") })
	remember()
	v.copy().posts(func(s *session.Session) {
		count.Update(s, func(n int) int { return n + 10 })
		once.Take(s)
	})
	v.gets(func(s *session.Session) { count.Update(s, func(n int) int { return n + 100 }) })
	res := v.does("GET", func(s *session.Session) {
		got, _ := once.Take(s)
		want(t, "handed out provisionally", got, "coupon")
	})
	want(t, "status of a coupon that is spent already", res.StatusCode, 409)
	remember()
	want(t, "count", tells(v, count), 111)
}

// Set wrote what the cache held already, so that there seemed to be nothing to
// keep: the answer was 200, and the server kept what another node had set.
func TestAChangeThatIsNoneToTheCacheIsKept(t *testing.T) {
	l, st, remember := newStaleLab(t)
	v := l.visitor()
	v.posts(func(s *session.Session) { count.Set(s, 1) })
	remember()
	v.copy().posts(func(s *session.Session) { count.Set(s, 2) })
	v.gets(func(s *session.Session) { count.Set(s, 1) })
	v.posts(func(s *session.Session) { want(t, "count", count.Get(s), 1) })
	remember()
	l.saves.Store(0)
	v.gets(func(s *session.Session) { count.Set(s, 1) })
	want(t, "Saves of what the server holds, too", l.saves.Load(), 0)
	want(t, "Loads to know that", st.loads, 1)

	v.copy().posts(func(s *session.Session) { s.End() })
	res := v.does("GET", func(s *session.Session) { count.Set(s, 1) })
	want(t, "status of a Set in a session that has ended elsewhere", res.StatusCode, 409)
}

func TestASessionThatEndedIsNotWrittenToThroughTheCache(t *testing.T) {
	l, _, remember := newStaleLab(t)
	v := l.login("ann")
	remember()
	v.copy().posts(func(s *session.Session) { s.End() })
	res := v.does("GET", func(s *session.Session) { count.Set(s, 1) })
	want(t, "status", res.StatusCode, 409)
	res = v.does("GET", func(s *session.Session) {
		want(t, "Reload", s.Reload(t.Context()), error(session.ErrEnded))
	})
	want(t, "status after Reload", res.StatusCode, 200)
}

// A durableStore is one that may answer ErrNotDurable.
type durableStore struct{ store.Store }

func (durableStore) Durable() bool         { return true }
func (s durableStore) Unwrap() store.Store { return s.Store }

// The answer of a durable Save was lost. It was found in the record, and that it
// had not reached a replica was found by nobody: the answer was 200.
func TestADurableSaveWhoseAnswerIsLostIsMadeDurable(t *testing.T) {
	for what, act := range map[string]func(s *session.Session){
		"a login":   func(s *session.Session) { s.Login("ann") },
		"a renewal": func(s *session.Session) { s.Renew() },
		"a logout":  func(s *session.Session) { s.End() },
	} {
		for _, safe := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				l := newLabOn(t, durableStore{memstore.New(memstore.Options{})}, session.Options{})
				v := l.visitor()
				v.posts(func(s *session.Session) { count.Set(s, 1) })
				lost, durable := false, 0
				l.afterSave = func(id string, rec store.Record, _ uint64, err error) error {
					switch {
					case isOwner(id) || !rec.Durable || err != nil:
						return err
					case !lost:
						lost = true
						return errLost
					case !safe:
						return store.ErrNotDurable
					}
					durable++
					return nil
				}
				status := v.copy().does("POST", act).StatusCode
				want(t, what+" is answered 200", status == 200, safe)
				want(t, what+" was made durable", durable > 0, safe)
			})
		}
	}
}

// One process saved a tombstone, was told that no replica has it, and answered
// 503. The visitor tried again, at another process, which found the tombstone,
// wrote nothing and reported success: a failover, and the logout had never been.
func TestALogoutIsMadeDurableByWhateverProcessRepeatsIt(t *testing.T) {
	for what, again := range map[string]func(l *lab, v *visitor) bool{
		"End": func(l *lab, v *visitor) bool {
			return v.at(l).does("POST", func(s *session.Session) { s.End() }).StatusCode == 200
		},
		"EndAll": func(l *lab, _ *visitor) bool { _, err := l.m.EndAll(t.Context(), "ann"); return err == nil },
	} {
		l := newLabOn(t, durableStore{memstore.New(memstore.Options{})}, session.Options{})
		v := l.login("ann")
		l.afterSave = func(id string, rec store.Record, _ uint64, err error) error {
			if err == nil && rec.Durable && !isOwner(id) {
				return store.ErrNotDurable
			}
			return err
		}
		want(t, what+" is told that it is not safe", again(l, v.copy()), false)
		other, safe := l.twin(), 0
		other.afterSave = func(id string, rec store.Record, _ uint64, err error) error {
			if err == nil && rec.Durable && !isOwner(id) {
				safe++
			}
			return err
		}
		want(t, what+" succeeds at another process", again(other, v), true)
		if safe == 0 {
			t.Errorf("%s: the tombstone was not saved again", what)
		}
	}
}
