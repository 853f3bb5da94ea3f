package rueidis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// patience is how long the feed may take to begin.
const patience = 5 * time.Second

// A feed tells a cache what changes on the servers. It has a connection to each
// master (tracker), over which the server sends the keys that change, and asks
// all of them several times a Bound whether they are there.
type feed struct {
	client rueidis.Client        // the one that reads and writes
	option *rueidis.ClientOption // a pointer, so that a printed CachedStore shows no password
	store  *redisstore.Store
	cache  *nearcache.Store

	// Both are of begin's, then of the goroutine's.
	trackers map[string]*tracker // by address
	lost     bool                // in a Cluster: none of them answered

	ctx    context.Context // done when the feed is closed
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newFeed(client rueidis.Client, option *rueidis.ClientOption, st *redisstore.Store, cache *nearcache.Store) *feed {
	f := &feed{client: client, option: option, store: st, cache: cache, trackers: map[string]*tracker{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// begin returns when all masters tell what changes, and starts the goroutine.
func (f *feed) begin() error {
	ctx, cancel := context.WithTimeout(f.ctx, patience)
	defer cancel()
	if err := f.round(ctx); err != nil {
		f.close()
		return fmt.Errorf("rueidis: cached reads: %w", err)
	}
	f.wg.Go(f.run)
	return nil
}

// close ends the goroutine, and then the connections, all at once.
func (f *feed) close() {
	f.cancel() // also cuts the connections
	f.wg.Wait()
	var all sync.WaitGroup
	for _, t := range f.trackers {
		all.Go(t.close)
	}
	all.Wait()
}

func (f *feed) run() {
	tick := time.NewTicker(f.cache.Bound() / 4)
	defer tick.Stop()
	for {
		select {
		case <-f.ctx.Done():
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(f.ctx, f.cache.Bound()/2)
		_ = f.round(ctx) // after a failure nothing is vouched for, which is all there is to do
		cancel()
	}
}

var errUnsettled = errors.New("who is a master changes all the time")

// round asks every master, and vouches for all that they have told. Those who
// are masters now and were not before are asked as well.
func (f *feed) round(ctx context.Context) error {
	if err := f.follow(ctx); err != nil {
		return err
	}
	for range 4 {
		at := time.Now()
		told, err := f.ask(ctx)
		f.lost = len(told) == 0
		if f.keepTo(told) {
			continue
		}
		if err != nil {
			return err
		}
		f.vouch(at)
		return nil
	}
	return errUnsettled
}

// vouch says that all changes of before are told: each master has answered a
// question that was asked since. A connection that was not there the last time
// has not told what changed before it was: all is forgotten first.
func (f *feed) vouch(at time.Time) {
	fresh := false
	for _, t := range f.trackers {
		fresh = t.isFresh() || fresh
	}
	if fresh {
		f.cache.ForgetAll()
	}
	f.cache.Vouch(at)
}

// follow finds out where to ask first: where the client reads, or, in a
// Cluster, where that one knows of masters.
func (f *feed) follow(ctx context.Context) error {
	nodes := f.client.Nodes()
	if f.client.Mode() != rueidis.ClientModeCluster {
		f.keepTo(keys(nodes))
		return nil
	}
	if len(f.trackers) > 0 && !f.lost {
		return nil // they say who is a master
	}
	masters, err := askForMasters(ctx, nodes)
	if err == nil {
		f.keepTo(masters)
	}
	return err
}

func keys(nodes map[string]rueidis.Client) map[string]bool {
	set := map[string]bool{}
	for addr := range nodes {
		set[addr] = true
	}
	return set
}

// keepTo makes the trackers those of the masters, and reports whether they were
// others. If nobody said who the masters are, they stay.
func (f *feed) keepTo(masters map[string]bool) (changed bool) {
	if len(masters) == 0 {
		return false
	}
	for addr, t := range f.trackers {
		if !masters[addr] {
			t.close()
			delete(f.trackers, addr)
			changed = true
		}
	}
	for addr := range masters {
		if f.trackers[addr] == nil {
			f.trackers[addr] = &tracker{feed: f, addr: addr}
			changed = true
		}
	}
	return changed
}

// ask asks all masters at once. Told are, in a Cluster, those that any of them
// takes for masters; elsewhere nobody.
func (f *feed) ask(ctx context.Context) (told map[string]bool, err error) {
	type reply struct {
		masters map[string]bool
		err     error
	}
	replies := make([]reply, len(f.trackers))
	var wg sync.WaitGroup
	for i, t := range slices.Collect(maps.Values(f.trackers)) {
		wg.Go(func() { replies[i].masters, replies[i].err = t.ask(ctx) })
	}
	wg.Wait()
	told = map[string]bool{}
	var faults []error
	for _, r := range replies {
		maps.Copy(told, r.masters)
		faults = append(faults, r.err)
	}
	return told, errors.Join(faults...)
}
