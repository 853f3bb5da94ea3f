package rueidis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// A tracker is one connection to one master, over which the server sends each
// key of ours that changes. All but made and told is its feed's alone.
type tracker struct {
	feed   *feed
	addr   string
	client rueidis.Client // nil until it is connected for the first time

	made atomic.Int64 // how many connections there have been
	told int64        // made, when last vouched for
}

// option returns what the tracker's client is made of: it has one connection,
// which rueidis makes anew when a question is asked and there is none. rueidis
// reads it in a goroutine of its own from when tracking is on, since there is an
// OnInvalidations, and calls that in the order of what it reads; so when an
// answer is handed out, what came before it is told.
func (t *tracker) option() rueidis.ClientOption {
	o, half := *t.feed.option, t.feed.cache.Bound()/2
	o.InitAddress = []string{t.addr}
	o.ForceSingleClient = true
	o.ShuffleInit = false
	o.Sentinel = rueidis.SentinelOption{}
	o.Standalone = rueidis.StandaloneOption{}
	o.ClusterOption = rueidis.ClusterOption{}

	o.DisableCache = false
	o.ClientTrackingOptions = []string{"BCAST", "PREFIX", t.feed.store.Prefix()}
	o.OnInvalidations = t.hear
	o.CacheSizeEachConn = 1 // nothing is ever put into it

	o.PipelineMultiplex = -1 // one connection
	o.DisableAutoPipelining = false
	o.DisableRetry = true
	o.ConnLifetime = 0
	o.MaxFlushDelay = 0
	o.RingScaleEachConn = 4 // a few questions
	o.ReadBufferEachConn = 16 << 10
	o.WriteBufferEachConn = 1 << 10

	o.DialCtxFn, o.DialFn = t.dial(o), nil
	o.Dialer.KeepAlive = half // rueidis cuts a connection that is silent for these two
	o.ConnWriteTimeout = half
	return o
}

// dial counts the connections, and cuts them when the feed is closed.
func (t *tracker) dial(o rueidis.ClientOption) dialFunc {
	return func(ctx context.Context, addr string, d *net.Dialer, config *tls.Config) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(t.feed.ctx, cancel)()
		t.made.Add(1)
		conn, err := connection(ctx, &o, addr, d, config)
		if err != nil {
			return nil, err
		}
		c := &trackedConn{Conn: conn}
		c.forget = context.AfterFunc(t.feed.ctx, func() { conn.Close() })
		return c, nil
	}
}

// A trackedConn is closed with its feed.
type trackedConn struct {
	net.Conn
	forget func() bool
}

func (c *trackedConn) Close() error {
	c.forget()
	return c.Conn.Close()
}

// hear is told the keys that changed, and nil when all may have: the server was
// emptied, or the connection is gone.
func (t *tracker) hear(changed []rueidis.RedisMessage) {
	if changed == nil {
		t.feed.cache.ForgetAll()
		return
	}
	for _, m := range changed {
		key, err := m.ToString()
		if err != nil {
			t.feed.cache.ForgetAll()
			return
		}
		if id, ok := t.feed.store.ID(key); ok {
			t.feed.cache.Forget(id)
		}
	}
}

// isFresh reports whether a connection was made since it last did so.
func (t *tracker) isFresh() bool {
	made := t.made.Load()
	fresh := made != t.told
	t.told = made
	return fresh
}

// ask returns when the server has told all that had changed when ask was called.
// In a Cluster it also returns who the server takes for masters.
//
// It asks twice. A server works through what several clients have sent, and only
// then sends the keys that this changed: behind the answer to a question that
// was among it.
func (t *tracker) ask(ctx context.Context) (masters map[string]bool, err error) {
	if t.client == nil {
		if t.client, err = t.connect(ctx); err != nil {
			return nil, err
		}
	}
	b := t.client.B()
	questions := []rueidis.Completed{b.Arbitrary("HELLO", "3").Build()}
	if t.feed.client.Mode() == rueidis.ClientModeCluster {
		questions = append(questions, clusterSlots(t.client))
	}
	answers := t.client.DoMulti(ctx, questions...)
	self, err := answers[0].AsMap()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.addr, err)
	}
	if len(answers) > 1 {
		if masters, err = mastersOf(answers[1], t.addr); err != nil {
			return nil, fmt.Errorf("%s: %w", t.addr, err)
		}
	}
	role := self["role"]
	if name, _ := role.ToString(); name != "master" {
		return masters, fmt.Errorf("%s is no master, but a %s", t.addr, name)
	}
	if err := t.client.Do(ctx, b.Ping().Build()).Error(); err != nil {
		return masters, fmt.Errorf("%s: %w", t.addr, err)
	}
	return masters, nil
}

// connect makes the client. It takes as long as the dialer allows, or the
// context, if that has a deadline sooner.
func (t *tracker) connect(ctx context.Context) (rueidis.Client, error) {
	o := t.option()
	if deadline, ok := ctx.Deadline(); ok {
		left := max(time.Until(deadline), time.Millisecond)
		if o.Dialer.Timeout <= 0 || o.Dialer.Timeout > left {
			o.Dialer.Timeout = left
		}
	}
	c, err := connect(o)
	if errors.Is(err, rueidis.ErrNoCache) {
		// The rest of the text is about an option of rueidis.
		why, _, _ := strings.Cut(err.Error(), rueidis.ErrNoCache.Error())
		return nil, fmt.Errorf("%sthe server does not tell what changes: that takes CLIENT TRACKING, of Redis 6 or later", strings.Replace(why, "\n", ": ", 1))
	}
	return c, err
}

// close closes the connection.
func (t *tracker) close() {
	if t.client != nil {
		t.client.Close()
	}
}
