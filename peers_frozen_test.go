package session_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/sojourn-go/session"
)

// fiber's session objects go on to other visitors, scs's may be written by a
// goroutine of a request that is over.
func TestPeers_a_session_after_Handler_is_a_frozen_snapshot(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		id := v.sessionID()
		var s *session.Session
		v.get(func(_ http.ResponseWriter, r *http.Request) {
			s = session.From(r.Context())
			peerCount.Set(s, 7)
		})
		site.store.calls()
		peerName.Set(s, "eve")
		peerCount.Update(s, func(n int) int { return n + 1 })
		s.End()
		expectError(t, "Login", s.Login("eve"), session.ErrLate)
		expectError(t, "Commit", s.Commit(t.Context()), nil)
		expect(t, "name", peerName.Get(s), "ann")
		expect(t, "count", peerCount.Get(s), 7)
		expect(t, "id", s.ID(), id)
		expectEvents(t, site, session.Late, 4)
		expect(t, "calls of the store", site.store.calls(), "0 loads, 0 saves")
		expect(t, "name in the next request", v.name(), "ann")
	})
}

func TestPeers_a_session_after_Handler_that_was_never_used_asks_no_store(t *testing.T) {
	onEverySite(t, func(t *testing.T, newPeerSite siteMaker) {
		site := newPeerSite(t, session.Options{})
		v := site.regular()
		var s *session.Session
		v.get(func(_ http.ResponseWriter, r *http.Request) { s = session.From(r.Context()) })
		expect(t, "name", peerName.Get(s), "")
		expect(t, "owner", s.Owner(), "")
		expectError(t, "Err", s.Err(), nil)
		expectError(t, "Reload", s.Reload(t.Context()), nil)
		expect(t, "calls of the store", site.store.calls(), "0 loads, 0 saves")
	})
}

// A goroutine of the request may change the session while its late changes are
// being saved. Whatever becomes of that, it is not lost in silence.
func TestPeers_a_late_Set_during_the_last_save_is_kept_or_reported(t *testing.T) {
	for _, when := range []string{"a late change is saved", "the response is committed"} {
		t.Run(when, func(t *testing.T) {
			site := newPeerSite(t, session.Options{})
			v := site.regular()
			saving, changed := make(chan bool), make(chan bool)
			saves := 0
			site.store.aroundSave = func(_ string, save func() (uint64, error)) (uint64, error) {
				if saves++; saves == 1 {
					saving <- true
					<-changed
				}
				return save()
			}
			v.get(func(w http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				expect(t, "name", peerName.Get(s), "ann")
				go func() {
					<-saving
					peerName.Set(s, "bob")
					close(changed)
				}()
				if when == "a late change is saved" {
					io.WriteString(w, "page")
				}
				peerCount.Set(s, 1)
			})
			if got, late := v.name(), site.log.of(session.Late); got != "bob" && len(late) == 0 {
				t.Errorf("name: got %q and no event, want it kept or reported", got)
			}
		})
	}
}
