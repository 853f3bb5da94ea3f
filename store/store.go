// Package store is the contract between sessions and the places that keep
// them. It is written for authors of stores; applications hand a ready store
// (store/memstore, for one) to session.New and need not read on.
//
// A store keeps small records under ids and changes them by compare-and-swap.
// Three methods are all it takes; what else it can do, it says by implementing
// [Lister], [Sweeper], [Cached], [Durable], [Transactional] or [Immediate]. The same contract, as sentences
// that are tests, is package storetest: a store is finished when storetest.Run
// passes.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"time"
)

var (
	// ErrNotFound says that there is no record under the id: none was ever
	// saved, or it was deleted, or it has expired.
	ErrNotFound = errors.New("store: not found")

	// ErrConflict says that a Save did nothing, because the version it was
	// based on is not the stored one.
	ErrConflict = errors.New("store: conflict")

	// ErrFull says that a bounded store has no room for the record, and gave
	// up nothing to make room for it.
	ErrFull = errors.New("store: full")

	// ErrRefused says that a Save did nothing, and that the same Save would be
	// refused again a moment later: the store lacks a right, or what is kept
	// under the id is not its own.
	ErrRefused = errors.New("store: refused")

	// ErrNotDurable says that a Save was applied, but that the safety which
	// Record.Durable asked for was not reached.
	ErrNotDurable = errors.New("store: applied, but not yet durable")
)

// A Record is what a store keeps under an id.
type Record struct {
	// Data is opaque to the store. It may be empty, and any bytes may occur.
	Data []byte

	// Owner is whose record it is, "" for nobody's. It is valid UTF-8 without
	// NUL, of at most 255 bytes, and two owners are the same only if their
	// bytes are: neither case, accent, trailing space nor Unicode form is
	// folded.
	Owner string

	// Expires is when the record ceases to exist, by the clock of the process
	// that loads or saves; the zero time is never. It counts in whole
	// milliseconds: a store drops what is finer (but what that would make the
	// zero time is long past, and not never). A time of before 1970 or
	// after the year 9999 need not be kept as it is, as long as it stays in
	// the past or in the future.
	Expires time.Time

	// Version is the store's own mark of this state of the record. It is
	// never 0 for a stored record. Versions are compared for equality only,
	// never counted: a store may use a revision, or a hash of the content.
	// Two states of a record that differ never share a version, not even if
	// the record was deleted or expired in between and made anew.
	Version uint64

	// Durable is a hint to Save: this write matters (a login, a logout, a
	// renewal), so a store that can choose should choose safety. It is not
	// kept, and Load leaves it false.
	Durable bool
}

// An Entry is a record with the id it is kept under.
type Entry struct {
	ID     string
	Record Record
}

// A Store keeps records. Its methods may be called from any number of
// goroutines at once, for the same id too.
//
// An id is 1 to 128 bytes of A-Z a-z 0-9 '-' '_' '.'; ids that differ only in
// case are different ids. What other ids, and owners that are none, come to is
// the store's affair; an error is best.
//
// # Expiry
//
// A record is there one millisecond before its Expires, and from Expires on
// it does not exist: not for Load, and not for Save either, for which version
// 0 may replace it. A Save whose Expires is past succeeds: it replaces what was
// there, and what it saved does not exist. The clock is that of the process that calls. A server
// with a clock or an expiry of its own may clear a record away no earlier.
//
// # Ownership
//
// Save does not keep rec.Data, and Load returns bytes that nobody else holds:
// both sides may change theirs at once.
//
// # Context
//
// If the context is already done when a method is called, the method returns
// its error (errors.Is(err, ctx.Err())) and changes nothing. If it is done
// during a Save, the Save may or may not have been applied.
//
// # Errors
//
// A Save that returns nil or ErrNotDurable was applied, one that returns
// ErrConflict, ErrFull or ErrRefused was not. Any other error leaves open whether it was;
// the caller finds out by itself. Therefore a store never repeats a Save by
// itself once its bytes may have left the process.
type Store interface {
	// Load returns the record under id, or ErrNotFound. It is
	// authoritative: it sees every Save and Delete that returned before it
	// was called, from whatever process.
	Load(ctx context.Context, id string) (Record, error)

	// Save replaces the record under id with rec, if the stored version
	// equals rec.Version, and returns the new version. rec.Version 0 means
	// that there must be no record. Otherwise Save returns ErrConflict and
	// changes nothing. Of any number of Saves at once upon one version, one
	// succeeds.
	//
	// A record is replaced as a whole: data, owner and expiry.
	Save(ctx context.Context, id string, rec Record) (version uint64, err error)

	// Delete removes the record under id. It returns nil if there was none.
	// From then on a Save based on a version of before is ErrConflict, unless
	// the very same state was made anew: what was deleted does not come back.
	Delete(ctx context.Context, id string) error
}

