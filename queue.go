package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// A decider says what becomes of a record. It is the part of a commit that
// decides; the queue does.
type decider interface {
	// decide applies itself to d, or refuses. It may run many times, and a
	// run leaves nothing behind but in d and in what the last run set.
	decide(d *draft) error
}

// A job is one commit of one record on its way through the queue.
type job struct {
	decider
	id  string
	lim *limit

	base    *saved // what the request loaded; nil: the record is loaded first
	closes  bool   // no other job may join a batch behind it
	forced  bool   // is saved even if it changes nothing
	durable bool
	// attempts are Saves of which nobody knows whether they were applied.
	attempts []attempt

	began   uint64 // when it came, on the queues' clock
	refusal error  // by the last decision, which others in the batch may have led to

	// What came of it.
	err       error
	panicked  any
	saved     *saved // the record in the store, with this job in it
	after     *draft // the record as it stood directly after this job
	foreign   bool   // the record holds changes that the request has not seen
	exact     bool   // the record is as this batch left it
	wrote     bool
	conflicts int
	weak      bool // applied, but store.ErrNotDurable

	turn chan bool // true: it is done; false: its goroutine leads from now on
}

// An attempt is a Save that failed without an answer.
type attempt struct {
	stamp   uint64
	writes  uint64 // of the record it was based on
	version uint64
	after   *draft // as it would stand directly after the job
}

// The queues keep commits of one id in one process together: while one is
// being saved, those that come wait, and then go as one batch, in one Save. A
// queue exists only while somebody is in it.
type queues struct {
	store     store.Store
	maxRecord int
	timeout   time.Duration
	clock     atomic.Uint64 // orders the coming of jobs and the reading of records

	shards [64]struct {
		mu sync.Mutex
		m  map[string]*queue
	}
}

type queue struct {
	waiting []*job
	newest  *saved // the record as the last batch left it
}

// verdict is the job's error, or that what had to be durable is not yet.
func (j *job) verdict() error {
	if j.err == nil && j.weak && j.durable {
		return fmt.Errorf("%w: %w", ErrUnavailable, store.ErrNotDurable)
	}
	return j.err
}

var errPanicked = errors.New("session: a function given to Update panicked")

// commit returns when the job is done: j.err and the fields below it say how.
func (qs *queues) commit(j *job) {
	j.turn = make(chan bool, 1)
	j.began = qs.clock.Add(1)
	shard := &qs.shards[shardOf(j.id)]
	shard.mu.Lock()
	q := shard.m[j.id]
	leads := q == nil
	if leads {
		q = &queue{}
		if shard.m == nil {
			shard.m = map[string]*queue{}
		}
		shard.m[j.id] = q
	}
	q.waiting = append(q.waiting, j)
	shard.mu.Unlock()

	if leads || !qs.await(q, j) {
		qs.lead(q, j)
	}
	j.lim.release()
	if j.panicked != nil {
		panic(j.panicked)
	}
}

// await waits for the job to be done, or for the lead. It leaves at the
// deadline only if nobody has taken the job up.
func (qs *queues) await(q *queue, j *job) (done bool) {
	select {
	case done = <-j.turn:
		return done
	case <-j.lim.Done():
	}
	shard := &qs.shards[shardOf(j.id)]
	shard.mu.Lock()
	for i, w := range q.waiting {
		if w == j && len(j.turn) == 0 {
			q.waiting = append(q.waiting[:i:i], q.waiting[i+1:]...)
			shard.mu.Unlock()
			j.err = fmt.Errorf("%w: %w", ErrUnavailable, context.DeadlineExceeded)
			return true
		}
	}
	shard.mu.Unlock()
	return <-j.turn
}

