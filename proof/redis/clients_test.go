// Package redis_test proves that a client library nobody here has an adapter
// for takes a few lines to fit. docs/redis.md shows these.
package redis_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/gomodule/redigo/redis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store/redisstore"
	"github.com/sojourn-go/session/store/redisstore/clienttest"
	"github.com/valkey-io/valkey-go"
)

type redigoClient struct{ pool *redis.Pool }

func (c redigoClient) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	conn, err := c.pool.GetContext(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	reply, err := redis.DoContext(conn, ctx, cmd.Args[0], redis.Args{}.AddFlat(cmd.Args[1:])...)
	if refused, ok := errors.AsType[redis.Error](err); ok {
		return nil, redisstore.Error(refused)
	}
	return reply, err
}

type valkeyClient struct{ client valkey.Client }

func (c valkeyClient) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	a := c.client.B().Arbitrary(cmd.Args...)
	if k := cmd.Key; k > 0 {
		a = c.client.B().Arbitrary(cmd.Args[:k]...).Keys(cmd.Args[k]).Args(cmd.Args[k+1:]...)
	}
	reply, err := c.client.Do(ctx, a.Build()).ToAny()
	if valkey.IsValkeyNil(err) {
		return nil, nil
	} else if refused, ok := errors.AsType[*valkey.ValkeyError](err); ok {
		if code, _, _ := strings.Cut(refused.Error(), " "); code != strings.ToUpper(code) {
			return nil, redisstore.Error("ERR " + refused.Error()) // which valkey-go has cut off
		}
		return nil, redisstore.Error(refused.Error())
	}
	return reply, err
}

func TestClients_redigo_fits_in_a_few_lines(t *testing.T) {
	s := startServer(t)
	pool := &redis.Pool{MaxIdle: 16, DialContext: func(ctx context.Context) (redis.Conn, error) {
		return redis.DialContext(ctx, "tcp", s.Addr())
	}}
	t.Cleanup(func() { pool.Close() })
	clienttest.Run(t, func(*testing.T) redisstore.Client { return redigoClient{pool} })
}

func TestClients_valkey_fits_in_a_few_lines(t *testing.T) {
	s := startServer(t)
	client, err := valkey.NewClient(valkey.ClientOption{InitAddress: []string{s.Addr()}, DisableRetry: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	clienttest.Run(t, func(*testing.T) redisstore.Client { return valkeyClient{client} })
}

// What is shown there has to be what is tested here.
func TestClients_the_documentation_shows_this_redigo(t *testing.T) {
	doc, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.ReadFile("clients_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, method, ok := strings.Cut(string(here), "\nfunc (c redigoClient) Do(")
	method, _, ended := strings.Cut(method, "\n}\n")
	if !ok || !ended || !strings.Contains(string(doc), "\nfunc (c redigoClient) Do("+method+"\n}\n") {
		t.Error("docs/redis.md shows another Do of redigo's")
	}
}

func startServer(t *testing.T) *redisserver.Server {
	t.Helper()
	s, err := redisserver.Start()
	if errors.Is(err, redisserver.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s
}