// A Lister is a Store that can name everything it holds. It is for operators'
// tools; sessions never depend on it.
type Lister interface {
	Store

	// List yields every record that exists during the whole of the
	// iteration exactly once, those that come or go meanwhile at most once,
	// and expired ones never. Writing goes on while it runs. It stops when
	// yield returns false, and after yielding an error. The caller owns what
	// it gets.
	List(ctx context.Context) iter.Seq2[Entry, error]
}

// A Sweeper is a Store that does not clear away expired records by itself.
type Sweeper interface {
	Store

	// Sweep removes what has expired and reports how many records it
	// removed. Several may run at once, from several processes; each record
	// is counted by one of them.
	Sweep(ctx context.Context) (int, error)
}

// A Cached is a Store that can answer some loads without asking its server.
type Cached interface {
	Store

	// LoadCached is Load, except that a record it returns may be stale within
	// a bound that the store states. It is never an expired record, nor older
	// than what a Save or Delete of this Store, which returned before, has made
	// of it. ErrNotFound is as authoritative as Load's.
	LoadCached(ctx context.Context, id string) (Record, error)
}

// An Immediate is a Store whose methods wait for nothing: for no server, for no
// disk, and for other callers no longer than a moment. So nobody need set them
// a deadline.
type Immediate interface {
	Store

	// Immediate returns the Store itself. One that is built around another,
	// even by embedding it, may well wait: what its Immediate returns is the
	// other, and so it does not count as one.
	Immediate() Store
}

// A Durable is a Store that can heed Record.Durable, and so may answer a Save
// with ErrNotDurable.
type Durable interface {
	Store

	// Durable reports whether it does, as it is configured. If so, another
	// process may have been told of a Save here that it is not safe yet, and
	// whoever finds that already done which it wants done, a logout, say, saves
	// it once more.
	Durable() bool
}

// A Transactional is a Store whose calls can be part of a transaction of the
// application's own: the one that TransactionOf their context. What such a Save
// makes is there for others when the transaction is committed, and never if it is
// not; a Save that failed leaves it to the application to roll the transaction
// back.
type Transactional interface {
	Store

	// Transactional reports whether they are, as the Store is configured.
	Transactional() bool
}

type transactionKey struct{}

// WithTransaction returns a context of calls that are to be part of a
// transaction; nil takes out the one that is in ctx. It is for stores, which say
// what a transaction is to them and how an application gets hold of one (WithTx of
// package sqlstore). Of one transaction tx is always the same (==); WithTransaction
// panics if it cannot be compared.
func WithTransaction(ctx context.Context, tx any) context.Context {
	if tx != nil && !reflect.ValueOf(tx).Comparable() {
		panic(fmt.Sprintf("store: a transaction has to be comparable, and a %T is not", tx))
	}
	return context.WithValue(ctx, transactionKey{}, transaction{tx})
}

type transaction struct{ tx any }

// TransactionOf returns the transaction of [WithTransaction], or nil.
func TransactionOf(ctx context.Context) any {
	t, _ := ctx.Value(transactionKey{}).(transaction)
	return t.tx
}

// An Unwrapper is a store built around another one. As looks through it, so it
// is only for those that leave ids and records as they are: what the inner
// store lists is taken for what the outer one loads.
type Unwrapper interface {
	Unwrap() Store
}

// As finds the first store in the chain of s and its Unwrap methods that is a
// T, as errors.As does for errors.
func As[T Store](s Store) (T, bool) {
	for s != nil {
		if t, ok := s.(T); ok {
			return t, true
		}
		u, ok := s.(Unwrapper)
		if !ok {
			break
		}
		s = u.Unwrap()
	}
	var zero T
	return zero, false
}

// All yields every record of s, as [Lister] promises. If s cannot list, it
// yields one error that wraps [errors.ErrUnsupported].
func All(ctx context.Context, s Store) iter.Seq2[Entry, error] {
	if l, ok := As[Lister](s); ok {
		return l.List(ctx)
	}
	return func(yield func(Entry, error) bool) {
		yield(Entry{}, fmt.Errorf("store: %T: list: %w", s, errors.ErrUnsupported))
	}
}

// SweepEvery sweeps s at once, and then once every period, until ctx is done,
// and returns ctx's error, or the first error of a Sweep. If s clears up by itself
// (it is no [Sweeper]), SweepEvery only waits. It panics if every is not
// positive. No store starts a goroutine for this; the application does:
//
//	go func() { errc <- store.SweepEvery(ctx, st, time.Minute) }()
func SweepEvery(ctx context.Context, s Store, every time.Duration) error {
	if every <= 0 {
		panic("store: SweepEvery needs a positive period")
	}
	sw, ok := As[Sweeper](s)
	if !ok {
		<-ctx.Done()
		return ctx.Err()
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := sw.Sweep(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
