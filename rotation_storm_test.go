package session_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/cookie"
	"github.com/sojourn-go/session/store"
)

// A storm is one browser, whose requests go to two processes with a store that is
// slow, and loses answers. Most of what the visitor is answered is lost, too.
type storm struct {
	t  *testing.T
	at [2]*lab

	mu     sync.Mutex
	rand   *rand.Rand
	jar    *visitor
	trace  []string
	faults []string
}

// Few requests at a time, some of them minutes long, and logins in between: what
// a storm of many hides, since another one mends it at once.
func TestRotation_in_small_bursts_with_most_answers_lost_signs_nobody_out(t *testing.T) {
	for seed := range uint64(60) {
		for _, o := range []session.Options{
			{Rotate: time.Minute, Idle: session.Never, Lifetime: session.Never},
			{Rotate: time.Minute, Idle: 20 * time.Minute, Lifetime: 400 * day, Client: session.ClientOf},
		} {
			t.Run(fmt.Sprintf("seed %d, Idle %v", seed, o.Idle), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { newStorm(t, seed, o).rages() })
			})
		}
	}
}

func newStorm(t *testing.T, seed uint64, o session.Options) *storm {
	o.Logger = slog.New(slog.DiscardHandler) // the store is down often here
	l := newLab(t, o)
	b := &storm{t: t, at: [2]*lab{l, l.twin()}, rand: rand.New(rand.NewPCG(seed, 1))}
	if seed%2 == 0 {
		b.jar = l.login("ann")
	} else {
		b.jar = l.remembered("ann")
	}
	for _, l := range b.at {
		b.disturb(l.labStore)
	}
	return b
}

// disturb has a Save of twenty be applied with an answer that is lost, one of
// forty not be applied, and three of forty calls take their time.
func (b *storm) disturb(s *labStore) {
	dawdle := func(n int) {
		if n < 4 {
			time.Sleep(time.Duration(n) * 10 * time.Millisecond)
		}
	}
	s.onLoad = func(string) error { dawdle(b.pick(40)); return nil }
	s.onSave = func(string, store.Record) error {
		n := b.pick(40)
		if n == 0 {
			return errLost
		}
		dawdle(n)
		return nil
	}
	s.afterSave = func(_ string, _ store.Record, _ uint64, err error) error {
		if err == nil && b.pick(20) == 0 {
			return errLost
		}
		return err
	}
}

func (b *storm) pick(n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rand.IntN(n)
}

// passes lets up to so many seconds pass.
func (b *storm) passes(seconds int) {
	time.Sleep(time.Duration(b.pick(1000*seconds)) * time.Millisecond)
}

func (b *storm) rages() {
	for round := range 200 {
		var all sync.WaitGroup
		for range 1 + b.pick(4) {
			all.Go(b.asks)
		}
		if b.pick(3) > 0 {
			b.passes(90)
		}
		all.Wait()
		b.passes(90)
		if b.pick(4) == 0 {
			b.renews()
		}
		if len(b.faults) > 0 {
			for _, line := range b.trace[max(0, len(b.trace)-30):] {
				b.t.Log(line)
			}
			b.t.Fatalf("round %d: %v", round, b.faults)
		}
	}
	rotations := 0
	for _, l := range b.at {
		for _, k := range []session.Kind{session.Forked, session.Superseded, session.Refused, session.Unknown, session.Ended} {
			want(b.t, string(k)+" events", l.count(k), 0)
		}
		rotations += l.count(session.Rotated)
	}
	want(b.t, fmt.Sprintf("%d rotations are more than 50", rotations), rotations > 50, true)
}

// renews is a request by itself, whose answer arrives.
func (b *storm) renews() {
	f := []func(s *session.Session){
		func(s *session.Session) { s.Renew() },
		func(s *session.Session) { s.Login("ann") },
		func(s *session.Session) { s.StepUp(1) },
		func(s *session.Session) { s.LoginWith("ann", session.Terms{Remember: true}) },
	}[b.pick(4)]
	had := b.jar.cookie.Value
	res := b.jar.does("POST", f)
	b.log("renewal %s -> %s, status %d", inShort(had), inShort(b.jar.cookie.Value), res.StatusCode)
}

// log writes down what is shown if the visitor is signed out.
func (b *storm) log(format string, a ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trace = append(b.trace, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, a...))
}

// inShort is the part of a token that rotations change.
func inShort(token string) string { return token[min(36, len(token)):min(42, len(token))] }

