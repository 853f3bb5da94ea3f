package rueidis_test

import (
	"context"
	"fmt"
	"log"
	"time"

	client "github.com/redis/rueidis"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

func ExampleOpen() {
	st, err := rueidis.Open("redis+sentinel://sentinel-a,sentinel-b,sentinel-c/mymaster?timeout=2s",
		redisstore.Options{Prefix: "shop:"})
	if err != nil {
		log.Fatal(err) // the URL or an option is wrong, or no server answers
	}
	defer st.Close()
}

func ExampleStore() {
	var st *rueidis.Store // a store.Store, for session.New
	st, err := rueidis.Open("rediss://shop:secret@redis.internal:6380/3?tls_ca=/etc/ssl/our-ca.pem", redisstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil { // once nothing uses it any more
			log.Print(err)
		}
	}()
}

func ExampleOpenCached() {
	st, err := rueidis.OpenCached("redis+cluster://redis-a:6379,redis-b:6379,redis-c:6379",
		redisstore.Options{}, nearcache.Options{Bound: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	stats := st.Stats()
	fmt.Println(stats.Hits, "loads from memory,", stats.Misses, "from Redis")
}

func ExampleCachedStore_Check() {
	st, err := rueidis.OpenCached("redis://127.0.0.1:6379", redisstore.Options{}, nearcache.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	if err := st.Check(context.Background()); err != nil {
		log.Print(err) // no reason not to start
	}
}

func ExampleNewCached() {
	var st *rueidis.CachedStore // a store.Cached, for session.New
	st, err := rueidis.NewCached(client.ClientOption{
		InitAddress:   []string{"127.0.0.1:6379"},
		ClientName:    "shop",
		MaxFlushDelay: 20 * time.Microsecond,
	}, redisstore.Options{}, nearcache.Options{MaxBytes: 16 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil { // once nothing uses it any more
			log.Print(err)
		}
	}()
}

func ExampleNew() {
	c, err := client.NewClient(client.ClientOption{InitAddress: []string{"redis-a:6379", "redis-b:6379", "redis-c:6379"}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close() // the application's, which uses it for other things, too
	st, err := rueidis.New(c, redisstore.Options{
		Replicas:       1, // a login counts when a replica has it
		ReplicaTimeout: 500 * time.Millisecond,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(st.Durable())
}

func ExampleClient() {
	c, err := client.NewClient(client.ClientOption{InitAddress: []string{"127.0.0.1:6379"}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	left, err := rueidis.Client(c).Do(ctx, redisstore.Command{Args: []string{"PTTL", "session:abc"}, Key: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(left, "ms")
}
