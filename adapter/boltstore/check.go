package boltstore

import (
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

const maxFaults = 10 // that Check names

// Check reads the whole database, not the sessions alone, and returns what
// bbolt finds wrong with it: the first ten faults, joined. It takes as long as
// reading the file does, and until then nothing is written, while reading goes
// on. Once it has begun, ctx does not end it.
func (s *Store) Check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.fail("check", s.do(ctx, &job{op: opCheck}))
}

// check runs in a write transaction, which is rolled back: in a read
// transaction bbolt's check would race with writers.
func (s *Store) check() error {
	if s.wedged.Load() {
		return s.stopped
	}
	return guarded(func() error {
		tx, err := s.db.Begin(!s.db.IsReadOnly())
		if err != nil {
			return err
		}
		defer tx.Rollback()
		return faultsOf(tx)
	})
}

func faultsOf(tx *bolt.Tx) error {
	var faults []error
	n := 0
	for err := range tx.Check() { // to its end: another goroutine sends
		if n++; n <= maxFaults {
			faults = append(faults, err)
		}
	}
	if n > maxFaults {
		faults = append(faults, fmt.Errorf("and %d more", n-maxFaults))
	}
	if n > 0 {
		return fmt.Errorf("%w: %w", errDamaged, errors.Join(faults...))
	}
	return nil
}
