package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/sojourn-go/session/store"
)

// patience is how long a rule may take before its context is done. A healthy
// store never comes near it.
const patience = time.Minute

// A check is one rule on its way through one store. It ends at the first
// violation, as a test ends at t.Fatal; so its methods are for its own
// goroutine only.
type check struct {
	store.Store
	ctx context.Context // lives as long as the check

	ids  []string // taken, to be deleted at the end
	note string   // said along with a violation
	err  error    // the violation
}

// check holds s to the rule, and returns the violation.
func (r rule) check(ctx context.Context, s store.Store) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := &check{Store: s, ctx: ctx}
	var wg sync.WaitGroup
	wg.Go(func() { r.hold(c) }) // a goroutine of its own, for failf to end
	wg.Wait()
	for _, id := range c.ids {
		s.Delete(ctx, id) // whether Delete works is for other rules to say
	}
	if c.err != nil {
		return fmt.Errorf("storetest: %s: %w", r.sentence, c.err)
	}
	return nil
}

// failf ends the check with a violation.
func (c *check) failf(format string, args ...any) {
	c.err = fmt.Errorf(format, args...)
	if c.note != "" {
		c.err = fmt.Errorf("%w (%s)", c.err, c.note)
	}
	runtime.Goexit()
}

// must ends the check if an operation failed that should not have.
func (c *check) must(doing string, err error) {
	if err != nil {
		c.failf("%s: got error %v (%T), want none", doing, err, err)
	}
}

// take notes that id is the check's, and returns it.
func (c *check) take(id string) string {
	c.ids = append(c.ids, id)
	return id
}

// id returns an id that nobody has used before.
func (c *check) id() string { return c.take(rand.Text()) }

// record returns a record like no other.
func (c *check) record() store.Record {
	return store.Record{Data: []byte("data " + rand.Text()), Owner: "owner " + rand.Text()}
}

// save saves rec, which must succeed, and returns it as it is to be loaded
// from now on: the same, with its new version.
func (c *check) save(id string, rec store.Record) store.Record {
	version, err := c.Save(c.ctx, id, rec)
	if !applied(err) {
		c.must(fmt.Sprintf("Save upon version %d", rec.Version), err)
	}
	rec.Version, rec.Durable = version, false
	return rec
}

// create saves a new record under a new id.
func (c *check) create() (id string, rec store.Record) {
	id = c.id()
	return id, c.save(id, c.record())
}

// applied tells whether a Save that returned err is known to be applied.
func applied(err error) bool { return err == nil || errors.Is(err, store.ErrNotDurable) }

func (c *check) delete(id string) { c.must("Delete", c.Delete(c.ctx, id)) }

// want wants the record under id to be rec.
func (c *check) want(id string, rec store.Record, when string) {
	got, err := c.Load(c.ctx, id)
	c.must("Load "+when, err)
	c.same(got, rec, when)
}

// same wants two records to be the same.
func (c *check) same(got, want store.Record, when string) {
	if diff := difference(got, want); diff != "" {
		c.failf("%s: %s", when, diff)
	}
}

// wantNone wants that there is no record under id.
func (c *check) wantNone(id, when string) {
	rec, err := c.Load(c.ctx, id)
	if !errors.Is(err, store.ErrNotFound) {
		c.failf("Load %s: got %s, want ErrNotFound", when, outcome(rec, err))
	}
}

// wantConflict wants a Save of something new, upon the version, to be
// refused. What has to be there afterwards is for the caller to check.
func (c *check) wantConflict(id string, version uint64, when string) {
	rec := c.record()
	rec.Version = version
	got, err := c.Save(c.ctx, id, rec)
	if !errors.Is(err, store.ErrConflict) {
		c.failf("Save upon version %d %s: got version %d, error %v, want ErrConflict", version, when, got, err)
	}
}

// together calls f for 0 to n-1, all at once, each on its own goroutine. An
// error of f is a violation.
func (c *check) together(n int, f func(i int) error) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make(chan error, n)
	for i := range n {
		wg.Go(func() {
			<-start
			errs <- f(i)
		})
	}
	close(start)
	wg.Wait()
	for range n {
		if err := <-errs; err != nil {
			c.failf("%w", err)
		}
	}
}

// sleepUntil returns at t, or as soon after it as the machine lets it.
func sleepUntil(t time.Time) {
	for time.Now().Before(t) {
		time.Sleep(time.Until(t))
	}
}
