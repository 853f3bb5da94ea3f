package stories

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// hearNews: what one process writes is seen by the next page of that process
// and by the next unsafe request of the other; and by the pages of the other
// within the bound, and from then on.
func hearNews(t *testing.T, w *Town) {
	const rounds = 100
	token := w.must(t, 0, "/add", "").token()
	for i := 2; i < rounds; i++ {
		w.warm(t, token)
		wrote, want := i%2, strconv.Itoa(i)
		is := func(v view) bool { return v.Values["counter"] == want }
		w.must(t, wrote, "/add", token)
		begin := time.Now()
		own := w.send(t, wrote, http.MethodGet, "/read", token)
		if !is(own.view) {
			t.Fatalf("the page after the write, in the same process: %v, want %s", own, want)
		}
		if i%4 < 2 {
			if a := w.post(t, 1-wrote, "/read", token); !is(a.view) {
				t.Fatalf("an unsafe request in the other process: %v, want %s", a, want)
			}
		}
		w.poll(t, 1-wrote, begin, w.lateness(1-wrote, wrote), token, want, is)
		for range 3 {
			w.poll(t, 1-wrote, time.Now(), 0, token, want+", for good", is)
		}
	}
}

// hearOfTokens: the token of before may open pages of the other process until it
// has heard of the new one, and nothing but pages; the new one opens everything
// at once.
func hearOfTokens(t *testing.T, w *Town) {
	for i := range 40 {
		at := i % 2
		old := w.signedIn(t, 1-at, "ann")
		path := []string{"/renew", "/login?owner=ann", "/logout", "/login?owner=bob"}[i/2%4]
		next := w.must(t, at, path, old).token()
		begin := time.Now()
		if next != "" {
			a := w.send(t, 1-at, http.MethodGet, "/read", next)
			if a.ID == "" || a.Owner == "" {
				t.Errorf("the new token after %s: %v", path, a)
			}
		}
		// A page that writes is refused even if it was taken for the session's.
		if a := w.send(t, 1-at, http.MethodGet, fmt.Sprint("/write?text=late", i), old); a.status == http.StatusOK && a.ID != "" || a.token() != "" {
			t.Errorf("a page that wrote under the old token after %s: %v", path, a)
		}
		if a := w.post(t, 1-at, "/add", old); a.status != http.StatusConflict {
			t.Errorf("an unsafe request under the old token after %s: %v", path, a)
		}
		w.poll(t, 1-at, begin, w.lateness(1-at, at), old, "nothing", opensNothing)
		w.look(t, nobody, old, "nothing", opensNothing)
	}
}

// CutOff tells of the second process when it is cut off, and caches its reads: it
// hears of nothing, and so its pages show the state of before as long as the bound
// says, and no longer; then they have to wait.
func CutOff(t *testing.T, w *Town, cut, heal func()) {
	for _, path := range []string{"/renew", "/logout"} {
		t.Run(path[1:], func(t *testing.T) { w.cutOff(t, path, cut, heal) })
	}
}

func (w *Town) cutOff(t *testing.T, path string, cut, heal func()) {
	token := w.signedIn(t, 0, "ann")
	cut()
	healed := make(chan struct{})
	time.AfterFunc(bound+bound/4, func() {
		heal()
		close(healed)
	})
	w.must(t, 0, path, token)
	begin := time.Now()
	stale, last := 0, time.Duration(0)
	for age := last; ; stale, last = stale+1, age {
		age = time.Since(begin)
		a := w.send(t, 1, http.MethodGet, "/read", token)
		if a.ID == "" {
			break // it had to wait, or to give up
		}
		if age >= bound {
			t.Fatalf("a page that was asked for %v after %s: %v", age, path, a)
		}
	}
	if stale == 0 {
		t.Error("no page was out of date: this has shown nothing")
	}
	t.Logf("%d pages were out of date, the last one by %v", stale, last)
	<-healed
	w.recovers(t, 1)
	w.look(t, nobody, token, "nothing", opensNothing)
}

// recovers waits until a process reaches the database again.
func (w *Town) recovers(t *testing.T, at int) {
	t.Helper()
	for begin := time.Now(); ; {
		a := w.post(t, at, "/add", "")
		if a.status == http.StatusOK {
			return
		}
		if time.Since(begin) > 5*time.Second {
			t.Fatalf("process %d does not recover: %v", at, a)
		}
	}
}
