package boltstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/sojourn-go/session/store"
)

var (
	_ store.Lister  = (*Store)(nil)
	_ store.Sweeper = (*Store)(nil)
)

// Options say how sessions are kept. Their zero value is the safe one.
type Options struct {
	_ [0]func() // keyed literals only

	// Bucket is the name of the bucket, at the top of the database, which
	// holds the sessions and nothing else. Zero is "sojourn_sessions". It has at
	// most 255 bytes.
	Bucket string
}

const (
	defaultBucket = "sojourn_sessions"
	maxBucket     = 255
	maxID         = 128
)

// A Store is a [store.Store] in a bbolt database. Make one with [Open] or
// [New]. Its methods may be called from any number of goroutines at once, but
// not from within a transaction on the same database: bbolt would wait for that
// to end.
type Store struct {
	db     *bolt.DB
	bucket []byte
	close  func() error // nil: the database is the caller's

	mu      sync.Mutex
	leading bool // somebody leads
	waiting []*job

	wedged atomic.Bool // a lock of bbolt's will never be released

	// Of whoever leads.
	batch   []*job
	stopped error // why nothing may be written any more
}

// New returns a store in a database that is the caller's, who may keep other
// things in it, and closes it when the store is no longer used. New makes the
// bucket if it is missing. The error names all that is wrong.
//
// Durability is that of the database: with DB.NoSync there is none. One Store
// for a bucket is enough: two would not commit together.
func New(db *bolt.DB, o Options) (*Store, error) {
	var faults []error
	if db == nil {
		faults = append(faults, errors.New("boltstore: the database is nil"))
	}
	if err := errors.Join(append(faults, o.check())...); err != nil {
		return nil, err
	}
	s := newStore(db, o)
	if err := s.prepare(); err != nil {
		return nil, err
	}
	return s, nil
}

func newStore(db *bolt.DB, o Options) *Store {
	return &Store{db: db, bucket: []byte(cmp.Or(o.Bucket, defaultBucket))}
}

func (o Options) check() error {
	if len(o.Bucket) > maxBucket {
		return fmt.Errorf("boltstore: Options.Bucket has %d bytes, at most %d are sensible", len(o.Bucket), maxBucket)
	}
	return nil
}

// prepare makes the bucket, unless it is there, and refuses one that holds
// something else.
func (s *Store) prepare() error {
	err := guarded(func() error {
		return s.view(func(b *bolt.Bucket) error {
			k, v := b.Cursor().First()
			if k != nil && v == nil {
				return errForeign // a bucket in the bucket
			}
			_, err := headOf(v)
			return err
		})
	})
	if !errors.Is(err, errGone) {
		return s.fail("the bucket", err)
	}
	_, err = s.update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(s.bucket)
		return err
	})
	return s.fail("make the bucket", err)
}

// DB returns the database, for a backup, say ([bolt.Tx.WriteTo]), or for what
// the application keeps beside the sessions. Of a Store of [Open] it is closed
// with the Store, and counts no statistics.
func (s *Store) DB() *bolt.DB { return s.db }

// Close closes the database that [Open] has opened, when the calls under way
// are done; later ones return an error. Of a Store of [New] it does nothing: the
// database is the caller's. Close may be called again, which does nothing but
// return the same.
func (s *Store) Close() error {
	if s.close == nil {
		return nil
	}
	if s.wedged.Load() {
		return fmt.Errorf("boltstore: close: %w: bbolt failed to roll back, and cannot be closed", errDamaged)
	}
	return s.close()
}

// check refuses what no call may begin with. What is no id never becomes a key.
func check(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ok := len(id) > 0 && len(id) <= maxID
	for i := 0; ok && i < len(id); i++ {
		c := id[i]
		ok = c-'0' < 10 || c|0x20-'a' < 26 || c == '-' || c == '_' || c == '.'
	}
	if !ok {
		return fmt.Errorf("boltstore: %.140q is no id", id)
	}
	return nil
}

// Load implements [store.Store]. It waits for no writer, save for the moment in
// which bbolt maps a file that has grown.
func (s *Store) Load(ctx context.Context, id string) (rec store.Record, err error) {
	if err := check(ctx, id); err != nil {
		return rec, err
	}
	err = guarded(func() error {
		return s.view(func(b *bolt.Bucket) (err error) {
			rec, err = decode(b.Get([]byte(id)), time.Now())
			return err
		})
	})
	if err != nil && err != store.ErrNotFound {
		err = s.fail("load "+id, err)
	}
	return rec, err
}

// Save implements [store.Store]. It returns when the record is on the disk.
func (s *Store) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	if err := check(ctx, id); err != nil {
		return 0, err
	}
	if len(rec.Owner) > maxOwner {
		return 0, fmt.Errorf("boltstore: the owner is longer than %d bytes", maxOwner)
	}
	if int64(len(rec.Data)) > bolt.MaxValueSize-headLen-maxOwner {
		return 0, fmt.Errorf("boltstore: %d bytes are more than a value of bbolt can have", len(rec.Data))
	}
	version := newVersion()
	j := &job{op: opSave, id: id, base: rec.Version, value: encode(version, &rec)}
	if err := s.do(ctx, j); err != nil {
		return 0, s.fail("save "+id, err)
	}
	return version, nil
}

// Delete implements [store.Store]. It returns when the disk says so; of what is
// not there it writes nothing.
func (s *Store) Delete(ctx context.Context, id string) error {
	if err := check(ctx, id); err != nil {
		return err
	}
	return s.fail("delete "+id, s.do(ctx, &job{op: opDelete, id: id}))
}

// view calls f with the bucket, in a read transaction: as short as can be,
// since pages are not used again, nor a grown file mapped, until it ends.
func (s *Store) view(f func(*bolt.Bucket) error) error {
	tx, err := s.db.Begin(false)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	b := tx.Bucket(s.bucket)
	if b == nil {
		return errGone
	}
	return f(b)
}

// update calls f in a write transaction, and commits it. It returns the
// transaction, which has ended; nil: it never began.
func (s *Store) update(f func(*bolt.Tx) error) (tx *bolt.Tx, err error) {
	err = guarded(func() error {
		return s.db.Update(func(t *bolt.Tx) error {
			tx = t
			return f(t)
		})
	})
	if tx != nil && tx.DB() != nil { // it panicked while it rolled back, and holds bbolt's lock
		s.wedged.Store(true)
	}
	return tx, err
}