// lead runs one batch, with j at its head, and passes the lead on.
func (qs *queues) lead(q *queue, j *job) {
	shard := &qs.shards[shardOf(j.id)]
	shard.mu.Lock()
	b := &batch{qs: qs, id: j.id, lim: j.lim, cur: q.newest}
	n := 0
	for n < len(q.waiting) {
		n++
		if q.waiting[n-1].closes {
			break
		}
	}
	b.jobs = append(b.jobs, q.waiting[:n]...)
	q.waiting = q.waiting[n:]
	shard.mu.Unlock()

	defer func() {
		// Also reached if the store panicked, or a function ended this
		// goroutine (runtime.Goexit).
		if b.inflight != nil {
			b.cur = nil
			b.remember(*b.inflight)
		}
		again := b.unfinished(j)
		shard.mu.Lock()
		q.newest = b.cur
		q.waiting = append(again, q.waiting...)
		if len(q.waiting) == 0 {
			delete(shard.m, j.id)
		} else {
			q.waiting[0].turn <- false
		}
		shard.mu.Unlock()
		for _, w := range b.jobs {
			if w != j && !contains(again, w) {
				w.turn <- true
			}
		}
	}()
	b.run()
}

func contains(jobs []*job, j *job) bool {
	for _, x := range jobs {
		if x == j {
			return true
		}
	}
	return false
}

// A batch is the jobs that go into one Save.
type batch struct {
	qs   *queues
	id   string
	lim  *limit // the leader's
	jobs []*job
	cur  *saved // the newest record known; nil: none is

	live  []*job // jobs neither done nor refused
	tries int
	cause error // the last answer that settled nothing

	inflight *attempt // the Save under way: the store may panic in it
}

// unfinished returns the jobs, except the leader's own, that the batch left
// without an outcome, and which have time left to be tried again.
func (b *batch) unfinished(leader *job) (again []*job) {
	for _, j := range b.jobs {
		if j.err != nil || j.saved != nil {
			continue
		}
		if j != leader && j.lim.left() > 0 {
			again = append(again, j)
			continue
		}
		j.err = fmt.Errorf("%w: %w", ErrUnavailable, cmp.Or(b.cause, context.DeadlineExceeded))
	}
	return again
}

// run applies, saves and replays until every job is done or the leader's time
// is over.
func (b *batch) run() {
	b.live = append(b.live, b.jobs...)
	b.choose()
	for len(b.live) > 0 {
		if b.lim.left() <= 0 {
			b.expire()
			return
		}
		if b.cur == nil {
			if err := b.load(); err != nil {
				b.fail(err)
				return
			}
		}
		b.resolve()
		d := b.apply()
		if len(b.live) == 0 {
			return
		}
		if done := b.save(d); done {
			return
		}
		b.rest()
	}
}

// choose picks the record to begin with: none that is older than what any of
// the requests has seen, or than the coming of one that has seen none. Another
// process may have written since the last batch.
func (b *batch) choose() {
	for _, j := range b.jobs {
		if j.base != nil && (b.cur == nil || j.base.newer(b.cur)) {
			b.cur = j.base
		}
	}
	for _, j := range b.jobs {
		if len(j.attempts) > 0 || j.base == nil && b.cur != nil && b.cur.asOf < j.began {
			b.cur = nil
			return
		}
	}
}

// newer reports whether s was stored after o. Every Save is counted.
func (s *saved) newer(o *saved) bool {
	return s.exists && o.exists && s.rec.Writes() > o.rec.Writes()
}

// load reads the newest record. As long as an earlier Save may have been
// applied it does not give up before the deadline.
func (b *batch) load() error {
	for {
		cur, err := b.qs.load(b.lim, b.id)
		if err == nil {
			b.cur = cur
			return nil
		}
		var newer *record.VersionError
		if errors.As(err, &newer) || !b.ambiguous() || b.lim.left() <= 0 {
			return err
		}
		b.rest()
	}
}

// load returns the record under id, or an empty saved if there is none.
func (qs *queues) load(ctx context.Context, id string) (*saved, error) {
	asOf := qs.clock.Add(1)
	rec, err := qs.store.Load(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return &saved{asOf: asOf}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: load: %w", ErrUnavailable, err)
	}
	cur, err := parse(rec)
	if err == nil {
		cur.asOf = asOf
	}
	return cur, err
}

