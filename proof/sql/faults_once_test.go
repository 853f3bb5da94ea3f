package sql_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/internal/sqlserver"
	"github.com/sojourn-go/session/proof/stories/crowd"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/sqlstore"
)

// A loser is a store that has the proxy lose the answer to one of its calls.
type loser struct {
	*sqlstore.Store
	proxy *sqlserver.Proxy

	mu    sync.Mutex
	calls []string
	at    int // which call, the first is 1; 0: none
}

func (l *loser) call(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls = append(l.calls, name); len(l.calls) == l.at {
		l.proxy.Lose(0, false)
	}
}

func (l *loser) Load(ctx context.Context, id string) (store.Record, error) {
	l.call("Load")
	return l.Store.Load(ctx, id)
}

func (l *loser) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	l.call("Save")
	return l.Store.Save(ctx, id, rec)
}

// during returns the calls while f runs, of which the at-th loses its answer.
func (l *loser) during(at int, f func()) []string {
	l.mu.Lock()
	l.calls, l.at = nil, at
	l.mu.Unlock()
	f()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = 0
	return l.calls
}

// A lab is one node by way of a proxy, and one that needs none.
type lab struct {
	*loser
	node, well *crowd.Node
}

const idle = 10 * time.Second

func newLab(t *testing.T, name string) *lab {
	t.Helper()
	c := driverByName(name)
	proxy, table := startProxy(t, c), newTable()
	open := func(addr string) *sqlstore.Store {
		db := c.connect(t, c.dsn(t, addr))
		db.SetMaxOpenConns(1) // which knows the statements when it has been used
		st, err := c.make(db, sqlstore.Options{Table: table})
		check(t, err)
		return st
	}
	well := open("")
	check(t, well.Create(t.Context()))
	l := &lab{loser: &loser{Store: open(proxy.Addr()), proxy: proxy}}
	l.node = crowd.NewNode(t, l.loser, session.Options{Idle: idle})
	l.well = crowd.NewNode(t, well, session.Options{Idle: idle})
	return l
}

// begins returns the token of a session of ann's with one update.
func (l *lab) begins(t *testing.T) string {
	t.Helper()
	token := l.must(t, crowd.Login, "").Cookie.Value
	l.must(t, crowd.Add, token)
	return token
}

func (l *lab) must(t *testing.T, v crowd.Verb, token string) crowd.Answer {
	t.Helper()
	a := crowd.Send(l.node, v, token, "ann")
	if a.Status != http.StatusOK {
		t.Fatalf("%s: answered %d (%s)", v, a.Status, a.Why)
	}
	return a
}

// Of each call of a request the answer is lost once. What was saved is found to
// be saved, and nothing happens twice.
func TestFaults_a_lost_answer_to_whatever_call_changes_nothing_twice(t *testing.T) {
	for _, name := range []string{"pgx", "pq", "mysql"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, name)
			for _, what := range []crowd.Verb{crowd.Add, crowd.Login, crowd.Renew, crowd.Logout} {
				l.loseEach(t, what, 1, func(*testing.T) string { return l.begins(t) })
			}
			l.loseEach(t, crowd.Add, 1, func(*testing.T) string { return "" }) // which creates a session
			old := l.begins(t)
			<-time.After(idle * 3 / 20) // the session has a use to note
			l.loseEach(t, crowd.Look, 2, func(*testing.T) string { return old })
		})
	}
}

// loseEach has a request lose the answer to its first-th call, another one to the
// next, and so on until a request has no more calls.
func (l *lab) loseEach(t *testing.T, what crowd.Verb, first int, begin func(*testing.T) string) {
	t.Helper()
	for at := first; ; at++ {
		token := begin(t)
		l.warm(t)
		var a crowd.Answer
		lost := l.proxy.Lost()
		calls := l.during(at, func() { a = crowd.Send(l.node, what, token, "ann") })
		switch n := l.proxy.Lost() - lost; {
		case len(calls) >= at && n != 1:
			t.Fatalf("%s: %d answers were lost, want 1", what, n)
		case len(calls) < at && at == first:
			t.Fatalf("%s: the calls are %v, and an answer to number %d was to be lost", what, calls, at)
		case len(calls) < at:
			return
		}
		l.check(t, fmt.Sprintf("%s, number %d of %v lost", what, at, calls), what, calls[at-1], token, &a)
	}
}

// warm has the connection know all statements.
func (l *lab) warm(t *testing.T) {
	t.Helper()
	token := l.begins(t)
	l.must(t, crowd.Logout, token)
}

// check compares what is there with the answer.
func (l *lab) check(t *testing.T, name string, what crowd.Verb, call, token string, a *crowd.Answer) {
	t.Helper()
	saved := a.Status == http.StatusOK
	t.Logf("%s: answered %d", name, a.Status)
	if a.Status != http.StatusOK && a.Status != http.StatusServiceUnavailable {
		t.Errorf("%s: answered %d", name, a.Status)
	}
	if !saved && call == "Save" {
		t.Errorf("%s: answered %d (%s), want 200: it was saved", name, a.Status, a.Why)
	}
	if !saved && a.Cookie != nil {
		t.Errorf("%s: a failure with a cookie", name)
	}
	owner, before := "ann", 1
	if token == "" {
		owner, before = "", 0
	}
	now, after := token, before
	if saved && a.Cookie != nil && a.Cookie.MaxAge >= 0 {
		now = a.Cookie.Value
	}
	switch {
	case saved && what == crowd.Add:
		after++
	case saved && what == crowd.Logout:
		owner, after = "", 0
	}
	got := crowd.Send(l.well, crowd.Look, now, "")
	if got.Status != http.StatusOK || got.Owner != owner || got.Count != after {
		t.Errorf("%s: answered %d (%s); then there are %d updates of %q (%d), want %d of %q", name, a.Status, a.Why, got.Count, got.Owner, got.Status, after, owner)
	}
	if now != token && token != "" {
		if old := crowd.Send(l.well, crowd.Look, token, ""); old.Status != http.StatusOK || old.Owner != "" {
			t.Errorf("%s: the old token opens the session of %q", name, old.Owner)
		}
	}
}
