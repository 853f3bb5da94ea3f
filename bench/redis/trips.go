package redis

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/peers"
)

// A Trip is what one request of a kind sends to the server.
type Trip struct {
	Request, Subject string
	Trips            int      // how often it waits for an answer
	Commands         []string // in order
}

// The kinds of requests.
const (
	NoCookie  = "no cookie"
	Untouched = "untouched"
	Garbage   = "garbage cookie"
	OwnerList = "list of an owner with 5 sessions"
)

// Requests are the kinds of requests that are made of every subject.
var Requests = []string{NoCookie, Untouched, Read, Write, Garbage}

// CountTrips counts what requests send, each made alone.
func CountTrips() ([]Trip, error) {
	s, err := start()
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	var all []Trip
	for _, subject := range Subjects() {
		for _, idle := range []bool{false, true} {
			if idle && (subject.own || subject.lazy || subject.always) {
				continue
			}
			trips, err := countTrips(s, subject, idle)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", subject.Name, err)
			}
			all = append(all, trips...)
		}
	}
	return all, nil
}

func countTrips(s server, subject Subject, idle bool) (all []Trip, err error) {
	m, err := newMeter(s.Addr())
	if err != nil {
		return nil, err
	}
	defer m.close()
	p, err := subject.open(m.addr(), idle)
	if err != nil {
		return nil, err
	}
	defer p.close()
	name := subject.Name
	if idle {
		name += ", idle"
	}
	do, err := p.requests()
	if err != nil {
		return nil, err
	}
	for _, request := range Requests {
		t, err := m.count(do[request])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", request, err)
		}
		t.Request, t.Subject = request, name
		all = append(all, t)
	}
	if subject.Name != Rueidis {
		return all, nil
	}
	t, err := countList(m, p.manager)
	t.Request, t.Subject = OwnerList, name
	return append(all, t), err
}

// requests returns what makes one request of each kind.
func (p *place) requests() (map[string]func() error, error) {
	var jar string
	if _, err := p.Guest(signsIn)(&jar); err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(jar, "=")
	visit := func(g peers.Guest, cookie string, least int64) func() error {
		return func() error {
			sent := cookie
			answer, err := g(&sent)
			return crowd.Judge(answer, least, err)
		}
	}
	garbage := visit(p.Guest(peers.Read), name+"=garbage", 0)
	return map[string]func() error{
		NoCookie:  visit(p.Guest(peers.Read), "", 0),
		Untouched: visit(p.Guest(peers.Untouched), jar, 0),
		Read:      visit(p.Guest(peers.Read), jar, peers.FirstCount),
		Write:     visit(p.Guest(peers.Count), jar, peers.FirstCount+1),
		Garbage:   func() error { garbage(); return nil }, // gorilla hands the error to the application
	}, nil
}

// count returns what do sends, at the least: beside it clients send what keeps
// their connections alive. The first time, it opens them, and is not counted.
func (m *meter) count(do func() error) (best Trip, err error) {
	const tries = 5
	for try := range tries + 1 {
		if _, _, err = m.reset(); err == nil {
			err = do()
		}
		if err != nil {
			return best, err
		}
		trips, commands, err := m.reset()
		if err != nil {
			return best, err
		}
		if try == 1 || try > 1 && len(commands) < len(best.Commands) {
			best = Trip{Trips: trips, Commands: commands}
		}
	}
	return best, nil
}

// countList counts what it takes to list five sessions.
func countList(m *meter, sessions *session.Manager) (Trip, error) {
	const owner, want = "ann", 5
	for range want {
		r := httptest.NewRequest("POST", "https://example.com/", nil)
		s := sessions.Load(r)
		if err := s.Login(owner); err != nil {
			return Trip{}, err
		}
		if err := sessions.Commit(r.Context(), http.Header{}, s); err != nil {
			return Trip{}, err
		}
	}
	return m.count(func() error {
		n := 0
		for _, err := range sessions.List(context.Background(), owner) {
			if err != nil {
				return err
			}
			n++
		}
		if n != want {
			return fmt.Errorf("got %d sessions, want %d", n, want)
		}
		return nil
	})
}
