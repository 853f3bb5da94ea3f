package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session/store"
)

// A decider says what becomes of a record. It is the part of a commit that
// decides; the queue does.
type decider interface {
	// decide applies itself to d as of now, or refuses. It may run many times,
	// and a run leaves nothing behind but in d and in what the last run set.
	decide(d *draft, now time.Time) error
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
	upon    *saved // what it decides upon; nil: what others in the batch made of that

	// What came of it.
	err       error
	panicked  any
	saved     *saved // the record in the store, with this job in it
	after     *draft // the record as it stood directly after this job
	foreign   bool   // the record holds changes that the request has not seen
	exact     bool   // the record is as this batch left it
	wrote     bool
	weak      bool // applied, but store.ErrNotDurable
	conflicts uint32

	turn chan bool // true: it is done; false: its goroutine leads from now on

	// For the usual case, in which a job comes alone and leads itself.
	queue spare[queue]
	batch spare[batch]
	draft spare[draft]
	kept  spare[saved]
}

// lead returns a batch for a job to lead.
func (j *job) lead(qs *queues) *batch {
	b := j.batch.take()
	b.qs, b.lim, b.leader = qs, j.lim, j
	return b
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
	immediate bool          // the store never waits: see store.Immediate
	weak      atomic.Bool   // the store has said ErrNotDurable once
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

// context returns what calls of the store within the limit get.
func (qs *queues) context(l *limit) context.Context {
	if qs.immediate {
		return (*unlimited)(l)
	}
	return l
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
	j.began = qs.clock.Add(1)
	shard := &qs.shards[shardOf(j.id)]
	shard.mu.Lock()
	if q := shard.m[j.id]; q != nil {
		j.turn = make(chan bool, 1)
		q.waiting = append(q.waiting, j)
		shard.mu.Unlock()
		if !qs.await(q, j) {
			qs.lead(q, j)
		}
	} else {
		q = j.queue.take()
		if shard.m == nil {
			shard.m = map[string]*queue{}
		}
		shard.m[j.id] = q
		shard.mu.Unlock()
		b := j.lead(qs)
		b.now = j.lim.began // a moment ago
		b.jobs = append(b.few[0:0:1], j)
		qs.run(q, j, b)
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

// lead gathers one batch, with j at its head, and runs it.
func (qs *queues) lead(q *queue, j *job) {
	shard := &qs.shards[shardOf(j.id)]
	shard.mu.Lock()
	b := j.lead(qs)
	b.now, b.cur = time.Now(), q.newest
	n := 0
	for n < len(q.waiting) {
		n++
		if q.waiting[n-1].closes {
			break
		}
	}
	b.jobs = append(b.few[0:0:1], q.waiting[:n]...)
	q.waiting = q.waiting[n:]
	shard.mu.Unlock()
	qs.run(q, j, b)
}

// run runs a batch, and passes the lead on.
func (qs *queues) run(q *queue, j *job, b *batch) {
	shard := &qs.shards[shardOf(j.id)]
	defer func() {
		// Also reached if the store panicked, or a function ended this
		// goroutine (runtime.Goexit).
		if b.sending {
			b.cur = nil
			b.remember(b.inflight)
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
			if w != j && !slices.Contains(again, w) {
				w.turn <- true
			}
		}
	}()
	b.run()
}

func shardOf(id string) int {
	h := uint32(2166136261)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return int(h % 64)
}
