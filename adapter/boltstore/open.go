package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Open returns a store in the file at path, which the caller closes. A file
// that is missing is made, readable for nobody else (mode 0600), and so is the
// database in one that is empty; its directory must be there.
//
// One Store at a time has a file open. If there is another, in whatever process,
// Open fails at once, with an error that wraps bbolt's errors.ErrTimeout. What is
// no bbolt database, is of another version of bbolt's format, or has been cut
// off, is an error too, and so is a file that must not be written to; such a
// file is left as it is.
func Open(path string, o Options) (*Store, error) {
	if path == "" {
		return nil, errors.Join(errors.New("boltstore: the path of the file is empty"), o.check())
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	f, made, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("boltstore: open: %w", err)
	}
	s, err := openIn(f, made, o)
	if err != nil {
		if made && !errors.Is(err, bolterrors.ErrTimeout) { // then somebody else has it
			os.Remove(path)
		}
		unlock(f) // if bbolt panicked, what it has mapped holds the lock beyond Close
		f.Close()
		return nil, err
	}
	return s, nil
}

// openFile opens a file for reading and writing, and tells whether it made it.
func openFile(path string) (f *os.File, made bool, err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, false, fmt.Errorf("%s is no regular file", path) // to open a device, or a pipe, may do something
	}
	for range 2 { // another process may make it at the same time
		if f, err = os.OpenFile(path, os.O_RDWR, 0); !errors.Is(err, fs.ErrNotExist) {
			return f, false, err
		}
		if f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); !errors.Is(err, fs.ErrExist) {
			return f, err == nil, err
		}
	}
	return nil, false, err
}

// openIn locks and inspects f before bbolt sees it, which would crash on some
// files and initialise others.
func openIn(f *os.File, made bool, o Options) (*Store, error) {
	path := f.Name()
	if err := lock(f); err != nil {
		return nil, openError(path, err)
	}
	if err := inspect(f, path); err != nil {
		return nil, openError(path, err)
	}
	var db *bolt.DB
	err := guarded(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{
			Timeout:      time.Millisecond, // the lock is ours already, where we can have it: else bbolt tries once
			FreelistType: bolt.FreelistMapType,
			NoStatistics: true, // reads would queue for their lock
			OpenFile:     func(string, int, os.FileMode) (*os.File, error) { return f, nil },
		})
		return err
	})
	if err != nil {
		return nil, openError(path, err)
	}
	if made {
		err = syncDir(filepath.Dir(path))
	}
	s := newStore(db, o)
	if err == nil {
		err = s.prepare()
	}
	if err != nil {
		if !s.wedged.Load() { // or it would wait for ever
			db.Close()
		}
		return nil, err
	}
	s.close = sync.OnceValue(db.Close)
	return s, nil
}

func openError(path string, err error) error {
	if errors.Is(err, bolterrors.ErrTimeout) {
		return fmt.Errorf("boltstore: open %s: it is in use, by another process or by another Open of this one: %w", path, err)
	}
	return fmt.Errorf("boltstore: open %s: %w", path, err)
}
