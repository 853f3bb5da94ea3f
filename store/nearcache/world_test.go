package nearcache_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
)

// A state is one of those that a record had, one after the other.
type state struct {
	rec    store.Record
	exists bool
	from   time.Time
}

// A world is a server with the whole history of its records, slow connections
// to it, and a feed that may fail. It lives in a bubble, on the time of which
// everything is exact.
type world struct {
	cache *nearcache.Store
	feed  feed

	mu      sync.Mutex
	history map[string][]state
	version uint64
	seen    map[string]int // which state of a record has to be known to the node of cache
	cut     bool           // the feed is
	rand    *rand.Rand

	underWay sync.WaitGroup // messages, and writes whose answer is lost
}

// n returns a time below d.
func (w *world) n(d time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.rand.Int64N(int64(d)))
}

// one is true once in so many times.
func (w *world) one(in int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rand.IntN(in) == 0
}

// What may be wrong with the feed.
type feed int

const (
	faithful feed = iota // every message arrives within delay
	cuts                 // it is cut now and then, and knows it
	lossy                // it loses messages, and vouches all the same
	silent               // there is none
	feeds
)

const delay = 40 * time.Millisecond

var errLost = errors.New("lost")

// A view is what the server saw of one call: which state was there when the
// call began, and which one it answers with.
type view struct {
	begin, end int
	asked      bool
}

type viewKey struct{}

// now returns the history of a record, with its end if it has expired.
func (w *world) now(id string) []state {
	h := w.history[id]
	if h == nil {
		h = []state{{from: time.Now()}}
	}
	if last := h[len(h)-1]; last.exists && !last.rec.Expires.IsZero() && !time.Now().Before(last.rec.Expires) {
		h = append(h, state{from: last.rec.Expires})
	}
	w.history[id] = h
	return h
}

// latest returns which state a record has, and that.
func (w *world) latest(id string) (int, state) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.now(id)
	return len(h) - 1, h[len(h)-1]
}

// note says that the node of cache has to know of state n from now on.
func (w *world) note(id string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[id] = max(w.seen[id], n)
}

// change makes f of the latest state of a record the next one, and tells of
// it, unless f is an error.
func (w *world) change(id string, f func(state) (state, error)) (version uint64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.now(id)
	next, err := f(h[len(h)-1])
	if err != nil {
		return 0, err
	}
	next.from = time.Now()
	w.history[id] = append(h, next)
	w.underWay.Go(func() { w.tell(id) })
	return next.rec.Version, nil
}

func (w *world) tell(id string) {
	time.Sleep(w.n(delay))
	lose := w.one(3)
	w.mu.Lock()
	lost := w.cut || w.feed == silent || w.feed == lossy && lose
	w.mu.Unlock()
	if !lost {
		w.forget(id)
	}
}

// forget tells of a change. Nothing asked for before may be answered then.
func (w *world) forget(id string) {
	n, _ := w.latest(id)
	w.cache.Forget(id)
	w.note(id, n)
}

func (w *world) forgetAll() {
	n := map[string]int{}
	for _, id := range ids {
		n[id], _ = w.latest(id)
	}
	w.cache.ForgetAll()
	for id, n := range n {
		w.note(id, n)
	}
}

// vouch is the feed's own part, until ctx is done.
func (w *world) vouch(ctx context.Context) {
	for ctx.Err() == nil && w.feed != silent {
		w.cache.Vouch(time.Now().Add(-delay)) // all messages of before have arrived
		time.Sleep(w.n(2 * delay))
		if w.feed != cuts || !w.one(20) {
			continue
		}
		w.setCut(true)
		time.Sleep(w.n(2 * modelBound))
		// Messages sent before the cut may arrive after it; none is lost now.
		w.setCut(false)
		w.forgetAll()
	}
}

func (w *world) setCut(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

// travel is one way, most of the time a short one.
func (w *world) travel() {
	if w.one(40) {
		time.Sleep(w.n(2 * modelBound))
	}
	time.Sleep(w.n(20 * time.Millisecond))
}

func (w *world) Load(ctx context.Context, id string) (store.Record, error) {
	v := ctx.Value(viewKey{}).(*view)
	v.asked = true
	w.travel()
	n, s := w.latest(id)
	v.end = n
	w.travel()
	if !s.exists {
		return store.Record{}, store.ErrNotFound
	}
	return s.rec, nil
}

func (w *world) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	return w.write(ctx, id, func(s state) (state, error) {
		if rec.Version != s.rec.Version {
			return s, store.ErrConflict
		}
		next := state{rec: rec, exists: true}
		w.version++
		next.rec.Version = w.version
		return next, nil
	})
}

func (w *world) Delete(ctx context.Context, id string) error {
	_, err := w.write(ctx, id, func(state) (state, error) { return state{}, nil })
	return err
}

// write applies f, most of the time before it returns, and sometimes loses the
// answer.
func (w *world) write(ctx context.Context, id string, f func(state) (state, error)) (version uint64, err error) {
	v := ctx.Value(viewKey{}).(*view)
	v.asked = true
	w.note(id, v.begin) // what was asked for before the call has been forgotten
	if w.one(10) {
		w.underWay.Go(func() {
			w.travel()
			w.change(id, f)
		})
		time.Sleep(w.n(20 * time.Millisecond))
		err = errLost
	} else {
		w.travel()
		version, err = w.change(id, f)
		w.travel()
	}
	// What was asked for until now will be forgotten when the call returns.
	v.end, _ = w.latest(id)
	if err == nil && w.one(20) {
		err = store.ErrNotDurable
	}
	return version, err
}
