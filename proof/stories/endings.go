package stories

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// signedIn begins a session in one process and signs it in, so that both know it.
func (w *Town) signedIn(t *testing.T, at int, owner string) (token string) {
	t.Helper()
	token = w.must(t, at, "/write?text=before", "").token()
	token = w.must(t, at, "/login?owner="+owner, token).token()
	w.warm(t, token)
	return token
}

// refused wants of each answer that it was refused for this reason, and did not
// touch the cookie.
func refused(t *testing.T, answers []answer, why string) {
	t.Helper()
	for i, a := range answers {
		if a.status != http.StatusConflict || a.why != why || a.cookie != nil {
			t.Errorf("request %d: %v; want 409 %s, and no cookie", i, a, why)
		}
	}
}

// stayEnded: requests that saw the session alive, in both processes, and those
// that come later, do not bring it back.
func stayEnded(t *testing.T, w *Town) {
	for at := range w.sites {
		owner := fmt.Sprint("leaver-", at)
		token := w.signedIn(t, at, owner)
		late := w.hold(t, 20, token, same("/write?text=late"))
		out := w.must(t, at, "/logout", token)
		if out.cookie == nil || out.cookie.MaxAge >= 0 {
			t.Errorf("the logout left the cookie: %v", out)
		}
		ended := func() {
			t.Helper()
			w.look(t, at, token, "nothing", opensNothing)
			for at := range w.sites {
				var ids []string
				if w.ask(t, at, "/-list?owner="+owner, &ids); len(ids) > 0 {
					t.Errorf("process %d lists %q", at, ids)
				}
			}
		}
		ended()
		refused(t, late.release(t), "ended")
		ended()
		for at := range w.sites {
			refused(t, []answer{
				w.post(t, at, "/write?text=later", token), w.post(t, at, "/add", token),
			}, "ended")
			if a := w.send(t, at, http.MethodGet, "/write?text=later", token); a.token() != "" || a.status >= 500 {
				t.Errorf("a page that wrote, at process %d: %v", at, a)
			}
		}
		ended()
		anew := w.must(t, 1-at, "/login?owner="+owner, token)
		if anew.token() == "" || anew.token() == token {
			t.Errorf("a login after the logout: %v; want a token of its own", anew)
		}
		w.look(t, 1-at, anew.token(), "the owner, and no value of before", func(v view) bool {
			return v.Owner == owner && len(v.Values) == 0 && v.ID != "" && !strings.HasPrefix(token, v.ID)
		})
		ended = func() { w.look(t, at, token, "nothing", opensNothing) }
		ended()
	}
}

// endUnderWay: of writers that never pause, in both processes, none has
// success with what it sent when the logout was answered.
func endUnderWay(t *testing.T, w *Town) {
	for at := range w.sites {
		token := w.signedIn(t, at, fmt.Sprint("hasty-", at))
		var answered atomic.Bool
		var kept atomic.Int64
		busy := make(chan struct{}, 100)
		var writers sync.WaitGroup
		for i := range 16 {
			writers.Go(func() {
				for {
					late := answered.Load()
					a := w.post(t, i%2, "/add", token)
					switch {
					case a.status == http.StatusOK && late:
						t.Errorf("a write sent after the logout's answer had success: %v", a)
						return
					case a.status == http.StatusOK:
						if kept.Add(1) <= 100 {
							busy <- struct{}{}
						}
					default:
						refused(t, []answer{a}, "ended")
						return
					}
				}
			})
		}
		for range 100 {
			<-busy
		}
		out := w.post(t, at, "/logout", token)
		answered.Store(true)
		if out.status != http.StatusOK {
			t.Errorf("the logout at process %d: %v", at, out)
		}
		writers.Wait()
		w.look(t, at, token, "nothing", opensNothing)
		t.Logf("%d writes had success before the logout", kept.Load())
	}
}

// changeTokens: after a renewal or login the old token opens nothing, and who
// still acts under it writes nothing and leaves the cookie alone.
func changeTokens(t *testing.T, w *Town) {
	for at := range w.sites {
		for _, change := range []struct {
			path, owner string
			keeps       bool // the values
		}{
			{"/renew", "ann", true},
			{"/login?owner=ann", "ann", true},
			{"/login?owner=bob", "bob", false},
		} {
			old := w.signedIn(t, at, "ann")
			late := w.hold(t, 20, old, same("/write?text=late"))
			sneaks := w.hold(t, 6, old, same("/renew"))
			a := w.must(t, at, change.path, old)
			token := a.token()
			if token == "" || token == old {
				t.Fatalf("%s: %v; want a new token", change.path, a)
			}
			check := func() {
				t.Helper()
				w.look(t, at, old, "nothing under the old token", opensNothing)
				for at := range w.sites { // at once: nothing that is remembered opens by it
					is := func(v view) bool { return v.Owner == change.owner && v.has("before") == change.keeps && !v.has("late") }
					w.poll(t, at, time.Now(), 0, token, "the session under the new token", is)
				}
			}
			check()
			refused(t, slices.Concat(late.release(t), sneaks.release(t)), "superseded")
			for at := range w.sites {
				refused(t, []answer{w.post(t, at, "/write?text=late", old)}, "superseded")
			}
			check()
		}
	}
}

// renewTwice: two renewals at once, one in each process. The loser does not
// overwrite the winner's cookie.
func renewTwice(t *testing.T, w *Town) {
	old := w.signedIn(t, 0, "ann")
	for range 10 {
		answers := w.hold(t, 2, old, same("/renew")).release(t)
		won := slices.IndexFunc(answers, func(a answer) bool { return a.status == http.StatusOK })
		if won < 0 {
			t.Fatalf("neither holds: %v", answers)
		}
		refused(t, []answer{answers[1-won]}, "superseded")
		token := answers[won].token()
		w.look(t, won, token, "the session", func(v view) bool { return v.Owner == "ann" && v.has("before") })
		w.look(t, won, old, "nothing under the old token", opensNothing)
		old = token
	}
}

func endAll(t *testing.T, w *Town) {
	for at := range w.sites {
		owner := fmt.Sprint("dave-", at)
		tokens := []string{w.signedIn(t, 0, owner), w.signedIn(t, 1, owner), w.signedIn(t, 1, owner)}
		other := w.signedIn(t, 1-at, "eve")
		for at := range w.sites {
			var ids []string
			w.ask(t, at, "/-list?owner="+owner, &ids)
			if len(ids) != 3 || slices.ContainsFunc(tokens, func(token string) bool {
				return !slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(token, id) })
			}) {
				t.Errorf("process %d lists %q; want those of all three logins", at, ids)
			}
		}
		var late []*crowd
		for _, token := range tokens {
			late = append(late, w.hold(t, 4, token, same("/write?text=late")))
		}
		var n int
		if w.ask(t, at, "/-endall?owner="+owner, &n); n != 3 {
			t.Errorf("process %d ended %d sessions, want 3", at, n)
		}
		for i, token := range tokens {
			w.look(t, at, token, "nothing", opensNothing)
			refused(t, late[i].release(t), "ended")
			w.look(t, at, token, "nothing", opensNothing)
		}
		var ids []string
		if w.ask(t, 1-at, "/-list?owner="+owner, &ids); len(ids) > 0 {
			t.Errorf("process %d still lists %q", 1-at, ids)
		}
		w.look(t, nobody, other, "somebody else's session, as it was", func(v view) bool { return v.Owner == "eve" && v.has("before") })
	}
}
