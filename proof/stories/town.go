package stories

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Town is two processes of the site on one database, and the browsers' way to
// them.
type Town struct {
	sites  [2]string // URLs
	cached bool
	http   *http.Client
	gates  atomic.Int64
	looks  atomic.Int64

	mu    sync.Mutex
	lags  []time.Duration // how long a GET elsewhere may have shown the state of before
	stale int             // how often one did
}

// bound is how long an answer to a GET may be out of date with cached reads:
// the default of nearcache.Options.Bound.
const bound = 2 * time.Second

// An answer is what a browser gets.
type answer struct {
	status int
	why    string // of a failure
	cookie *http.Cookie
	view
}

// token returns the token that the answer sets, "" if none.
func (a answer) token() string {
	if a.cookie == nil || a.cookie.MaxAge < 0 {
		return ""
	}
	return a.cookie.Value
}

func (a answer) String() string {
	return fmt.Sprintf("%d %s, cookie %t, %+v", a.status, a.why, a.cookie != nil, a.view)
}

// send sends a request to one of the processes.
func (w *Town) send(t *testing.T, at int, method, path, token string) (a answer) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.sites[at]+path, nil)
	if err != nil {
		t.Error(err)
		return a
	}
	if token != "" {
		r.Header.Set("Cookie", cookieName+"="+token)
	}
	res, err := w.http.Do(r)
	if err != nil {
		t.Error(err)
		return a
	}
	defer res.Body.Close()
	a.status, a.why = res.StatusCode, res.Header.Get("X-Why")
	for _, c := range res.Cookies() {
		a.cookie = c
	}
	body, err := io.ReadAll(res.Body)
	if err == nil && a.status == http.StatusOK && len(body) > 0 {
		err = json.Unmarshal(body, &a.view)
	}
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
	}
	return a
}

func (w *Town) post(t *testing.T, at int, path, token string) answer {
	t.Helper()
	return w.send(t, at, http.MethodPost, path, token)
}

// must is post, of which success is wanted.
func (w *Town) must(t *testing.T, at int, path, token string) answer {
	t.Helper()
	a := w.post(t, at, path, token)
	if a.status != http.StatusOK {
		t.Fatalf("POST %s at process %d: %v", path, at, a)
	}
	return a
}

// ask asks a process something that is not about a session.
func (w *Town) ask(t *testing.T, at int, path string, into any) {
	t.Helper()
	res, err := w.http.Get(w.sites[at] + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", path, res.StatusCode, body, err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// A crowd is requests that are under way, held in their handlers.
type crowd struct {
	*Town
	name    string
	wg      sync.WaitGroup
	at      [2]int // how many are at each process
	answers []answer
}

// hold sends n requests by POST, every other one to the other process, and returns
// when all of them have looked at their session, and none has changed it.
func (w *Town) hold(t *testing.T, n int, token string, path func(i int) string) *crowd {
	t.Helper()
	c := &crowd{Town: w, name: fmt.Sprint("gate-", w.gates.Add(1)), answers: make([]answer, n)}
	for i := range n {
		c.at[i%2]++
		c.wg.Go(func() { c.answers[i] = w.post(t, i%2, gated(path(i), c.name), token) })
	}
	for at, n := range c.at {
		w.ask(t, at, fmt.Sprintf("/-held?gate=%s&n=%d", c.name, n), nil)
	}
	return c
}

// gated returns a path whose handler waits at a gate.
func gated(path, gate string) string {
	if strings.Contains(path, "?") {
		return path + "&gate=" + gate
	}
	return path + "?gate=" + gate
}

// release lets them go on, and returns their answers.
func (c *crowd) release(t *testing.T) []answer {
	t.Helper()
	for at := range c.at {
		c.ask(t, at, "/-release?gate="+c.name, nil)
	}
	c.wg.Wait()
	return c.answers
}

// same returns one path for every request of a crowd.
func same(path string) func(int) string { return func(int) string { return path } }

func setting(key, value string) string {
	return "/set?" + url.Values{"key": {key}, "value": {value}}.Encode()
}

// nobody has written last: see look.
const nobody = -1

// look has what a token opens looked at in both processes: by POST, which is
// never out of date, and by GET, which may be, within the bound, if reads are
// cached, and another process wrote last. A POST is also how the process may
// hear of the news; so it comes first or last by turns.
func (w *Town) look(t *testing.T, wrote int, token, want string, is func(view) bool) {
	t.Helper()
	begin, getFirst := time.Now(), w.looks.Add(1)%2 == 0
	for at := range w.sites {
		if getFirst {
			w.poll(t, at, begin, w.lateness(at, wrote), token, want, is)
		}
		if a := w.post(t, at, "/read", token); a.status != http.StatusOK || !is(a.view) {
			t.Errorf("POST at process %d: %v; want %s", at, a, want)
		}
		if !getFirst {
			w.poll(t, at, begin, 0, token, want, is)
		}
	}
}

// lateness is how late a process may be when the other one wrote last.
func (w *Town) lateness(at, wrote int) time.Duration {
	if w.cached && wrote != at {
		return bound
	}
	return 0
}

// poll asks by GET until what is wanted is seen. An answer to what was asked for
// later than late after begin must show it.
func (w *Town) poll(t *testing.T, at int, begin time.Time, late time.Duration, token, want string, is func(view) bool) {
	t.Helper()
	for first := true; ; first = false {
		age := time.Since(begin)
		a := w.send(t, at, http.MethodGet, "/read", token)
		if a.status == http.StatusOK && is(a.view) {
			if late > 0 {
				w.heard(age, !first)
			}
			return
		}
		if a.status != http.StatusOK || age >= late {
			t.Errorf("GET at process %d, after %v: %v; want %s", at, age, a, want)
			return
		}
	}
}

// heard notes how long it took until the news was seen.
func (w *Town) heard(age time.Duration, stale bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lags = append(w.lags, age)
	if stale {
		w.stale++
	}
}

// warm has both processes remember the session, if they do such a thing.
func (w *Town) warm(t *testing.T, token string) {
	t.Helper()
	for range 2 {
		for at := range w.sites {
			w.send(t, at, http.MethodGet, "/read", token)
		}
	}
}

func opensNothing(v view) bool { return v.ID == "" && v.Owner == "" && len(v.Values) == 0 }

// report tells how late news was, and that it was not looked up in the server.
func (w *Town) report(t *testing.T) {
	if !w.cached {
		return
	}
	hits := 0
	for at := range w.sites {
		var n int
		w.ask(t, at, "/-hits", &n)
		hits += n
	}
	if hits == 0 {
		t.Error("no answer came from memory: this has shown nothing of cached reads")
	}
	slices.Sort(w.lags)
	if n := len(w.lags); n > 0 {
		t.Logf("%d hits; the other process was looked at %d times, and %d times it showed the state of before; the news was there after %v (median), %v (latest)",
			hits, n, w.stale, w.lags[n/2], w.lags[n-1])
	}
}
