package crowd

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

const visitors = 20 // with 25 tabs

// Pace is how long a tab waits between an answer and its next request.
const Pace = 5 * time.Millisecond

// A Crowd is many visitors of an application of several nodes.
type Crowd struct {
	t     *testing.T
	Nodes []*Node
	Slack time.Duration // how old a page may be
	Loses []Verb        // what may be lost
	Looks int           // of 100 requests

	Visitors []*Visitor
	tabs     []*tab
	wg       sync.WaitGroup
	closing  chan struct{}
	gate     sync.RWMutex // held by each request; by others to have silence
	rule     atomic.Pointer[Rule]

	mu    sync.Mutex
	over  []left       // by a logout
	open  []left       // by a failure
	Gone  map[Verb]int // answered 200, and lost
	Tally map[string]int
	whys  map[string]int
	wrong int
}

// A Rule says what answers there may be to requests that began and ended under
// it.
type Rule struct {
	Reads, Writes []int
	Matters       []int         // logins, renewals, logouts, if not as other writes
	Most          time.Duration // that an answer may take; 0: anything
}

// What may be answered.
var (
	Good     = []int{http.StatusOK}
	Refused  = []int{http.StatusServiceUnavailable}
	Either   = []int{http.StatusOK, http.StatusServiceUnavailable}
	Fine     = Rule{Reads: Good, Writes: Good}
	Troubled = Rule{Reads: Either, Writes: Either}
)

// New opens the doors of a node upon each store, and lets the visitors in.
// It returns when each tab has had some answers. All is fine so far.
func New(t *testing.T, stores []store.Store, o session.Options) *Crowd {
	t.Helper()
	return LetIn(t, stores, o, &Crowd{})
}

// LetIn is New with settings of the test's own.
func LetIn(t *testing.T, stores []store.Store, o session.Options, c *Crowd) *Crowd {
	t.Helper()
	c.t, c.closing = t, make(chan struct{})
	c.Gone, c.Tally, c.whys = map[Verb]int{}, map[string]int{}, map[string]int{}
	for _, st := range stores {
		c.Nodes = append(c.Nodes, NewNode(t, st, o))
	}
	c.rule.Store(&Fine)
	c.Looks = cmp.Or(c.Looks, 45)
	for i := range visitors {
		c.Visitors = append(c.Visitors, c.newVisitor(i))
	}
	t.Cleanup(c.stop)
	for _, tb := range c.tabs {
		c.wg.Go(tb.run)
	}
	c.GoesOn(20)
	return c
}

// newVisitor returns the i-th visitor, with its tabs. A quarter never sign in, a
// quarter have two tabs, and are signed in; the others come and go. Two have the
// same account.
func (c *Crowd) newVisitor(i int) *Visitor {
	c.t.Helper()
	v := &Visitor{crowd: c, name: fmt.Sprintf("user%d", i/2), plain: i%4 == 0, tabs: 1}
	if i%4 == 1 {
		v.tabs = 2
		if a := v.Does(Login, c.Nodes[0]); a.Status != http.StatusOK {
			c.t.Fatalf("the first login: got %d, %s", a.Status, a.Why)
		}
	}
	for j := range v.tabs {
		c.tabs = append(c.tabs, &tab{Visitor: v, rand: rand.New(rand.NewPCG(uint64(i), uint64(j)))})
	}
	return v
}

// Visitor returns one more visitor, who does what it is told.
func (c *Crowd) Visitor(name string) *Visitor { return &Visitor{crowd: c, name: name} }

// Tabs returns how many tabs send requests.
func (c *Crowd) Tabs() int { return len(c.tabs) }

// stop sends the visitors home.
func (c *Crowd) stop() {
	select {
	case <-c.closing:
	default:
		close(c.closing)
	}
	c.wg.Wait()
}

// judge holds an answer against a rule.
func (c *Crowd) judge(under *Rule, what Verb, a *Answer, took time.Duration) {
	allowed := under.Writes
	switch {
	case under.Matters != nil && (what == Login || what == Renew || what == Logout):
		allowed = under.Matters
	case what == Look && !a.known:
		allowed = Good // nothing is asked for
	case what == Look:
		allowed = under.Reads
	}
	if !slices.Contains(allowed, a.Status) {
		c.errorf("%s: answered %d (%s), want one of %v", what, a.Status, a.Why, allowed)
	}
	if under.Most > 0 && took > under.Most {
		c.errorf("%s: answered %d after %v, want %v at most", what, a.Status, took, under.Most)
	}
}

// errorf is Errorf of the test, a few times: where one visitor is answered wrong,
// thousands are.
func (c *Crowd) errorf(format string, args ...any) {
	c.t.Helper()
	c.mu.Lock()
	c.wrong++
	n := c.wrong
	c.mu.Unlock()
	if n <= 20 {
		c.t.Errorf(format, args...)
	}
}

func (c *Crowd) count(what Verb, a *Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Tally[fmt.Sprintf("%s %d", what, a.Status)]++
	if a.Why != "" {
		c.whys[a.Why]++
	}
}

func (c *Crowd) ended(l left) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = append(c.over, l)
}

func (c *Crowd) stranded(l left) {
	if l.token == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, l)
}

// mayLose counts a loss of n updates, or of something else, and reports whether
// there may be one.
func (c *Crowd) mayLose(what Verb, n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Gone[what] += n
	return slices.Contains(c.Loses, what)
}

// Expect has answers judged by a rule from now on.
func (c *Crowd) Expect(r Rule) { c.rule.Store(&r) }

// await waits until each tab is as it should be, and reports whether that came
// to pass in time.
func (c *Crowd) await(within time.Duration, ready func(*tab) bool) bool {
	deadline := time.After(within)
	tick := time.NewTicker(Pace)
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

// GoesOn waits until each tab has had so many more answers.
func (c *Crowd) GoesOn(n int64) {
	c.t.Helper()
	want := map[*tab]int64{}
	for _, tb := range c.tabs {
		want[tb] = tb.answers.Load() + n
	}
	if !c.await(30*time.Second, func(tb *tab) bool { return tb.answers.Load() >= want[tb] }) {
		c.t.Fatalf("the visitors are waiting for answers: %s", c.said())
	}
}

// Recovers waits until each tab gets one 200 after the other, and from then on
// wants nothing else. It returns how long that took.
func (c *Crowd) Recovers(within time.Duration) time.Duration {
	c.t.Helper()
	begun := time.Now()
	for _, tb := range c.tabs {
		tb.good.Store(0)
	}
	if !c.await(within, func(tb *tab) bool { return tb.good.Load() >= 3 }) {
		c.t.Fatalf("not all is well again after %v: %s", within, c.said())
	}
	took := time.Since(begun)
	c.Expect(Fine)
	c.GoesOn(10)
	return took
}

// Silence returns when no request is under way, and keeps it so until the
// function it returns is called.
func (c *Crowd) Silence() (end func()) {
	c.gate.Lock()
	return c.gate.Unlock
}

// Refusals returns how many requests of a kind have been answered 503.
func (c *Crowd) Refusals(of ...Verb) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range of {
		n += c.Tally[string(v)+" 503"]
	}
	return n
}
