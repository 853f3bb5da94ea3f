package redis

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

const (
	visitors = 20                   // with 25 tabs
	pace     = 5 * time.Millisecond // between an answer and the next request of a tab
)

// A crowd is many visitors of an application of several nodes.
type crowd struct {
	t     *testing.T
	nodes []*node
	slack time.Duration // how old a page may be
	loses []verb        // what may be lost
	looks int           // of 100 requests

	visitors []*visitor
	tabs     []*tab
	wg       sync.WaitGroup
	closing  chan struct{}
	gate     sync.RWMutex // held by each request; by others to have silence
	rule     atomic.Pointer[rule]

	mu    sync.Mutex
	over  []left       // by a logout
	open  []left       // by a failure
	gone  map[verb]int // answered 200, and lost
	tally map[string]int
	whys  map[string]int
	wrong int
}

// A rule says what answers there may be to requests that began and ended under
// it.
type rule struct {
	reads, writes []int
	matters       []int         // logins, renewals, logouts, if not as other writes
	most          time.Duration // that an answer may take; 0: anything
}

var (
	good     = []int{http.StatusOK}
	refused  = []int{http.StatusServiceUnavailable}
	either   = []int{http.StatusOK, http.StatusServiceUnavailable}
	fine     = rule{reads: good, writes: good}
	troubled = rule{reads: either, writes: either}
)

// A tab sends one request after the other.
type tab struct {
	*visitor
	rand    *rand.Rand
	answers atomic.Int64 // all
	good    atomic.Int64 // of 200, since the last other one
}

// newCrowd opens the doors of a node upon each store, and lets the visitors in.
// It returns when each tab has had some answers. All is fine so far.
func newCrowd(t *testing.T, stores []store.Store, o session.Options) *crowd {
	t.Helper()
	return letIn(t, stores, o, &crowd{})
}

// letIn is newCrowd with settings of the test's own.
func letIn(t *testing.T, stores []store.Store, o session.Options, c *crowd) *crowd {
	t.Helper()
	c.t, c.closing = t, make(chan struct{})
	c.gone, c.tally, c.whys = map[verb]int{}, map[string]int{}, map[string]int{}
	for _, st := range stores {
		c.nodes = append(c.nodes, newNode(t, st, o))
	}
	c.rule.Store(&fine)
	c.looks = cmp.Or(c.looks, 45)
	for i := range visitors {
		c.visitors = append(c.visitors, c.newVisitor(i))
	}
	t.Cleanup(c.stop)
	for _, tb := range c.tabs {
		c.wg.Go(tb.run)
	}
	c.goesOn(20)
	return c
}

// newVisitor returns the i-th visitor, with its tabs. A quarter never sign in, a
// quarter have two tabs, and are signed in; the others come and go. Two have the
// same account.
func (c *crowd) newVisitor(i int) *visitor {
	c.t.Helper()
	v := &visitor{crowd: c, name: fmt.Sprintf("user%d", i/2), plain: i%4 == 0, tabs: 1}
	if i%4 == 1 {
		v.tabs = 2
		if a := v.does(login, c.nodes[0]); a.status != http.StatusOK {
			c.t.Fatalf("the first login: got %d, %s", a.status, a.why)
		}
	}
	for j := range v.tabs {
		c.tabs = append(c.tabs, &tab{visitor: v, rand: rand.New(rand.NewPCG(uint64(i), uint64(j)))})
	}
	return v
}

// stop sends the visitors home.
func (c *crowd) stop() {
	select {
	case <-c.closing:
	default:
		close(c.closing)
	}
	c.wg.Wait()
}

func (tb *tab) run() {
	for {
		select {
		case <-tb.crowd.closing:
			return
		case <-time.After(pace):
		}
		tb.step()
	}
}

// step sends one request.
func (tb *tab) step() {
	c := tb.crowd
	c.gate.RLock()
	defer c.gate.RUnlock()
	what, n := tb.next(), c.nodes[tb.rand.IntN(len(c.nodes))]
	under, begun := c.rule.Load(), time.Now()
	a := tb.does(what, n)
	took := time.Since(begun)
	if a.status == http.StatusOK {
		tb.good.Add(1)
	} else {
		tb.good.Store(0)
	}
	tb.answers.Add(1)
	c.count(what, &a)
	if c.rule.Load() != under {
		under = &rule{reads: either, writes: either}
	}
	c.judge(under, what, &a, took)
}

