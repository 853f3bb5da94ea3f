package nearcache_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
	"github.com/sojourn-go/session/store/nearcache"
)

func ExampleNew() {
	server := memstore.New(memstore.Options{}) // stands for a store with a server
	cached, err := nearcache.New(server, nearcache.Options{
		MaxBytes:    16 << 20,
		MaxSessions: 50_000,
		Bound:       time.Second,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cached.Bound(), cached.Unwrap() == store.Store(server))
	// Output: 1s true
}

// The feed tells of what other nodes change.
func ExampleStore_Forget() {
	ctx := context.Background()
	server := memstore.New(memstore.Options{})
	cached, err := nearcache.New(server, nearcache.Options{})
	if err != nil {
		log.Fatal(err)
	}
	cached.Vouch(time.Now()) // no message is outstanding

	version, _ := cached.Save(ctx, "a", store.Record{Data: []byte("here")})
	for range 3 {
		cached.LoadCached(ctx, "a") // the first one asks
	}
	server.Save(ctx, "a", store.Record{Data: []byte("elsewhere"), Version: version})
	rec, _ := cached.LoadCached(ctx, "a")
	fmt.Println(string(rec.Data)) // until the message is there, or Bound has passed
	cached.Forget("a")
	rec, _ = cached.LoadCached(ctx, "a")
	fmt.Println(string(rec.Data))

	fmt.Println(cached.Stats() == nearcache.Stats{Hits: 3, Misses: 2, Sessions: 1, Bytes: 84})
	// Output:
	// here
	// elsewhere
	// true
}

// A connection that tells of changes was lost and is there again. What was
// missed meanwhile nobody knows: first everything is forgotten, then there may
// be a vouch again.
func ExampleStore_ForgetAll() {
	ctx := context.Background()
	cached, err := nearcache.New(memstore.New(memstore.Options{}), nearcache.Options{})
	if err != nil {
		log.Fatal(err)
	}
	reconnected := func(sent time.Time) { // a question was sent then, and is answered now
		cached.ForgetAll()
		cached.Vouch(sent)
	}
	reconnected(time.Now())
	_, err = cached.Load(ctx, "a")
	fmt.Println(err, cached.Delete(ctx, "a"))
	// Output: store: not found <nil>
}
