package boltstore

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/sojourn-go/session/store"
)

// errNothing ends a transaction that has nothing to write, without a commit.
var errNothing = errors.New("nothing to write")

// run gives every job its verdict, in one transaction. If there is no room, or a
// page is damaged, and it is certain that nothing was applied, then each half is
// tried alone: it is no fault of the others. No Save is repeated of which
// anything may be in the database.
func (s *Store) run(jobs []*job) {
	err, again := s.stopped, false
	if err == nil {
		err, again = s.transact(jobs)
	}
	if err == nil {
		return
	}
	if n := len(jobs) / 2; again && n > 0 {
		s.run(jobs[:n])
		s.run(jobs[n:])
		return
	}
	for _, j := range jobs {
		j.err = err
	}
}

// transact applies jobs in one transaction and commits it. After an error,
// again reports that it was not applied, and that less of it might be.
func (s *Store) transact(jobs []*job) (err error, again bool) {
	var id int
	mark := newVersion()
	tx, err := s.update(func(tx *bolt.Tx) error {
		id = tx.ID()
		return s.apply(tx, jobs, mark)
	})
	switch {
	case err == nil || err == errNothing:
		return nil, false
	case tx == nil:
		return s.certain(err), false
	case s.wedged.Load():
		s.stopped = fmt.Errorf("%w: %w: %w", store.ErrRefused, errStopped, err)
		return err, false
	}
	return s.judge(err, id, mark)
}

// judge says what a transaction that failed came to. bbolt has rolled it back,
// but if the last step failed, the sync of the page that makes it valid, then it
// is there to be read, and may be gone after a crash of the machine. What is
// written upon it could then destroy the state of before. So that is the end of
// writing.
func (s *Store) judge(err error, id int, mark uint64) (error, bool) {
	var seen int
	var sequence uint64
	also := guarded(func() error {
		return s.view(func(b *bolt.Bucket) error {
			seen, sequence = b.Tx().ID(), b.Sequence()
			return nil
		})
	})
	switch {
	case also != nil && !errors.Is(also, errGone):
		return fmt.Errorf("%w, and then: %w", err, also), false
	case sequence == mark:
		s.stopped = fmt.Errorf("%w: %w: an earlier write could not be made safe: %w", store.ErrRefused, errStopped, err)
		return fmt.Errorf("it is applied, but may be lost with the machine: %w", err), false
	case seen > id: // somebody else has written since
		return err, false
	}
	return s.certain(err), isFull(err) || errors.Is(err, errDamaged)
}

// apply carries out jobs in a transaction.
func (s *Store) apply(tx *bolt.Tx, jobs []*job, mark uint64) error {
	b := tx.Bucket(s.bucket)
	if b == nil {
		return errGone
	}
	now, any := time.Now().UnixMilli(), false
	for _, j := range jobs {
		changed, err := j.apply(b, now)
		if err != nil {
			return err
		}
		any = any || changed
	}
	if !any {
		return errNothing
	}
	return b.SetSequence(mark) // how judge tells this transaction from others
}

// apply sets the job's verdict. An error of its own is one of the transaction.
func (j *job) apply(b *bolt.Bucket, now int64) (changed bool, err error) {
	j.err, j.removed = nil, 0
	switch j.op {
	case opSave:
		return j.save(b, now)
	case opDelete:
		key := []byte(j.id)
		if b.Get(key) == nil {
			return false, nil
		}
		return true, b.Delete(key)
	}
	for _, id := range j.ids {
		key := []byte(id)
		h, err := headOf(b.Get(key))
		if err != nil || h.version == 0 || h.exists(now) {
			continue // it was saved, or removed, meanwhile
		}
		if err := b.Delete(key); err != nil {
			return false, err
		}
		j.removed++
	}
	return j.removed > 0, nil
}

func (j *job) save(b *bolt.Bucket, now int64) (changed bool, err error) {
	key := []byte(j.id)
	h, err := headOf(b.Get(key))
	if err != nil {
		j.err = fmt.Errorf("%w: %w", store.ErrRefused, err)
		return false, nil
	}
	stored := h.version
	if !h.exists(now) {
		stored = 0
	}
	if stored != j.base {
		j.err = store.ErrConflict
		return false, nil
	}
	return true, b.Put(key, j.value) // though it may have expired: Sweep counts it
}
