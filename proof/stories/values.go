package stories

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var stories = []struct {
	name string
	tell func(*testing.T, *Town)
}{
	{"of 200 keys all are kept", keepAllKeys},
	{"of 200 increments all count", countAll},
	{"a coupon is handed out once", handOutOnce},
	{"neither process is locked out by the other", takeTurns},
	{"of strict values none is overwritten", overwriteNothing},
	{"an owner keeps to the limit in both processes", keepToTheLimit},
	{"what a logout ended does not come back", stayEnded},
	{"writers do not outlive a logout", endUnderWay},
	{"a new token is the only one", changeTokens},
	{"of two renewals one holds", renewTwice},
	{"a hundred logins at once keep to the limit, whoever has to go", crowdTheOwner},
	{"a session can be ended from the other process", endAll},
	{"no login by the old password survives its change", changeThePassword},
	{"news is seen in the other process", hearNews},
	{"a new token is news for pages only", hearOfTokens},
	{"answers may come to the jar in any order", answerInAnyOrder},
}

// Run tells all stories.
func Run(t *testing.T, w *Town) {
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) { story.tell(t, w) })
	}
}

const many = 200

// conflicts returns how many Saves of either process found that somebody else
// had written first.
func (w *Town) conflicts(t *testing.T) (n [2]int) {
	t.Helper()
	for at := range w.sites {
		var events map[string]int
		w.ask(t, at, "/-events", &events)
		n[at] = events["conflict"]
	}
	return n
}

// together sends many requests at once, which all saw the same state, and wants
// success for each.
func (w *Town) together(t *testing.T, token string, path func(i int) string) {
	t.Helper()
	before := w.conflicts(t)
	for i, a := range w.hold(t, many, token, path).release(t) {
		if a.status != http.StatusOK {
			t.Errorf("request %d: %v", i, a)
		}
		if a.cookie != nil {
			t.Errorf("request %d brought a cookie, though nothing of the token has changed", i)
		}
	}
	after := w.conflicts(t)
	n := after[0] - before[0] + after[1] - before[1]
	if n == 0 {
		t.Error("no Save found that the other process had written: this has shown nothing")
	}
	t.Logf("%d Saves were repeated upon what the other process had written", n)
}

func keepAllKeys(t *testing.T, w *Town) {
	token := w.must(t, 0, setting("first", "here"), "").token()
	w.warm(t, token)
	key := func(i int) string { return fmt.Sprintf("key-%03d", i) }
	w.together(t, token, func(i int) string { return setting(key(i), strconv.Itoa(i)) })
	w.look(t, nobody, token, "all keys", func(v view) bool {
		for i := range many {
			if v.Values[key(i)] != strconv.Itoa(i) {
				return false
			}
		}
		return len(v.Values) == many+1 && v.Values["first"] == "here"
	})
}

func countAll(t *testing.T, w *Town) {
	token := w.must(t, 1, "/add", "").token()
	w.warm(t, token)
	w.together(t, token, same("/add"))
	w.look(t, nobody, token, "all of them counted once", func(v view) bool {
		return v.Values["counter"] == strconv.Itoa(1+many)
	})
}

// takeTurns: two writers in each process, which never pause, write to one
// session. All of them get on, in either process. (When who lost to the other
// process waited between looking and writing, one process could keep the other
// out until Options.Timeout, 5 s, had passed: a logout was answered 503.)
func takeTurns(t *testing.T, w *Town) {
	const enough = 1500 * time.Millisecond // for one write
	token := w.must(t, 0, "/add", "").token()
	var mu sync.Mutex
	n, longest := 1, [2]time.Duration{}
	var writers sync.WaitGroup
	begin := time.Now()
	for i := range 4 {
		writers.Go(func() {
			for time.Since(begin) < 2*enough {
				sent := time.Now()
				a := w.post(t, i%2, "/add", token)
				if a.status != http.StatusOK {
					t.Errorf("after %v: %v", time.Since(sent), a)
					return
				}
				mu.Lock()
				n, longest[i%2] = n+1, max(longest[i%2], time.Since(sent))
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	for at, took := range longest {
		if took > enough {
			t.Errorf("a write in process %d took %v, want less than %v", at, took, enough)
		}
	}
	t.Logf("the longest of %d writes took %v", n, max(longest[0], longest[1]))
	w.look(t, nobody, token, "all of them counted", func(v view) bool {
		return v.Values["counter"] == strconv.Itoa(n)
	})
}

// handOutOnce is told twice: of requests that have all seen the coupon, and of
// requests that just come at once.
func handOutOnce(t *testing.T, w *Town) {
	for _, seen := range []bool{true, false} {
		token := w.must(t, 0, setting("coupon", "10 % off"), "").token()
		w.warm(t, token)
		c := w.hold(t, 50, token, same("/take"))
		if !seen {
			c.release(t)
			w.must(t, 1, setting("coupon", "20 % off"), token)
			for i := range c.answers {
				c.wg.Go(func() { c.answers[i] = w.post(t, i%2, "/take", token) })
			}
			c.wg.Wait()
		} else {
			c.release(t)
		}
		n := map[string]int{}
		for _, a := range c.answers {
			n[fmt.Sprint(a.status, " ", a.why)]++
		}
		if n["200 "] != 1 || n["200 "]+n["409 taken"]+n["410 "] != len(c.answers) {
			t.Errorf("the coupon was asked for: %v; want one 200, else 409 (taken) or 410 (nothing there)", n)
		}
		if seen && n["409 taken"] != len(c.answers)-1 {
			t.Errorf("all had the coupon in hand: %v; want 409 for all but one", n)
		}
		w.look(t, nobody, token, "no coupon", func(v view) bool {
			_, left := v.Values["coupon"]
			return !left && v.ID == token[:len(v.ID)]
		})
	}
}

// has reports whether a journal holds a text.
func (v view) has(text string) bool {
	return strings.Contains(","+v.Values["journal"], ","+text+",")
}
