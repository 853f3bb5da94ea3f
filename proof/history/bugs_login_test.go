package history

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

// What the histories have found, as the shortest story of each. They stay, so
// that each bug is found again by name and not by seed.

// stories run in fake time.
func story(t *testing.T, nodes int, o session.Options, f func(t *testing.T, s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newSite(t, nodes, o)) })
}

// staleLogin is a login that will fail at the owner's record: all of the
// owner's sessions were ended after the password was looked at.
func staleLogin(s *site, owner string) func(*session.Session) {
	ctx := context.Background()
	epoch, _ := s.nodes[0].Epoch(ctx, owner)
	s.nodes[0].EndAll(ctx, owner)
	return func(s *session.Session) { s.LoginWith(owner, session.Terms{AtEpoch: epoch}) }
}

// holdFirst has the first Save of id take d to answer once it is applied.
func (s *site) holdFirst(id string, d time.Duration) {
	var held atomic.Bool
	s.store.set(func(x string, save func() (uint64, error)) (version uint64, err error) {
		version, err = save()
		if x == id && held.CompareAndSwap(false, true) {
			time.Sleep(d)
		}
		return version, err
	})
}

// A login that failed was undone by putting back the record of before the
// whole batch: the visitor was told that something was in the cart, and it was
// not.
func TestAFailedLoginDoesNotUndoWhatOthersSavedWithIt(t *testing.T) {
	story(t, 1, session.Options{}, func(t *testing.T, s *site) {
		token := s.post(0, "", add("first")).token()
		s.holdFirst(idOf(token), 20*time.Millisecond)
		failing := staleLogin(s, "bob")
		var wg sync.WaitGroup
		wg.Go(func() { s.post(0, token, add("leader")) })
		wg.Go(func() {
			if a := s.post(0, token, slowly(5*time.Millisecond, add("kept"))); a.status != 200 {
				t.Errorf("the change that goes with the login: %+v", a)
			}
		})
		wg.Go(func() {
			if a := s.post(0, token, slowly(10*time.Millisecond, failing)); a.why != badEpoch {
				t.Errorf("the login: %+v, want it refused", a)
			}
		})
		wg.Wait()
		if got, want := s.read(token).log, "first,leader,kept,"; got != want {
			t.Errorf("the session holds %q, want %q", got, want)
		}
	})
}

// A login was saved, its answer lost, and the session ended by an operator;
// then the login failed at the owner's record, and undoing it put the session
// back in the tombstone's place.
func TestAFailedLoginDoesNotBringBackWhatWasEnded(t *testing.T) {
	story(t, 1, session.Options{}, func(t *testing.T, s *site) {
		token := s.post(0, "", add("first")).token()
		failing := staleLogin(s, "bob")
		s.store.set(func(id string, save func() (uint64, error)) (uint64, error) {
			s.store.set(nil)
			save()
			other, _ := session.New(s.store, session.Options{})
			if err := other.EndID(context.Background(), id); err != nil {
				t.Errorf("EndID: %v", err)
			}
			return 0, errLost
		})
		s.post(0, token, failing)
		if v := s.read(token); v.opens {
			t.Errorf("the session that was ended is back: %+v", v)
		}
	})
}

// While a session stood, for a moment, under the name of bob whose login was
// about to fail, all of ann's were ended; then it was hers again.
func TestAFailedLoginDoesNotHideASessionFromEndAll(t *testing.T) {
	story(t, 1, session.Options{}, func(t *testing.T, s *site) {
		token := s.post(0, "", login("ann")).token()
		failing := staleLogin(s, "bob")
		over, dead := make(chan bool), false
		saves := 0
		s.store.set(func(id string, save func() (uint64, error)) (version uint64, err error) {
			version, err = save()
			if id != idOf(token) {
				return version, err
			}
			switch saves++; saves {
			case 1: // the login
				go func() {
					other, _ := session.New(s.store, session.Options{})
					if _, e := other.EndAll(context.Background(), "ann"); e != nil {
						t.Errorf("EndAll: %v", e)
					}
					close(over)
				}()
				<-over
			case 2: // what takes it back
				dead = !s.read(token).opens
			}
			return version, err
		})
		s.post(0, token, failing)
		if v := s.read(token); !dead || v.opens {
			t.Errorf("after EndAll the token still opened the session: at once %v, in the end %v", !dead, v.opens)
		}
	})
}

// A login upon a session that had ended could not be saved, and was tried
// again; then what the request had set before the login was in the new session
// too.
func TestALoginTriedAgainKeepsWhatWasSetBeforeItOut(t *testing.T) {
	story(t, 1, session.Options{Timeout: 20 * time.Millisecond}, func(t *testing.T, s *site) {
		token := s.post(0, "", add("first")).token()
		s.post(0, token, func(s *session.Session) { s.End() })
		s.store.set(func(string, func() (uint64, error)) (uint64, error) { return 0, errLost })
		var first error
		a := s.send(0, http.MethodPost, token, func(se *session.Session, ctx context.Context) {
			reg.Set(se, "before")
			se.Login("ann")
			first = se.Commit(ctx)
			s.store.set(nil)
		})
		if !errors.Is(first, session.ErrUnavailable) || a.status != 200 {
			t.Fatalf("the first Commit: %v, the answer: %+v", first, a)
		}
		if v := s.read(a.token()); v.owner != "ann" || v.reg != "" {
			t.Errorf("the new session is %+v, want it ann's, and without what was set before the login", v)
		}
	})
}

// With Strict, a login under a token that was superseded meanwhile (a double
// click) was refused, since the new session did not hold what the old one had.
func TestAStrictLoginMayBeginANewSession(t *testing.T) {
	story(t, 1, session.Options{Strict: true}, func(t *testing.T, s *site) {
		token := s.post(0, "", set("first")).token()
		again := func(s *session.Session) {
			reg.Get(s)
			s.Login("ann")
			reg.Set(s, "second")
		}
		var wg sync.WaitGroup
		for _, d := range []time.Duration{5, 10} {
			wg.Go(func() {
				if a := s.post(0, token, slowly(d*time.Millisecond, again)); a.status != 200 {
					t.Errorf("a login: %+v", a)
				}
			})
		}
		wg.Wait()
	})
}
