package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// state asks the API.
func (v *visitor) state(method, path string) (s apiState) {
	v.t.Helper()
	r := v.do(v.request(method, path, ""))
	r.want(v.t, 200)
	if err := json.Unmarshal([]byte(r.body), &s); err != nil {
		v.t.Fatal(err)
	}
	return s
}

func TestAPI_ANewVisitorIsToldSoAndGetsNoCookie(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	for range 2 {
		r := v.get("/api/session")
		r.want(t, 200)
		const want = `{"id":"","owner":"","new":true,"visits":0,"created":null,"authenticated":null,"expires":null,"bytes":0}` + "\n"
		if r.body != want {
			t.Errorf("got %s, want %s", r.body, want)
		}
		if got := r.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("Content-Type is %q", got)
		}
		if c := r.Header.Values("Set-Cookie"); len(c) > 0 {
			t.Errorf("a cookie: %q", c)
		}
	}
}

func TestAPI_AnswersWithExactlyTheseKeys(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.signIn("Ann")
	for _, r := range []reply{v.get("/api/session"), v.post("/api/visit", "")} {
		var got map[string]any
		if err := json.Unmarshal([]byte(r.body), &got); err != nil {
			t.Fatal(err)
		}
		want := []string{"authenticated", "bytes", "created", "expires", "id", "new", "owner", "visits"}
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, want) {
			t.Errorf("keys %q, want %q", keys, want)
		}
		for _, key := range []string{"created", "authenticated", "expires"} {
			if _, err := time.Parse(time.RFC3339, got[key].(string)); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
}

func TestAPI_AVisitIsCountedAndLookingIsNot(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	first := v.state("POST", "/api/visit")
	if first.ID == "" || !first.New || first.Visits != 1 || first.Created == nil || first.Authenticated != nil || first.Expires == nil || first.Bytes == 0 {
		t.Errorf("the first visit is %+v", first)
	}
	v.get("/").want(t, 200, counted(2))
	v.signIn("Ann")
	for range 2 {
		s := v.state("GET", "/api/session")
		if s.ID != first.ID || s.Owner != "Ann" || s.New || s.Visits != 2 || !s.Created.Equal(*first.Created) || s.Authenticated == nil {
			t.Errorf("got %+v", s)
		}
	}
	if s := v.state("POST", "/api/visit"); s.Visits != 3 {
		t.Errorf("the third visit is number %d", s.Visits)
	}
}

func TestAPI_200VisitsAtOnceGet200Numbers(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t).url)
	v.get("/")
	const n = 200
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		seen  = map[int]bool{}
		ready = make(chan struct{})
	)
	for range n {
		r := v.request("POST", "/api/visit", "")
		all.Go(func() {
			<-ready
			res, err := client.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			var s apiState
			if err := json.NewDecoder(res.Body).Decode(&s); err != nil || res.StatusCode != 200 {
				t.Errorf("status %d, %v", res.StatusCode, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[s.Visits] {
				t.Errorf("two visits are number %d", s.Visits)
			}
			seen[s.Visits] = true
		})
	}
	close(ready)
	all.Wait()
	if s := v.state("GET", "/api/session"); len(seen) != n || s.Visits != n+1 {
		t.Errorf("%d numbers and %d visits, want %d and %d", len(seen), s.Visits, n, n+1)
	}
}

func TestAPI_AnExpiredSessionIsNone(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t, "-idle", "1ms", "-lifetime", "10ms").url)
	old := v.state("POST", "/api/visit")
	for range 1000 {
		if s := v.state("GET", "/api/session"); s.New {
			if s := v.state("POST", "/api/visit"); s.ID == old.ID || s.Visits != 1 {
				t.Errorf("after its end the session is %+v", s)
			}
			return
		}
	}
	t.Error("the session does not end")
}

// A brokenStore fails on demand.
type brokenStore struct {
	store.Store
	loads, saves atomic.Bool
}

var errBroken = errors.New("dial tcp 10.1.2.3:6379: connection refused")

