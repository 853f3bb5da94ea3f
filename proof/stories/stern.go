package stories

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// overwriteNothing: of requests that have all seen a value, and set it, one has
// success. Who sets another value does not get in its way.
func overwriteNothing(t *testing.T, w *Town) {
	token := w.must(t, 0, "/stern"+setting("color", "none"), "").token()
	w.warm(t, token)
	const rivals = 20
	c := w.hold(t, 2*rivals, token, func(i int) string {
		if i < rivals {
			return "/stern" + setting("color", fmt.Sprint("color ", i))
		}
		return "/stern" + setting(fmt.Sprint("own ", i), "here")
	})
	won := -1
	for i, a := range c.release(t) {
		switch {
		case a.status == http.StatusOK && i < rivals && won >= 0:
			t.Errorf("requests %d and %d have both set the value", won, i)
		case a.status == http.StatusOK && i < rivals:
			won = i
		case a.status != http.StatusOK && (i >= rivals || a.status != http.StatusConflict || a.why != "overwritten"):
			t.Errorf("request %d: %v", i, a)
		}
	}
	w.look(t, nobody, token, "the value of the one that had success", func(v view) bool {
		return v.Values["color"] == fmt.Sprint("color ", won) && len(v.Values) == rivals+1
	})
}

// keepToTheLimit: the oldest sessions of an owner end when logins in both
// processes go over the limit, one after the other and at once.
func keepToTheLimit(t *testing.T, w *Town) {
	var tokens []string
	for i := range 2 * sternLimit {
		tokens = append(tokens, w.must(t, i%2, "/stern/login?owner=frank", "").token())
	}
	for i, token := range tokens {
		owner := "frank"
		if i < len(tokens)-sternLimit {
			owner = ""
		}
		w.look(t, nobody, token, fmt.Sprintf("session %d of the owner %q", i, owner), func(v view) bool { return v.Owner == owner })
	}
	c := w.hold(t, 4*sternLimit, "", same("/stern/login?owner=frank"))
	alive := 0
	for i, a := range c.release(t) {
		if a.status != http.StatusOK {
			t.Errorf("login %d: %v", i, a)
			continue
		}
		tokens = append(tokens, a.token())
	}
	for at := range w.sites {
		var ids []string
		w.ask(t, at, "/-list?owner=frank", &ids)
		if len(ids) > sternLimit {
			t.Errorf("process %d lists %d sessions, want %d at most", at, len(ids), sternLimit)
		}
		for _, token := range tokens {
			listed := slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(token, id) })
			open := w.post(t, at, "/read", token).Owner == "frank"
			if open != listed {
				t.Errorf("process %d: a session is open: %t, and on the list: %t", at, open, listed)
			}
			if open {
				alive++
			}
		}
	}
	if alive != 2*sternLimit {
		t.Errorf("%d sessions are open in the two processes, want %d in each", alive, sternLimit)
	}
}
