package goredis_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/store/redisstore"
)

func ExampleOpen() {
	st, err := goredis.Open("redis+sentinel://sentinel-a,sentinel-b,sentinel-c/mymaster?timeout=2s",
		redisstore.Options{Prefix: "shop:"})
	if err != nil {
		log.Fatal(err) // the URL or an option is wrong; no server was asked
	}
	defer st.Close()
}

func ExampleStore() {
	var st *goredis.Store // a store.Store, for session.New
	st, err := goredis.Open("rediss://shop:secret@redis.internal:6380/3?tls_ca=/etc/ssl/our-ca.pem", redisstore.Options{})
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
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:                 []string{"redis-a:6379", "redis-b:6379", "redis-c:6379"},
		ContextTimeoutEnabled: true, // calls end at the deadline of their context
	})
	defer client.Close() // the application's, which uses it for other things, too
	st, err := goredis.New(client, redisstore.Options{
		Replicas:       1, // a login counts when a replica has it
		ReplicaTimeout: 500 * time.Millisecond,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(st.Durable())
}

func ExampleClient() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	left, err := goredis.Client(client).Do(ctx, redisstore.Command{Args: []string{"PTTL", "session:abc"}, Key: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(left, "ms")
}