// asks sends one request, which travels for up to 3 s, as does its answer, of
// which six of ten are lost.
func (b *storm) asks() {
	at, lost, deed := b.at[b.pick(2)], b.pick(10) < 6, deeds[b.pick(len(deeds))]
	b.passes(3)
	b.mu.Lock()
	v := b.jar.at(at)
	b.mu.Unlock()
	b.passes(3)
	owner, res := deed.do(b, v)
	b.passes(3)
	got := ""
	for _, c := range res.Cookies() {
		got = inShort(c.Value)
	}
	b.log("%s with %s: got %q, lost %v, owner %q, status %d", deed.name, inShort(v.cookie.Value), got, lost, owner, res.StatusCode)
	b.mu.Lock()
	defer b.mu.Unlock()
	if owner != "ann" || res.StatusCode != http.StatusOK && res.StatusCode != http.StatusServiceUnavailable {
		b.faults = append(b.faults, fmt.Sprintf("%s: owner %q, status %d", deed.name, owner, res.StatusCode))
	}
	// An answer to SetCookie that another overtakes brings the token before back.
	if overtaken := b.jar.cookie.Value != v.cookie.Value; !lost && !(deed.name == "SetCookie" && overtaken) {
		b.jar.takes(res)
	}
}

// deeds are what a request may do. Each returns the owner that it saw.
var deeds = []struct {
	name string
	do   func(b *storm, v *visitor) (owner string, res *http.Response)
}{
	{"reading", reading}, {"reading", reading}, {"reading", reading},
	{"writing", writing}, {"writing", writing},
	{"a long poll", polling}, {"SetCookie", decorating}, {"Load and Commit", byHand},
	{"a change too late", tooLate}, {"Hijack or panic", breakingOff},
}

func reading(_ *storm, v *visitor) (owner string, res *http.Response) {
	res = v.sends("GET", func(s *session.Session) { owner = s.Owner() })
	return owner, res
}

func writing(_ *storm, v *visitor) (owner string, res *http.Response) {
	res = v.sends("POST", func(s *session.Session) { owner = s.Owner(); count.Update(s, inc) })
	return owner, res
}

func polling(b *storm, v *visitor) (owner string, res *http.Response) {
	res = v.sends("POST", func(s *session.Session) {
		owner = s.Owner()
		if err := s.Reload(b.t.Context()); err != nil {
			b.t.Errorf("Reload: %v", err)
		}
		count.Update(s, inc)
		if err := s.Commit(b.t.Context()); err != nil && !errors.Is(err, session.ErrUnknown) {
			b.t.Errorf("Commit: %v", err)
		}
		b.passes(150)
		_ = s.Reload(b.t.Context())
		count.Update(s, inc)
	})
	return owner, res
}

func decorating(_ *storm, v *visitor) (owner string, res *http.Response) {
	res = v.sends("GET", func(s *session.Session) {
		owner = s.Owner()
		s.SetCookie(cookie.Attrs{SameSite: http.SameSiteLaxMode})
	})
	return owner, res
}

func byHand(b *storm, v *visitor) (owner string, res *http.Response) {
	s, w := v.l.m.Load(v.request("POST")), httptest.NewRecorder()
	owner = s.Owner()
	count.Update(s, inc)
	b.passes(150)
	if err := v.l.m.Commit(b.t.Context(), w.Header(), s); err != nil && !errors.Is(err, session.ErrUnknown) {
		b.t.Errorf("Manager.Commit: %v", err)
	}
	w.WriteHeader(http.StatusOK)
	return owner, w.Result()
}

func tooLate(b *storm, v *visitor) (owner string, res *http.Response) {
	return v.rawly(func(w http.ResponseWriter, s *session.Session) {
		w.Write([]byte("x"))
		b.passes(150)
		count.Update(s, inc)
	})
}

func breakingOff(b *storm, v *visitor) (owner string, res *http.Response) {
	return v.rawly(func(w http.ResponseWriter, s *session.Session) {
		hijacks := b.pick(2) == 0
		if hijacks {
			http.NewResponseController(w).Hijack()
		}
		count.Update(s, inc)
		s.Commit(b.t.Context())
		if !hijacks {
			panic("the handler's own")
		}
	})
}

// rawly sends a request whose connection can be taken over, and whose handler may
// panic.
func (v *visitor) rawly(f func(w http.ResponseWriter, s *session.Session)) (owner string, res *http.Response) {
	w := httptest.NewRecorder()
	func() {
		defer func() { _ = recover() }()
		v.l.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			owner = s.Owner()
			f(w, s)
		})).ServeHTTP(hijackable{w}, v.request("POST"))
	}()
	return owner, w.Result()
}
