package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// What a store promises: a Save is upon the version that was loaded, and of two
// upon one version, the second is a conflict.
func ExampleStore() {
	ctx := context.Background()
	var st store.Store = memstore.New(memstore.Options{})

	_, err := st.Load(ctx, "cart-7")
	fmt.Println(errors.Is(err, store.ErrNotFound))

	first, err := st.Save(ctx, "cart-7", store.Record{Data: []byte("tea"), Owner: "ann"}) // version 0: to create it
	fmt.Println(first != 0, err)
	_, err = st.Save(ctx, "cart-7", store.Record{Data: []byte("tea, milk"), Owner: "ann", Version: first})
	fmt.Println(err)
	_, err = st.Save(ctx, "cart-7", store.Record{Data: []byte("tea, bread"), Owner: "ann", Version: first})
	fmt.Println(errors.Is(err, store.ErrConflict))

	rec, err := st.Load(ctx, "cart-7")
	fmt.Printf("%s %v\n", rec.Data, err)
	fmt.Println(st.Delete(ctx, "cart-7"))
	// Output:
	// true
	// true <nil>
	// <nil>
	// true
	// tea, milk <nil>
	// <nil>
}

// A slow is a store that tells of calls which take long. Since it has Unwrap,
// what the store below can do besides is still found.
type slow struct {
	store.Store
	limit time.Duration
}

func (s slow) Unwrap() store.Store { return s.Store }

func (s slow) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	start := time.Now()
	version, err := s.Store.Save(ctx, id, rec)
	switch took := time.Since(start); {
	case took > s.limit:
		fmt.Println(id, "took", took)
	case errors.Is(err, store.ErrFull):
		fmt.Println(id, "found no room")
	case errors.Is(err, store.ErrRefused):
		fmt.Println(id, "may not be written to")
	case errors.Is(err, store.ErrNotDurable):
		fmt.Println(id, "was applied, but may be lost with the server")
	}
	return version, err
}

var _ store.Unwrapper = slow{}

// A wrapper is a store with one method of its own, and Unwrap. As looks
// through it, as errors.As looks through errors.
func ExampleAs() {
	var st store.Store = slow{memstore.New(memstore.Options{}), time.Second}

	_, lists := store.As[store.Lister](st)
	_, sweeps := store.As[store.Sweeper](st)
	_, caches := store.As[store.Cached](st)
	fmt.Println(lists, sweeps, caches)
	_, immediate := st.(store.Immediate) // not to be asked by As: a wrapper may well wait
	fmt.Println(immediate)

	full := slow{memstore.New(memstore.Options{MaxSessions: 1}), time.Second}
	full.Save(context.Background(), "first", store.Record{Owner: "ann"})
	full.Save(context.Background(), "second", store.Record{Owner: "bob"})
	// Output:
	// true true false
	// false
	// second found no room
}

// All lists a store that can be listed, whatever is wrapped around it.
func ExampleAll() {
	ctx := context.Background()
	var st store.Store = slow{memstore.New(memstore.Options{}), time.Second}
	for _, id := range []string{"a", "b"} {
		st.Save(ctx, id, store.Record{Data: []byte(id + id)})
	}

	found := map[string]store.Entry{}
	for e, err := range store.All(ctx, st) {
		if err != nil {
			fmt.Println(err)
			return
		}
		found[e.ID] = e
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		fmt.Printf("%s: %s\n", id, found[id].Record.Data)
	}
	// Output:
	// a: aa
	// b: bb
}

// Some stores clear up by themselves, others are swept. The application says
// when, in a goroutine of its own, and ends it.
func ExampleSweepEvery() {
	ctx, cancel := context.WithCancel(context.Background())
	st := memstore.New(memstore.Options{})

	done := make(chan error, 1)
	go func() { done <- store.SweepEvery(ctx, st, time.Minute) }()

	// ... the application runs, and is told to stop
	cancel()
	fmt.Println(<-done)
	// Output:
	// context canceled
}

// A mirrored is a store that has a second place for what matters.
type mirrored struct {
	store.Store
	second store.Store
}

func (m mirrored) Unwrap() store.Store { return m.Store }

func (m mirrored) Durable() bool { return m.second != nil }

func (m mirrored) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	version, err := m.Store.Save(ctx, id, rec)
	if err == nil && rec.Durable && m.Durable() && m.copy(ctx, id) != nil {
		err = store.ErrNotDurable
	}
	return version, err
}

func (m mirrored) copy(context.Context, string) error { return errors.New("the second place is away") }

// A store that can fall short of what Record.Durable asks for says so
// beforehand.
func ExampleDurable() {
	var st store.Store = mirrored{memstore.New(memstore.Options{}), memstore.New(memstore.Options{})}
	d, ok := store.As[store.Durable](st)
	fmt.Println(ok && d.Durable())
	_, err := st.Save(context.Background(), "a", store.Record{Durable: true})
	fmt.Println(errors.Is(err, store.ErrNotDurable))
	// Output:
	// true
	// true
}

// A scribe is a store that can be part of a transaction: store/sqlstore, for one.
type scribe struct{ store.Store }

func (scribe) Transactional() bool { return true }

type scribeTx struct{ name string }

func (s scribe) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	if tx, ok := store.TransactionOf(ctx).(*scribeTx); ok {
		fmt.Println("part of", tx.name)
	}
	return s.Store.Save(ctx, id, rec)
}

func ExampleTransactional() {
	var st store.Store = scribe{memstore.New(memstore.Options{})}
	t, ok := store.As[store.Transactional](st)
	fmt.Println(ok && t.Transactional())
	// Output: true
}

// A store finds the transaction in the context of a call.
func ExampleWithTransaction() {
	st := scribe{memstore.New(memstore.Options{})}
	ctx := store.WithTransaction(context.Background(), &scribeTx{"order 7"})
	st.Save(ctx, "a", store.Record{})
	st.Save(store.WithTransaction(ctx, nil), "b", store.Record{})
	// Output: part of order 7
}

func ExampleTransactionOf() {
	fmt.Println(store.TransactionOf(context.Background()))
	// Output: <nil>
}
