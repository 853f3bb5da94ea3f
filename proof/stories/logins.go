package stories

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// atOnce is how many logins there are of one owner, half in each process.
const atOnce = 100

// usable returns which of the tokens open a session of the owner's, and holds
// them against the lists of both processes.
func (w *Town) usable(t *testing.T, owner string, tokens []string) (usable []string) {
	t.Helper()
	for at := range w.sites {
		var ids []string
		w.ask(t, at, "/-list?owner="+owner, &ids)
		usable = usable[:0]
		for _, token := range tokens {
			open := w.post(t, at, "/read", token).Owner == owner
			if listed := slices.Contains(ids, idOf(token)); listed != open {
				t.Errorf("process %d: a session is open: %t, and on the list: %t", at, open, listed)
			}
			if open {
				usable = append(usable, token)
			}
		}
		if len(ids) != len(usable) {
			t.Errorf("process %d lists %d sessions, of which %d have a token", at, len(ids), len(usable))
		}
	}
	return usable
}

// crowdTheOwner: of logins that are all at once in both processes, some of
// sessions that had values before, no more than the limit are ever usable.
// Where new ones are denied, just so many have success; the others are told
// why, and are what they were before.
func crowdTheOwner(t *testing.T, w *Town) {
	for _, way := range []struct {
		path    string
		success int
	}{{"/stern", atOnce}, {"/full", sternLimit}} {
		owner := "crowd-" + way.path[1:]
		stop := w.watch(t, owner)
		c := w.hold(t, atOnce, "", same(way.path+"/login?owner="+owner))
		var tokens []string
		denied := 0
		for i, a := range c.release(t) {
			switch {
			case a.status == http.StatusOK:
				tokens = append(tokens, a.token())
			case a.status == http.StatusConflict && a.why == "limit" && a.cookie == nil:
				denied++
			default:
				t.Errorf("%s: login %d: %v", way.path, i, a)
			}
		}
		stop()
		if len(tokens) != way.success || denied != atOnce-way.success {
			t.Errorf("%s: %d logins had success and %d were denied, want %d and %d", way.path, len(tokens), denied, way.success, atOnce-way.success)
		}
		if n := len(w.usable(t, owner, tokens)); n != sternLimit {
			t.Errorf("%s: %d sessions are usable, want %d", way.path, n, sternLimit)
		}
	}
	w.keepWhatWas(t)
}

// keepWhatWas: a login that is denied leaves a visitor anonymous, with values and
// token as before; when there is room again it has success.
func (w *Town) keepWhatWas(t *testing.T) {
	t.Helper()
	token := w.must(t, 0, "/full/write?text=before", "").token()
	if a := w.post(t, 1, "/full/login?owner=crowd-full", token); a.status != http.StatusConflict || a.cookie != nil {
		t.Errorf("a login over the limit: %v", a)
	}
	w.look(t, nobody, token, "the anonymous session, as it was", func(v view) bool { return v.Owner == "" && v.has("before") })
	var n int
	w.ask(t, 0, "/-endall?owner=crowd-full", &n)
	if a := w.must(t, 1, "/full/login?owner=crowd-full", token); a.Owner != "crowd-full" {
		t.Errorf("a login when there is room again: %v", a)
	}
}

// watch looks at an owner's list all the time, in both processes, until it is
// told to stop: more than the limit are never on it.
func (w *Town) watch(t *testing.T, owner string) (stop func()) {
	done := make(chan struct{})
	var watchers sync.WaitGroup
	for at := range w.sites {
		watchers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				var ids []string
				if w.ask(t, at, "/-list?owner="+owner, &ids); len(ids) > sternLimit {
					t.Errorf("process %d: %d sessions are usable, and the limit is %d", at, len(ids), sternLimit)
					return
				}
			}
		})
	}
	return func() { close(done); watchers.Wait() }
}

// changeThePassword: logins that have checked the old password, and are all at
// once in both processes while all sessions of the owner are ended, do not
// survive that. One with the new password does.
func changeThePassword(t *testing.T, w *Town) {
	for at := range w.sites {
		owner := fmt.Sprint("grace-", at)
		var old uint64
		w.ask(t, at, "/-epoch?owner="+owner, &old)
		login := fmt.Sprintf("/login?owner=%s&epoch=%d", owner, old)
		c := w.hold(t, atOnce, "", same(login))
		answers := w.hold(t, 10, "", same(login)).release(t)
		var wg sync.WaitGroup
		wg.Go(func() { answers = append(answers, c.release(t)...) })
		var n int
		w.ask(t, at, "/-endall?owner="+owner, &n)
		wg.Wait()
		kept := 0
		var tokens []string
		for i, a := range answers {
			switch {
			case a.status == http.StatusOK:
				kept++
				tokens = append(tokens, a.token())
			case a.status != http.StatusConflict || a.why != "epoch" && a.why != "ended" || a.cookie != nil:
				t.Errorf("login %d: %v", i, a)
			}
		}
		t.Logf("%d of %d logins came before the change", kept, len(answers))
		for at := range w.sites {
			for _, token := range tokens {
				if a := w.post(t, at, "/read", token); a.Owner != "" {
					t.Errorf("process %d: a login by the old password has survived: %v", at, a)
				}
			}
			var ids []string
			if w.ask(t, at, "/-list?owner="+owner, &ids); len(ids) > 0 {
				t.Errorf("process %d still lists %q", at, strings.Join(ids, ", "))
			}
		}
		if a := w.post(t, 1-at, login, ""); a.status != http.StatusConflict || a.why != "epoch" {
			t.Errorf("a login by the old password, afterwards: %v", a)
		}
		var epoch uint64
		w.ask(t, at, "/-epoch?owner="+owner, &epoch)
		if a := w.must(t, at, fmt.Sprintf("/login?owner=%s&epoch=%d", owner, epoch), ""); a.Owner != owner {
			t.Errorf("a login by the new password: %v", a)
		}
	}
}
