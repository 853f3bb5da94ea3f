package session_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store/memstore"
)

// An alikeSite is one of the two managers that a script runs over.
type alikeSite struct {
	l      *lab
	v      *visitor
	ids    []string
	endAll func(owner string)
	sent   string // of the last Set-Cookie
	undone bool   // a login was: then what else the request did with a stored session may be noted later
}

// ordinal stands for an id: ids themselves are random.
func (a *alikeSite) ordinal(id string) int {
	if id == "" {
		return -1
	}
	if i := slices.Index(a.ids, id); i >= 0 {
		return i
	}
	a.ids = append(a.ids, id)
	return len(a.ids) - 1
}

func (a *alikeSite) look(s *session.Session) string {
	var b strings.Builder
	for name, value := range s.All() {
		if len(value) > 20 {
			value = value[:20]
		}
		fmt.Fprintf(&b, " %s=%s", name, value)
	}
	i := s.Info()
	if a.undone {
		i.LastSeen, i.Expires = time.Time{}, time.Time{}
	}
	ms := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return strconv.FormatInt(t.UnixMilli()%1e10, 10)
	}
	fmt.Fprintf(&b, " owner=%s/%s new=%v id=%d/%d lvl=%d rem=%v created=%s auth=%s seen=%s exp=%s", s.Owner(), i.Owner, s.IsNew(), a.ordinal(s.ID()), a.ordinal(i.ID),
		i.Level, i.Remembered, ms(i.Created), ms(i.Authenticated), ms(i.LastSeen), ms(i.Expires))
	return b.String()
}

func (a *alikeSite) visit(q alikeRequest) (trace []string) {
	if q.bump {
		if o := a.peekOwner(); o != "" {
			a.endAll(o)
			a.kinds() // who ends them is told elsewhere
			trace = append(trace, "ended all of "+o)
		}
	}
	r := a.v.request(q.method)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	var kept *session.Session
	rec := httptest.NewRecorder()
	func() {
		defer func() {
			if p := recover(); p != nil {
				trace = append(trace, fmt.Sprint("panic: ", p))
			}
		}()
		a.l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			kept = s
			for _, op := range q.ops {
				trace = append(trace, fmt.Sprint(op.verb, op.n, ": ")+a.run(w, s, op))
			}
		})).ServeHTTP(rec, r)
	}()
	res := rec.Result()
	trace = append(trace, fmt.Sprint("status ", res.StatusCode, " of ", q.method, " vary ", res.Header["Vary"]))
	if kept != nil {
		trace = append(trace, "frozen: "+a.look(kept))
	}
	a.v.takes(res)
	trace = append(trace, fmt.Sprint("has a cookie: ", a.v.cookie != nil))
	a.sent = sent(res)
	if len(res.Header["Set-Cookie"]) > 1 {
		trace = append(trace, "several Set-Cookie lines")
	}
	if q.bump && len(trace) > 0 && strings.HasPrefix(trace[0], "ended all") {
		a.v.cookie = nil
	}
	return trace
}

// sent is what a Set-Cookie says but for its value; a stored session sends
// fewer.
func sent(res *http.Response) string {
	line := res.Header.Get("Set-Cookie")
	_, attrs, _ := strings.Cut(line, "; ")
	return attrs
}

func (a *alikeSite) peekOwner() string {
	if a.v.cookie == nil {
		return ""
	}
	r := a.v.request("GET")
	r.Header.Set("Sec-Fetch-Mode", "cors")
	return a.l.m.Load(r).Owner()
}

func (a *alikeSite) kinds() string {
	a.l.mu.Lock()
	defer a.l.mu.Unlock()
	var b strings.Builder
	for _, e := range a.l.events {
		fmt.Fprint(&b, e.Kind, "(", e.Key, ") ")
	}
	a.l.events = nil
	return b.String()
}

func newAlike(t *testing.T, seed uint64) (stored, sealed *alikeSite) {
	o := session.Options{MaxRecord: 3000}
	if seed%2 == 1 { // what is faster: nobody observes, and nothing waits
		return newAlikePlain(t, o)
	}
	l := newLab(t, o)
	stored = &alikeSite{l: l, v: l.visitor(), endAll: func(owner string) {
		if _, err := l.m.EndAll(context.Background(), owner); err != nil {
			t.Fatal(err)
		}
	}}
	epochs := map[string]uint64{}
	o.Epoch = func(_ context.Context, owner string) (uint64, error) { return epochs[owner] + 1, nil }
	k := newSealedLab(t, newKeys(t), o)
	sealed = &alikeSite{l: k, v: k.visitor(), endAll: func(owner string) { epochs[owner]++ }}
	return stored, sealed
}

// Random scripts of requests one after another, run over a stored session and
// over a sealed one: apart from what docs/sealed.md says they must be alike.
func TestSealed_sessions_are_like_stored_ones_to_requests_one_after_another(t *testing.T) {
	seeds := uint64(600)
	if os.Getenv("SOJOURN_LONG") != "" {
		seeds = 30_000
	}
	for seed := range seeds {
		alike(t, seed)
		if t.Failed() {
			return
		}
	}
}

func alike(t *testing.T, seed uint64) {
	script := newScript(rand.New(rand.NewPCG(seed, 0)))
	synctest.Test(t, func(t *testing.T) {
		stored, sealed := newAlike(t, seed)
		var history []string
		for i, q := range script {
			time.Sleep(q.before)
			a, b := stored.visit(q), sealed.visit(q)
			ae, be := stored.kinds(), sealed.kinds()
			if stored.sent != "" {
				a, b = append(a, stored.sent), append(b, sealed.sent)
			}
			if !slices.Equal(a, b) {
				t.Logf("before that:\n%s", strings.Join(history, "\n"))
				t.Errorf("seed %d, request %d of %d, after %v\nstored: %s\n  events %s\n\nsealed: %s\n events %s", seed, i, len(script), q.before, strings.Join(a, "\n  "), ae, strings.Join(b, "\n  "), be)
				for k := range min(len(a), len(b)) {
					if a[k] != b[k] {
						t.Errorf("first difference:\n  %s\n  %s", a[k], b[k])
						break
					}
				}
				return
			}
			history = append(history, fmt.Sprintf("%v later:\n\t%s", q.before, strings.Join(a, "\n\t")))
		}
	})
}

// newAlikePlain is newAlike without observers and with a store that waits
// for nothing.
func newAlikePlain(t *testing.T, o session.Options) (stored, sealed *alikeSite) {
	m, err := session.New(memstore.New(memstore.Options{}), o)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, m: m, o: o}
	stored = &alikeSite{l: l, v: l.visitor(), endAll: func(owner string) {
		if _, err := m.EndAll(context.Background(), owner); err != nil {
			t.Fatal(err)
		}
	}}
	epochs := map[string]uint64{}
	o.Epoch = func(_ context.Context, owner string) (uint64, error) { return epochs[owner] + 1, nil }
	sm, err := session.NewSealed(newKeys(t), o)
	if err != nil {
		t.Fatal(err)
	}
	k := &lab{t: t, m: sm, o: o}
	sealed = &alikeSite{l: k, v: k.visitor(), endAll: func(owner string) { epochs[owner]++ }}
	return stored, sealed
}
