package boltstore

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/sojourn-go/session/store"
)

var (
	errGone    = errors.New("the bucket is gone")
	errStopped = errors.New("nothing is written any more until the database is opened anew")
	errDamaged = errors.New("the database is damaged")
)

// guarded calls f, and makes an error of a panic, or of a fault in mapped
// memory: that is how bbolt meets a page that is damaged, or cut off.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return f()
}

// fail says what a call came to. Conflicts and contexts speak for themselves.
func (s *Store) fail(doing string, err error) error {
	switch {
	case err == nil || err == store.ErrConflict:
		return err
	case errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		err = fmt.Errorf("the database is closed: %w", err)
	case errors.Is(err, errGone):
		err = fmt.Errorf("%w: %q", err, s.bucket)
	}
	return fmt.Errorf("boltstore: %s: %w", doing, err)
}

// certain adds to an error what it means, given that nothing was applied.
func (s *Store) certain(err error) error {
	switch {
	case isFull(err):
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case errors.Is(err, errGone), errors.Is(err, bolterrors.ErrDatabaseReadOnly),
		errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w: %w", store.ErrRefused, err)
	}
	return fmt.Errorf("not applied: %w", err)
}

// isFull reports whether there was no room. Some errors of bbolt are but the
// text of the system's.
func isFull(err error) bool {
	if errors.Is(err, bolterrors.ErrMaxSizeReached) {
		return true
	}
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) || strings.HasSuffix(err.Error(), ": "+full.Error()) {
			return true
		}
	}
	return false
}
