package sql

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/internal/sqlserver"
	"github.com/sojourn-go/session/store"
)

// A Trip is how often something waits for the server's answer.
type Trip struct {
	What, Subject string
	Trips         int
}

// What is counted: requests of every subject,
const (
	NoCookie  = "no cookie"
	Untouched = "untouched"
	Garbage   = "garbage cookie"
	OwnerList = "list of an owner with 5 sessions"
)

// and calls of our stores.
const (
	CallLoad   = "Load"
	CallNew    = "Save, new"
	CallSave   = "Save"
	CallDelete = "Delete"
	CallList   = "List, 128 records"
)

// Requests and Calls are all that is counted, in order.
var (
	Requests = []string{NoCookie, Untouched, Read, Touch, Write, Garbage, OwnerList}
	Calls    = []string{CallLoad, CallNew, CallSave, CallDelete, CallList}
)

// CountTrips counts round trips, of each thing alone.
func CountTrips(o Options) (all []Trip, err error) {
	for _, e := range o.engines() {
		if e.name != PostgreSQL && e.name != MariaDB {
			continue
		}
		h, err := e.start()
		if err != nil {
			return nil, err
		}
		for _, s := range Subjects() {
			if s.Engine != e.name || strings.HasSuffix(s.Name, unlogged) {
				continue
			}
			trips, err := countTrips(h, s)
			if err != nil {
				h.stop()
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			all = append(all, trips...)
		}
		h.stop()
	}
	return all, nil
}

func countTrips(h *host, s Subject) (all []Trip, err error) {
	proxy, err := sqlserver.StartProxy(h.server.Addr())
	if err != nil {
		return nil, err
	}
	defer proxy.Stop()
	at, err := s.open(h, proxy.Addr(), s.Name)
	if err != nil {
		return nil, err
	}
	defer at.close()
	do, err := at.requests()
	if err == nil && s.own {
		err = at.calls(do)
	}
	if err != nil {
		return nil, err
	}
	for _, what := range slices.Concat(Requests, Calls) {
		if do[what] == nil {
			continue
		}
		t, err := least(proxy, do[what])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		all = append(all, Trip{what, s.Name, t})
	}
	return all, nil
}

// least counts the trips, at the least: beside them drivers look whether their
// connections still live. The first time a connection is opened, and statements
// are prepared on it, which is not counted.
func least(proxy *sqlserver.Proxy, do func() error) (best int, err error) {
	for try := range tries + 1 {
		proxy.Reset()
		if err := do(); err != nil {
			return 0, err
		}
		if t := proxy.Turns(); try == 1 || try > 1 && t < best {
			best = t
		}
	}
	return best, nil
}

// requests returns what makes one request of each kind.
func (h *house) requests() (map[string]func() error, error) {
	jar, err := signIn(h.still, signsIn)
	if err != nil {
		return nil, err
	}
	visit := func(site peers.Site, a peers.Action, cookie string, least int64) func() error {
		guest := site.Guest(a)
		return func() error {
			sent := cookie
			answer, err := guest(&sent)
			return crowd.Judge(answer, least, err)
		}
	}
	name, _, _ := strings.Cut(jar, "=")
	do := map[string]func() error{
		NoCookie:  visit(h.still, peers.Read, "", 0),
		Untouched: visit(h.still, peers.Untouched, jar, 0),
		Read:      visit(h.still, peers.Read, jar, peers.FirstCount),
		Touch:     visit(h.idle, peers.Read, jar, peers.FirstCount),
		Write:     visit(h.still, peers.Count, jar, peers.FirstCount+1),
		Garbage:   visit(h.still, peers.Read, name+"=garbage", 0),
	}
	if h.manager == nil {
		return do, nil
	}
	if do[Touch], err = h.dueVisits(); err != nil {
		return nil, err
	}
	do[OwnerList], err = ownerList(h.manager)
	return do, err
}

// tries is how often each thing is counted, at the least of which it is taken.
const tries = 5

// dueVisits returns what visits one session after the other whose use has to be
// written down again.
func (h *house) dueVisits() (func() error, error) {
	due := make([]string, tries+1)
	for i := range due {
		var err error
		if due[i], err = signIn(h.still, signsIn); err != nil {
			return nil, err
		}
		if err = crowd.Age(h.store, due[i]); err != nil {
			return nil, err
		}
	}
	guest := h.idle.Guest(peers.Read)
	return func() error {
		cookie := due[0]
		due = due[1:]
		answer, err := guest(&cookie)
		return crowd.Judge(answer, peers.FirstCount, err)
	}, nil
}

// ownerList logs an owner in five times, and returns what lists the sessions.
func ownerList(m *session.Manager) (func() error, error) {
	const owner, want = "ann", 5
	for range want {
		r := httptest.NewRequest("POST", "https://example.com/", nil)
		s := m.Load(r)
		if err := s.Login(owner); err != nil {
			return nil, err
		}
		if err := m.Commit(r.Context(), http.Header{}, s); err != nil {
			return nil, err
		}
	}
	return func() error {
		n := 0
		for _, err := range m.List(context.Background(), owner) {
			if err != nil {
				return err
			}
			n++
		}
		if n != want {
			return fmt.Errorf("got %d sessions, want %d", n, want)
		}
		return nil
	}, nil
}

// calls adds the calls of the store itself.
func (h *house) calls(do map[string]func() error) error {
	ctx := context.Background()
	rec := store.Record{Data: []byte("data"), Owner: "ann", Expires: time.Now().Add(time.Hour)}
	n := 0
	save := func() error {
		n++
		_, err := h.store.Save(ctx, fmt.Sprintf("new-%d", n), rec)
		return err
	}
	kept := rec
	update := func() (err error) {
		kept.Version, err = h.store.Save(ctx, "kept", kept)
		return err
	}
	if err := update(); err != nil {
		return err
	}
	do[CallNew], do[CallSave] = save, update
	do[CallLoad] = func() error { _, err := h.store.Load(ctx, "kept"); return err }
	do[CallDelete] = func() error { return h.store.Delete(ctx, "gone") }
	do[CallList] = func() error {
		for _, err := range store.All(ctx, h.store) {
			return err
		}
		return nil
	}
	return nil
}
