package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

func ExampleNew() {
	st := memstore.New(memstore.Options{MaxSessions: 100_000, MaxBytes: 64 << 20})
	sessions, err := session.New(st, session.Options{})
	fmt.Println(sessions != nil, err)
	fmt.Println(st.Immediate() == store.Store(st)) // it waits for nothing, so nobody need set deadlines
	// Output:
	// true <nil>
	// true
}

// Expired records are cleared away little by little as others are saved. Where
// few are saved, the application sweeps.
func ExampleStore_Sweep() {
	st := memstore.New(memstore.Options{})
	go func() {
		err := store.SweepEvery(context.Background(), st, time.Minute)
		log.Println("no more sweeping:", err)
	}()
	n, err := st.Sweep(context.Background())
	fmt.Println(n, err)
	// Output:
	// 0 <nil>
}

func ExampleStore_Stats() {
	st := memstore.New(memstore.Options{})
	ctx := context.Background()
	if _, err := st.Save(ctx, "a", store.Record{Data: []byte("data"), Owner: "ann"}); err != nil {
		log.Fatal(err)
	}
	s := st.Stats()
	fmt.Println(s.Sessions, s.Evicted)
	// Output:
	// 1 0
}

func ExampleStore_Save() {
	st := memstore.New(memstore.Options{})
	ctx := context.Background()
	version, _ := st.Save(ctx, "a", store.Record{Data: []byte("first")})
	st.Save(ctx, "a", store.Record{Data: []byte("second"), Version: version})
	_, err := st.Save(ctx, "a", store.Record{Data: []byte("too late"), Version: version})
	rec, _ := st.Load(ctx, "a")
	fmt.Println(errors.Is(err, store.ErrConflict), string(rec.Data))
	for e := range st.List(ctx) {
		fmt.Println(e.ID)
	}
	fmt.Println(st.Delete(ctx, "a"))
	// Output:
	// true second
	// a
	// <nil>
}