// next chooses what to do.
func (tb *tab) next() verb {
	if tb.rand.IntN(100) < tb.crowd.looks {
		return look
	}
	switch p := tb.rand.IntN(100); {
	case p < 78 || tb.plain || tb.visitor.tabs > 1:
		return add
	case p < 85 || tb.owner == "":
		return login
	case p < 95:
		return renew
	}
	return logout
}

// judge holds an answer against a rule.
func (c *crowd) judge(under *rule, what verb, a *answer, took time.Duration) {
	allowed := under.writes
	switch {
	case under.matters != nil && (what == login || what == renew || what == logout):
		allowed = under.matters
	case what == look && !a.known:
		allowed = good // nothing is asked for
	case what == look:
		allowed = under.reads
	}
	if !slices.Contains(allowed, a.status) {
		c.errorf("%s: answered %d (%s), want one of %v", what, a.status, a.why, allowed)
	}
	if under.most > 0 && took > under.most {
		c.errorf("%s: answered %d after %v, want %v at most", what, a.status, took, under.most)
	}
}

// errorf is Errorf of the test, a few times: where one visitor is answered wrong,
// thousands are.
func (c *crowd) errorf(format string, args ...any) {
	c.t.Helper()
	c.mu.Lock()
	c.wrong++
	n := c.wrong
	c.mu.Unlock()
	if n <= 20 {
		c.t.Errorf(format, args...)
	}
}

func (c *crowd) count(what verb, a *answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally[fmt.Sprintf("%s %d", what, a.status)]++
	if a.why != "" {
		c.whys[a.why]++
	}
}

func (c *crowd) ended(l left) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = append(c.over, l)
}

func (c *crowd) stranded(l left) {
	if l.token == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, l)
}

// mayLose counts a loss of n updates, or of something else, and reports whether
// there may be one.
func (c *crowd) mayLose(what verb, n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone[what] += n
	return slices.Contains(c.loses, what)
}

// expect has answers judged by a rule from now on.
func (c *crowd) expect(r rule) { c.rule.Store(&r) }

// await waits until each tab is as it should be, and reports whether that came
// to pass in time.
func (c *crowd) await(within time.Duration, ready func(*tab) bool) bool {
	deadline := time.After(within)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		if !slices.ContainsFunc(c.tabs, func(tb *tab) bool { return !ready(tb) }) {
			return true
		}
		select {
		case <-deadline:
			return false
		case <-tick.C:
		}
	}
}

// goesOn waits until each tab has had so many more answers.
func (c *crowd) goesOn(n int64) {
	c.t.Helper()
	want := map[*tab]int64{}
	for _, tb := range c.tabs {
		want[tb] = tb.answers.Load() + n
	}
	if !c.await(30*time.Second, func(tb *tab) bool { return tb.answers.Load() >= want[tb] }) {
		c.t.Fatalf("the visitors are waiting for answers: %s", c.said())
	}
}

// recovers waits until each tab gets one 200 after the other, and from then on
// wants nothing else. It returns how long that took.
func (c *crowd) recovers(within time.Duration) time.Duration {
	c.t.Helper()
	begun := time.Now()
	for _, tb := range c.tabs {
		tb.good.Store(0)
	}
	if !c.await(within, func(tb *tab) bool { return tb.good.Load() >= 3 }) {
		c.t.Fatalf("not all is well again after %v: %s", within, c.said())
	}
	took := time.Since(begun)
	c.expect(fine)
	c.goesOn(10)
	return took
}

// silence returns when no request is under way, and keeps it so until the
// function it returns is called.
func (c *crowd) silence() (end func()) {
	c.gate.Lock()
	return c.gate.Unlock
}

// refusals returns how many requests of a kind have been answered 503.
func (c *crowd) refusals(of ...verb) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range of {
		n += c.tally[string(v)+" 503"]
	}
	return n
}
