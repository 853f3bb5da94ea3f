package rueidis

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/session/store/redisstore"
)

const (
	defaultDialTimeout = 5 * time.Second
	defaultTimeout     = 3 * time.Second
	reloadEvery        = 10 * time.Second // who is master of what, if nothing fails

	// While others wait for answers, what is sent waits a little for more of
	// its kind, since calls that write a few bytes each are a large part of
	// the cost (bench/RESULTS.md, P11). A request that is alone does not wait.
	flushDelay = 20 * time.Microsecond
)

// New returns a store that sends its commands by c, which stays the caller's, to
// be closed after the store's last use. New sends nothing itself. Its error
// names all that is wrong with o.
func New(c rueidis.Client, o redisstore.Options) (*redisstore.Store, error) {
	return redisstore.New(Client(c), o)
}

// A Store is a store with a client of its own. Make one with [Open].
type Store struct {
	*redisstore.Store
	client rueidis.Client
}

// Open returns a store on the servers that a URL names, as
// [redisstore.ParseURL] reads it. The caller closes it.
//
// Open connects: it fails if no server answers, or refuses the password, and its
// error names the addresses. Before that it tells all that is wrong with the URL
// and o. The pool of the URL bounds the connections for
// Saves that wait for replicas; the others share a few.
func Open(url string, o redisstore.Options) (*Store, error) {
	option, err := parse(url)
	if err := errors.Join(err, check(o)); err != nil {
		return nil, err
	}
	client, err := connect(option)
	if err != nil {
		return nil, err
	}
	st, err := redisstore.New(newClient(client, option.AlwaysPipelining), o)
	if err != nil {
		client.Close()
		return nil, err
	}
	return &Store{Store: st, client: client}, nil
}

// Close closes the connections, those to one server one after the other: if it is
// silent, each takes a second. Until then what is under way may still be
// answered; what comes later ends with an error. Close may be called again, which
// does nothing.
func (s *Store) Close() error {
	s.client.Close()
	return nil
}

// check returns all that is wrong with the options of a store. A store has a
// client that can do all that options ask for; this one is never used.
func check(o redisstore.Options) error {
	_, err := redisstore.New((*single)(nil), o)
	return err
}

// parse returns what a URL means to rueidis.
func parse(url string) (o rueidis.ClientOption, err error) {
	l, err := redisstore.ParseURL(url)
	if err != nil {
		return o, err
	}
	config, err := tlsConfig(l)
	if err != nil {
		return o, err
	}
	dialer := net.Dialer{Timeout: cmp.Or(l.DialTimeout, defaultDialTimeout)}
	return rueidis.ClientOption{
		InitAddress:       l.Addrs,
		Username:          l.Username,
		Password:          l.Password,
		SelectDB:          l.Database,
		TLSConfig:         config,
		Dialer:            dialer,
		ConnWriteTimeout:  cmp.Or(l.Timeout, defaultTimeout),
		AlwaysPipelining:  true, // so that a connection which was closed is noticed before it is used
		BlockingPoolSize:  l.Pool,
		DisableCache:      true, // a connection with tracking is slower
		MaxFlushDelay:     flushDelay,
		ForceSingleClient: !l.Cluster && !l.Sentinel,
		ClusterOption:     rueidis.ClusterOption{ShardsRefreshInterval: reloadEvery},
		Sentinel: rueidis.SentinelOption{
			MasterSet:               l.Master,
			Username:                l.SentinelUsername,
			Password:                l.SentinelPassword,
			TLSConfig:               config,
			Dialer:                  dialer,
			TopologyRefreshInterval: reloadEvery,
		},
	}, nil
}

// connect makes a client. rueidis connects at once, and its errors do not always
// say where to.
func connect(o rueidis.ClientOption) (rueidis.Client, error) {
	c, err := rueidis.NewClient(o)
	if err != nil {
		if c != nil {
			c.Close()
		}
		return nil, fmt.Errorf("rueidis: %s: %w", strings.Join(o.InitAddress, ", "), err)
	}
	return c, nil
}

// A dialFunc makes a connection for rueidis.
type dialFunc = func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error)

// connection connects as rueidis would.
func connection(ctx context.Context, o *rueidis.ClientOption, addr string, d *net.Dialer, config *tls.Config) (net.Conn, error) {
	switch {
	case o.DialCtxFn != nil:
		return o.DialCtxFn(ctx, addr, d, config)
	case o.DialFn != nil:
		return o.DialFn(addr, d, config)
	case config != nil:
		return (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", addr)
	}
	return d.DialContext(ctx, "tcp", addr)
}

// tlsConfig returns nil for a location without TLS. A certificate must be for
// the host that was dialled.
func tlsConfig(l *redisstore.Location) (*tls.Config, error) {
	if !l.TLS {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if l.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(l.CAFile)
	if err != nil {
		return nil, fmt.Errorf("rueidis: the certificates to trust: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("rueidis: the certificates to trust: there is no certificate in %s", l.CAFile)
	}
	return config, nil
}
