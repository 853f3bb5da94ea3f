package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
)

// A library is any client of Redis that an application has, here the one with
// which these tests speak to their servers.
type library struct{ *redisserver.Server }

// Do is all that it takes to keep sessions through it.
func (l library) Do(_ context.Context, cmd redisstore.Command) (any, error) {
	value, err := l.Server.Do(cmd.Args...)
	if refused, ok := errors.AsType[redisserver.Error](err); ok {
		return nil, redisstore.Error(refused)
	}
	return value, err
}

// DoPinned is for Options.Replicas. A library that has one connection for
// everything, as this one, sends one after the other.
func (l library) DoPinned(ctx context.Context, cmds ...redisstore.Command) (replies []redisstore.Reply) {
	for _, cmd := range cmds {
		value, err := l.Do(ctx, cmd)
		replies = append(replies, redisstore.Reply{Value: value, Err: err})
	}
	return replies
}

func ExampleNew() {
	var client redisstore.Pinner = library{} // or rueidis.Client(c), or goredis.Client(c)
	st, err := redisstore.New(client, redisstore.Options{Prefix: "shop:", Replicas: 1})
	if err != nil {
		log.Fatal(err)
	}
	id, ok := st.ID("shop:cart-7")
	fmt.Println(st.Durable(), st.Prefix(), id, ok) // session.New(st, session.Options{})

	_, err = redisstore.New(client, redisstore.Options{Replicas: -1})
	fmt.Println(err)
	// Output:
	// true shop: cart-7 true
	// redisstore: Options.Replicas is -1: how many replicas a login waits for, 0 for none
}

func ExampleStore_Save() {
	server, err := redisserver.Start()
	if err != nil {
		log.Println(err)
		return
	}
	defer server.Stop()
	ctx := context.Background()
	st, err := redisstore.New(library{server}, redisstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	version, err := st.Save(ctx, "cart-7", store.Record{Data: []byte("tea")})
	fmt.Println(err)
	_, err = st.Save(ctx, "cart-7", store.Record{Data: []byte("milk"), Version: version + 1})
	fmt.Println(errors.Is(err, store.ErrConflict))
	rec, err := st.Load(ctx, "cart-7")
	fmt.Println(string(rec.Data), err)
	for e, err := range st.List(ctx) {
		fmt.Println(e.ID, err)
	}
	fmt.Println(st.Delete(ctx, "cart-7"))
	_, err = server.Do("RPUSH", "session:cart-7", "a list of somebody else's")
	fmt.Println(err)
	_, err = st.Load(ctx, "cart-7")
	refused, _ := errors.AsType[redisstore.Error](err)
	fmt.Println(refused.Code())
}
