package history

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session"
)

// A queue went on from the record that its own last Save had made, although
// the request behind had loaded a newer one, from another process. So its Set
// of what the value had been before changed nothing, and was answered 200.
func TestACommitIsNotJudgedByAnOlderRecordThanTheRequestSaw(t *testing.T) {
	story(t, 2, session.Options{}, func(t *testing.T, s *site) {
		token := s.post(0, "", set("on")).token()
		s.holdFirst(idOf(token), 20*time.Millisecond)
		var wg sync.WaitGroup
		wg.Go(func() { s.post(0, token, add("slow")) })
		time.Sleep(5 * time.Millisecond)
		s.post(1, token, set("off"))
		if a := s.post(0, token, set("on")); a.status != 200 {
			t.Errorf("the last Set: %+v", a)
		}
		wg.Wait()
		if got := s.read(token).reg; got != "on" {
			t.Errorf("the last Set was answered 200, and the value is %q", got)
		}
	})
}

// The same, and the newer record had a new token: the request that came with
// it was told that it was superseded.
func TestANewTokenIsGoodAtOnceInEveryProcess(t *testing.T) {
	story(t, 2, session.Options{}, func(t *testing.T, s *site) {
		token := s.post(0, "", set("first")).token()
		s.holdFirst(idOf(token), 20*time.Millisecond)
		var wg sync.WaitGroup
		wg.Go(func() { s.post(0, token, add("slow")) })
		time.Sleep(5 * time.Millisecond)
		newer := s.post(1, token, login("ann")).token()
		if a := s.post(0, newer, set("second")); a.status != 200 {
			t.Errorf("a change under the new token: %+v", a)
		}
		wg.Wait()
	})
}

// Of two Takes in one batch the second was refused because of the first, and
// then the Save failed: nobody had the value, and one was told that somebody
// had.
func TestATakeIsNotRefusedBecauseOfOneThatWasNeverSaved(t *testing.T) {
	story(t, 1, session.Options{Timeout: 100 * time.Millisecond}, func(t *testing.T, s *site) {
		token := s.post(0, "", func(s *session.Session) { ticket.Set(s, "one") }).token()
		saves := 0
		s.store.set(func(_ string, save func() (uint64, error)) (uint64, error) {
			if saves++; saves > 1 {
				return 0, errLost
			}
			defer time.Sleep(20 * time.Millisecond)
			return save()
		})
		take := func(s *session.Session) { ticket.Take(s) }
		var wg sync.WaitGroup
		wg.Go(func() { s.post(0, token, add("leader")) })
		for _, d := range []time.Duration{5, 10} {
			wg.Go(func() {
				if a := s.post(0, token, slowly(d*time.Millisecond, take)); a.why == isTaken {
					t.Errorf("a Take was refused, and nobody has taken the value")
				}
			})
		}
		wg.Wait()
		s.store.set(nil)
		if got := s.read(token).ticket; got != "one" {
			t.Errorf("the value is %q", got)
		}
	})
}

// Of two visits the first one's Save was applied and its answer lost; when the
// first asked again it was told the second one's number.
func TestACommitTriedAgainShowsItsOwnOutcome(t *testing.T) {
	story(t, 2, session.Options{Timeout: 20 * time.Millisecond}, func(t *testing.T, s *site) {
		token := s.post(0, "", set("first")).token()
		s.store.set(func(_ string, save func() (uint64, error)) (uint64, error) {
			save()
			return 0, errLost
		})
		visit := func(s *session.Session) { count.Update(s, func(n int) int { return n + 1 }) }
		mine := 0
		s.send(0, http.MethodPost, token, func(se *session.Session, ctx context.Context) {
			visit(se)
			if err := se.Commit(ctx); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("the first Commit: %v", err)
			}
			s.store.set(nil)
			s.post(1, token, visit)
			if err := se.Commit(ctx); err != nil {
				t.Errorf("the second Commit: %v", err)
			}
			mine = count.Get(se)
		})
		if mine != 1 {
			t.Errorf("the first visit was told that it was number %d", mine)
		}
	})
}
