package session_test

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
)

// A storm: many requests at once across each renewal, answers in any order, some
// of them lost.
func TestRotation_in_a_storm_signs_nobody_out_and_takes_nobody_for_a_thief(t *testing.T) {
	const renewals, requests = 1000, 200
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, session.Options{Rotate: time.Minute, Idle: session.Never, Lifetime: session.Never})
		first := l.login("ann")
		b := &browser{jar: first.copy(), rand: rand.New(rand.NewPCG(7, 7))}
		for range renewals {
			var all sync.WaitGroup
			for range requests {
				all.Go(func() { b.asks(t) })
			}
			all.Wait()
			time.Sleep(time.Minute)
		}
		if n := l.count(session.Rotated); n < renewals*9/10 {
			t.Errorf("%d rotations in %d minutes", n, renewals)
		}
		want(t, "logouts", b.strangers, 0)
		for _, k := range []session.Kind{session.Forked, session.Superseded, session.Refused} {
			want(t, string(k)+" events", l.count(k), 0)
		}
		want(t, "owner by the first token of all", first.owner(), "")
		want(t, "Forked events", l.count(session.Forked), 1)
	})
}

// A browser sends requests at once, from one jar.
type browser struct {
	mu        sync.Mutex
	jar       *visitor
	rand      *rand.Rand
	strangers int
}

// asks sends a request, which travels for up to 5 s, as does its answer, which
// may be lost.
func (b *browser) asks(t *testing.T) {
	wait := func() {
		b.mu.Lock()
		d := time.Duration(b.rand.IntN(5000)) * time.Millisecond
		b.mu.Unlock()
		time.Sleep(d)
	}
	wait()
	b.mu.Lock()
	v, lost, writes := b.jar.copy(), b.rand.IntN(5) == 0, b.rand.IntN(4) == 0
	b.mu.Unlock()
	wait()
	method, owner := "GET", ""
	if writes {
		method = "POST"
	}
	res := v.sends(method, func(s *session.Session) {
		owner = s.Owner()
		if writes {
			count.Update(s, func(n int) int { return n + 1 })
		}
	})
	wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if owner != "ann" || res.StatusCode != http.StatusOK {
		b.strangers++
	}
	if !lost {
		b.jar.takes(res)
	}
}