// parse reads what a store returned. A corrupt record is one that exists
// without being anything: whoever may write here replaces it.
func parse(rec store.Record) (*saved, error) {
	view, err := record.Parse(rec.Data)
	var newer *record.VersionError
	if errors.As(err, &newer) {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err != nil {
		return &saved{version: rec.Version}, nil
	}
	return &saved{rec: view, owner: rec.Owner, version: rec.Version, exists: true}, nil
}

func (b *batch) ambiguous() bool {
	for _, j := range b.live {
		if len(j.attempts) > 0 {
			return true
		}
	}
	return false
}

// resolve settles, against the record just loaded, the jobs of which an
// earlier Save may have been applied.
func (b *batch) resolve() {
	if !b.ambiguous() {
		return
	}
	head := b.cur.rec.Header()
	rest := b.live[:0:0]
	for _, j := range b.live {
		known, unknown := false, false
		for _, a := range j.attempts {
			if b.cur.exists && head.Stamped(a.stamp) {
				known, j.after, j.exact = true, a.after, head.Writes == a.writes+1
			}
			// Beyond the stamps that a record remembers, ours may have been.
			unknown = unknown || !b.cur.exists || head.Writes-a.writes > record.MaxStamps
		}
		switch {
		case known:
			j.wrote, j.foreign = true, true
			j.saved, j.attempts = b.cur, nil
		case unknown && b.moved(j):
			j.err = ErrUnknown
		default:
			if b.moved(j) {
				j.attempts = nil // based on a version that is gone: it will never be applied
			}
			rest = append(rest, j)
		}
	}
	b.live = rest
}

// moved reports whether the record has left the state that j's attempts were
// based on.
func (b *batch) moved(j *job) bool {
	for _, a := range j.attempts {
		if a.version == b.cur.version {
			return false
		}
	}
	return true
}

// apply lets every live job decide, in order, each upon what the one before
// made of the record. A refused job leaves no trace in it. If what it was
// refused upon is not stored yet, the refusal holds only once it is.
func (b *batch) apply() *draft {
	d := b.cur.draft()
	rest, accepted := b.live[:0:0], 0
	for _, j := range b.live {
		before := d
		if len(b.live) > 1 {
			d = before.clone()
		}
		// Others before it, or a newer base: it has not seen all of this.
		j.foreign = accepted > 0 || j.base == nil || j.base.version != b.cur.version
		j.refusal = b.try(j, d)
		switch {
		case j.refusal == nil:
			j.after = d
			accepted++
		case accepted == 0 || j.panicked != nil:
			j.err = j.refusal
			d = before
			continue
		default:
			d = before
		}
		rest = append(rest, j)
	}
	b.live = rest
	return d
}

// try runs one decision. What it panics with belongs to its own goroutine.
func (b *batch) try(j *job, d *draft) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if p := recover(); p != nil {
			j.panicked, err = p, errPanicked
			return
		}
		j.err = errPanicked // runtime.Goexit: this goroutine is ending
	}()
	err = j.decide(d)
	returned = true
	if err == nil && d.head.Kind != record.Owner && d.size() > b.qs.maxRecord {
		if n := len(d.build()); n > b.qs.maxRecord {
			name, most := largest(d)
			err = tooLarge(n, name, most, b.qs.maxRecord)
		}
	}
	return err
}

func largest(d *draft) (name string, n int) {
	for k, v := range d.all() {
		if len(v) >= n {
			name, n = k, len(v)
		}
	}
	return name, n
}

// save does one Save, and repeats the same bytes as long as the answer leaves
// open whether it was applied. It reports whether the batch is over.
func (b *batch) save(d *draft) (done bool) {
	at := attempt{stamp: newStamp(), writes: b.cur.rec.Writes(), version: b.cur.version}
	d.head.Stamp(at.stamp)
	next, view := b.next(d)
	if next == nil {
		b.finish(b.cur)
		return true
	}
	for first := true; ; first = false {
		asOf := b.qs.clock.Add(1)
		b.inflight = &at
		version, err := b.qs.store.Save(b.lim, b.id, *next)
		b.inflight = nil
		switch {
		case err == nil || errors.Is(err, store.ErrNotDurable):
			b.cur = &saved{rec: view, owner: d.owner, version: version, exists: true, asOf: asOf}
			b.kept(err)
			return true
		case errors.Is(err, store.ErrConflict):
			return b.conflict(at)
		case errors.Is(err, store.ErrFull) && len(b.live) > 1:
			b.live = b.live[:1] // perhaps the others' fault; they are tried again without it
			return false
		case errors.Is(err, store.ErrFull):
			b.fail(fmt.Errorf("%w: save: %w", ErrUnavailable, err))
			return true
		}
		if first {
			b.remember(at)
		}
		b.note(err)
		if b.lim.left() <= 0 {
			b.cur = nil
			b.expire()
			return true
		}
		b.rest()
	}
}

