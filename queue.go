package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/session/internal/record"
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
	stamp   uint64 // of the first Save that it leads; 0: none yet
	// attempts are Saves of which nobody knows whether they were applied.
	attempts []attempt

	began   uint64 // when it came, on the queues' clock
	refusal error  // by the last decision, which others in the batch may have led to
	upon    *saved // what it decides upon; nil: what others in the batch made of that

	// What came of it.
	err      error
	panicked any
	saved    *saved // the record in the store, with this job in it
	after    *draft // the record as it stood directly after this job
	foreign  bool   // the record holds changes that the request has not seen
	exact    bool   // the record is as this batch left it
	wrote    bool
	weak     bool // applied, but store.ErrNotDurable
	conflict bool // there was one

	turn chan bool // true: it is done; false: its goroutine leads from now on

	// For the usual case, in which a job comes alone and leads itself.
	alone [1]*job
	queue spare[queue]
	draft spare[draft]
	head  *record.Header // room for one, if the usual case needs it
	kept  spare[saved]
}

func (j *job) draftOf() *draft {
	d := j.draft.take()
	d.room, j.head = j.head, nil
	return d
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
	weak      atomic.Bool   // the store may say ErrNotDurable, or has
	joins     bool          // the store's calls can be part of a transaction
	clock     atomic.Uint64 // orders the coming of jobs and the reading of records

	shards [64]shard
}

// A shard lists its queues. There are no more than commits under way at this
// moment, which is so few that a map would cost more than the looking.
type shard struct {
	mu    sync.Mutex
	first *queue
}

type queue struct {
	id      string
	next    *queue // in the shard
	waiting []*job
	newest  *saved // the record as the last batch left it
}

// shard returns the one of an id, at the end of which is what is random in it.
func (qs *queues) shard(id string) *shard {
	h := 0
	for _, c := range []byte(id[max(0, len(id)-4):]) {
		h = 31*h + int(c)
	}
	return &qs.shards[h%len(qs.shards)]
}

func (sh *shard) find(id string) *queue {
	q := sh.first
	for q != nil && q.id != id {
		q = q.next
	}
	return q
}

func (sh *shard) remove(q *queue) {
	at := &sh.first
	for *at != q {
		at = &(*at).next
	}
	*at = q.next
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
	if store.TransactionOf(j.lim.parent) != nil {
		qs.commitAlone(j)
		return
	}
	sh := qs.shard(j.id)
	sh.mu.Lock()
	if q := sh.find(j.id); q != nil {
		j.turn = make(chan bool, 1)
		q.waiting = append(q.waiting, j)
		sh.mu.Unlock()
		if !qs.await(q, j) {
			qs.lead(q, j)
		}
	} else {
		q = j.queue.take()
		q.id, q.next = j.id, sh.first
		sh.first = q
		sh.mu.Unlock()
		j.alone[0] = j
		qs.run(q, &batch{qs: qs, lim: j.lim, leader: j, now: j.lim.began, jobs: j.alone[:]}) // it began a moment ago
	}
	j.lim.release()
	if j.panicked != nil {
		panic(j.panicked)
	}
}

// commitAlone is commit within a transaction of the application's: others must
// not be in one Save with it, and it is tried once, since only the application
// can run its transaction again.
func (qs *queues) commitAlone(j *job) {
	defer j.lim.release()
	if !qs.joins {
		j.err = errJoinsNone
		return
	}
	j.alone[0] = j
	b := batch{qs: qs, lim: j.lim, leader: j, now: j.lim.began, jobs: j.alone[:], once: true}
	b.run()
	b.unfinished()
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
	sh := qs.shard(j.id)
	sh.mu.Lock()
	for i, w := range q.waiting {
		if w == j && len(j.turn) == 0 {
			q.waiting = append(q.waiting[:i:i], q.waiting[i+1:]...)
			sh.mu.Unlock()
			j.err = fmt.Errorf("%w: %w", ErrUnavailable, context.DeadlineExceeded)
			return true
		}
	}
	sh.mu.Unlock()
	return <-j.turn
}

// lead gathers one batch, with j at its head, and runs it.
func (qs *queues) lead(q *queue, j *job) {
	sh := qs.shard(j.id)
	sh.mu.Lock()
	b := batch{qs: qs, lim: j.lim, leader: j, now: time.Now(), cur: q.newest}
	n := 0
	for n < len(q.waiting) {
		n++
		if q.waiting[n-1].closes {
			break
		}
	}
	b.jobs = slices.Clone(q.waiting[:n])
	q.waiting = q.waiting[n:]
	sh.mu.Unlock()
	qs.run(q, &b)
}

// run runs a batch, and passes the lead on.
func (qs *queues) run(q *queue, b *batch) {
	defer func() {
		// Also reached if the store panicked, or a function ended this
		// goroutine (runtime.Goexit).
		if b.sending {
			b.cur = nil
			b.remember(b.inflight)
		}
		again := b.unfinished()
		sh := qs.shard(q.id)
		sh.mu.Lock()
		q.newest = b.cur
		q.waiting = append(again, q.waiting...)
		if len(q.waiting) == 0 {
			sh.remove(q)
		} else {
			q.waiting[0].turn <- false
		}
		sh.mu.Unlock()
		for _, w := range b.jobs {
			if w != b.leader && !slices.Contains(again, w) {
				w.turn <- true
			}
		}
	}()
	b.run()
}
