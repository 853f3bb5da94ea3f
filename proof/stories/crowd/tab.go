package crowd

import (
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// A tab sends one request after the other.
type tab struct {
	*Visitor
	rand    *rand.Rand
	answers atomic.Int64 // all
	good    atomic.Int64 // of 200, since the last other one
}

func (tb *tab) run() {
	for {
		select {
		case <-tb.crowd.closing:
			return
		case <-time.After(Pace):
		}
		tb.step()
	}
}

// step sends one request.
func (tb *tab) step() {
	c := tb.crowd
	c.gate.RLock()
	defer c.gate.RUnlock()
	what, n := tb.next(), c.Nodes[tb.rand.IntN(len(c.Nodes))]
	under, begun := c.rule.Load(), time.Now()
	a := tb.Does(what, n)
	took := time.Since(begun)
	if a.Status == http.StatusOK {
		tb.good.Add(1)
	} else {
		tb.good.Store(0)
	}
	tb.answers.Add(1)
	c.count(what, &a)
	if c.rule.Load() != under {
		under = &Rule{Reads: Either, Writes: Either}
	}
	c.judge(under, what, &a, took)
}

// next chooses what to do.
func (tb *tab) next() Verb {
	if tb.rand.IntN(100) < tb.crowd.Looks {
		return Look
	}
	switch p := tb.rand.IntN(100); {
	case p < 78 || tb.plain || tb.Visitor.tabs > 1:
		return Add
	case p < 85 || tb.owner == "":
		return Login
	case p < 95:
		return Renew
	}
	return Logout
}