// remember notes a Save that may have been applied in each job that was in it.
func (b *batch) remember(at attempt) {
	for _, j := range b.live {
		if at.after = j.after; j.refusal == nil {
			j.attempts = append(j.attempts, at)
		}
	}
}

// note keeps the store's last word. That time ran out says less than what it
// ran out on.
func (b *batch) note(err error) {
	if b.cause == nil || !errors.Is(err, context.DeadlineExceeded) {
		b.cause = err
	}
}

// next returns what is to be saved, and its view; nil if that would change
// nothing.
func (b *batch) next(d *draft) (*store.Record, record.Record) {
	if !d.exists {
		return nil, record.Record{}
	}
	rec := &store.Record{Data: d.build(), Owner: d.owner, Version: b.cur.version}
	view, err := record.Parse(rec.Data)
	if err != nil {
		panic("session: built a record that cannot be read: " + err.Error())
	}
	forced := false
	for _, j := range b.live {
		if j.refusal == nil {
			forced = forced || j.forced
			rec.Durable = rec.Durable || j.durable
		}
	}
	if !forced && b.cur.exists && d.owner == b.cur.owner && record.Same(view, b.cur.rec) {
		return nil, view
	}
	rec.Expires = d.expires(time.Now(), b.qs.timeout)
	return rec, view
}

// kept takes note of a Save that was applied.
func (b *batch) kept(err error) {
	for _, j := range b.live {
		j.wrote, j.exact, j.weak = true, true, err != nil
	}
	b.finish(b.cur)
}

// conflict loads the newer record. If our own stamp is in it, the Save was
// applied after all, and the answer lost on the way.
func (b *batch) conflict(at attempt) (done bool) {
	b.cur = nil
	if err := b.load(); err != nil {
		b.remember(at) // whoever answered may have asked the server twice
		b.fail(err)
		return true
	}
	head := b.cur.rec.Header()
	if b.cur.exists && head.Stamped(at.stamp) {
		for _, j := range b.live {
			j.wrote, j.foreign, j.exact = true, true, head.Writes == at.writes+1
		}
		b.finish(b.cur)
		return true
	}
	for _, j := range b.live {
		j.conflicts++
	}
	return false
}

// finish gives every live job its outcome.
func (b *batch) finish(s *saved) {
	for _, j := range b.live {
		if j.refusal != nil {
			j.err = j.refusal
			continue
		}
		j.foreign = j.foreign || len(b.live) > 1
		j.saved, j.attempts = s, nil
	}
	b.live = nil
}

func (b *batch) fail(err error) {
	for _, j := range b.live {
		j.err = err
	}
	b.live = nil
}

// expire ends the batch at the leader's deadline. Jobs with time left are
// tried again by the next leader; see unfinished.
func (b *batch) expire() { b.live = nil }

// rest waits with growing jitter, so that processes which write to one record
// do not keep step.
func (b *batch) rest() {
	b.tries++
	if b.tries == 1 {
		return
	}
	most := min(time.Millisecond<<min(b.tries, 6), 50*time.Millisecond)
	t := time.NewTimer(min(time.Duration(mathrand.Int64N(int64(most))), max(0, b.lim.left())))
	defer t.Stop()
	<-t.C
}

// newStamp returns a random mark for one Save; never 0.
func newStamp() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:]) | 1
}

func shardOf(id string) int {
	h := uint32(2166136261)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return int(h % 64)
}