func (b *brokenStore) Load(ctx context.Context, id string) (store.Record, error) {
	if b.loads.Load() {
		return store.Record{}, errBroken
	}
	return b.Store.Load(ctx, id)
}

func (b *brokenStore) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	if b.saves.Load() {
		return 0, errBroken
	}
	return b.Store.Save(ctx, id, rec)
}

// inside serves a site of this process, on a store that may be broken.
func inside(t *testing.T) (*visitor, *site, *brokenStore, *buffer) {
	t.Helper()
	logged := &buffer{}
	log := slog.New(slog.NewTextHandler(logged, nil))
	s, st := newSite(log, false), &brokenStore{Store: memstore.New(memstore.Options{})}
	sessions, err := session.New(st, session.Options{
		Timeout: 50 * time.Millisecond, ErrorHandler: s.failed, Observe: observer(log), Logger: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.keep(kept{sessions: sessions, store: st})
	srv := httptest.NewServer(s.handler())
	t.Cleanup(srv.Close)
	return newVisitor(t, srv.URL), s, st, logged
}

func TestFailures_ABrokenStoreIsToldWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what         string
		loads, saves bool
		method, path string
		text         string
	}{
		{"a visit that cannot be kept", false, true, "POST", "/api/visit", `{"error":"The sessions cannot be reached`},
		{"a visit to a session that cannot be read", true, false, "POST", "/api/visit", `{"error":"The sessions cannot be reached`},
		{"a look at a session that cannot be read", true, false, "GET", "/api/session", `{"error":"The sessions cannot be reached`},
		{"a page that cannot count", false, true, "GET", "/", "Out of reach"},
		{"a page about a session that cannot be read", true, false, "GET", "/session", "Out of reach"},
		{"a login that cannot be kept", false, true, "POST", "/login", "Out of reach"},
	} {
		t.Run(c.what, func(t *testing.T) {
			v, _, st, logged := inside(t)
			v.get("/").want(t, 200, counted(1))
			st.loads.Store(c.loads)
			st.saves.Store(c.saves)
			body := ""
			if c.path == "/login" {
				body = "name=Ann"
			}
			r := v.do(v.request(c.method, c.path, body))
			r.want(t, http.StatusServiceUnavailable, c.text)
			if strings.Contains(r.body, "6379") || strings.Contains(r.body, "You accessed") {
				t.Errorf("the answer says too much: %s", r.body)
			}
			if !strings.Contains(logged.String(), "6379") {
				t.Errorf("the log does not say why:\n%s", logged)
			}
			st.loads.Store(false)
			st.saves.Store(false)
			v.get("/").want(t, 200, counted(2))
		})
	}
}

func TestFailures_AVisitWithTheTokenOfAnEndedSessionIs409(t *testing.T) {
	t.Parallel()
	v, _, _, _ := inside(t)
	v.signIn("Ann")
	late := v.request("POST", "/api/visit", "")
	v.post("/logout", "")
	v.do(late).want(t, http.StatusConflict, `{"error":"Another request has ended this session`)
}

func TestFailures_APanicIsAnErrorPageAndKeepsNothing(t *testing.T) {
	t.Parallel()
	v, s, _, logged := inside(t)
	s.mux.HandleFunc("GET /panic", func(w http.ResponseWriter, r *http.Request) {
		visits.Set(session.From(r.Context()), 1000)
		panic("a plain mistake")
	})
	s.mux.HandleFunc("GET /half", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("too late for a page")
	})
	v.get("/").want(t, 200, counted(1))
	v.get("/panic").want(t, 500, "Our fault", "style.css")
	v.get("/").want(t, 200, counted(2))
	if log := logged.String(); !strings.Contains(log, "a plain mistake") || !strings.Contains(log, "api_test.go") {
		t.Errorf("the log does not say where:\n%s", log)
	}
	res, err := client.Do(v.request("GET", "/half", ""))
	if err == nil {
		_, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	if err == nil {
		t.Error("half a page looks like a whole one")
	}
}
