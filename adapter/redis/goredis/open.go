package goredis

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/sojourn-go/session/store/redisstore"
)

const (
	defaultDialTimeout = 5 * time.Second
	defaultTimeout     = 3 * time.Second
	reloadEvery        = 10 * time.Second // who has which slots, if nothing fails
)

// A Store is a store with a client of its own. Make one with [Open].
type Store struct {
	*redisstore.Store
	close func() error
}

// Open returns a store on the servers that a URL names, as
// [redisstore.ParseURL] reads it. The caller closes it.
//
// Open does not connect: an application may start before its Redis does, and
// calls return errors until then. It fails if the URL or o is wrong, or the file
// of certificates that the URL names cannot be read, and its error names all of
// it.
//
// Nothing is sent twice, and calls end at the deadline of their context, or
// after the URL's timeout if that is sooner.
func Open(url string, o redisstore.Options) (*Store, error) {
	l, err := redisstore.ParseURL(url)
	if err != nil {
		_, also := redisstore.New(single{}, o) // never used
		return nil, errors.Join(err, also)
	}
	config, err := tlsConfig(l)
	client := newClient(l, config)
	st, also := New(client, o)
	if err := errors.Join(err, also); err != nil {
		client.Close()
		return nil, err
	}
	return &Store{Store: st, close: sync.OnceValue(client.Close)}, nil
}

// Close closes the connections. What is under way, or comes later, ends with an
// error. Close may be called again, which does nothing but return the same.
func (s *Store) Close() error { return s.close() }

// newClient returns the client of a location. It connects when it is used.
func newClient(l *redisstore.Location, config *tls.Config) redis.UniversalClient {
	timeout := cmp.Or(l.Timeout, defaultTimeout)
	o := &redis.UniversalOptions{
		Addrs:                 l.Addrs,
		DB:                    l.Database,
		MasterName:            l.Master,
		Username:              l.Username,
		Password:              l.Password,
		SentinelUsername:      l.SentinelUsername,
		SentinelPassword:      l.SentinelPassword,
		TLSConfig:             config,
		DialTimeout:           cmp.Or(l.DialTimeout, defaultDialTimeout),
		DialerRetries:         1, // who waits for it can try again, and decides so
		ReadTimeout:           timeout,
		WriteTimeout:          timeout,
		ContextTimeoutEnabled: true,
		MaxRetries:            -1, // none
		PoolSize:              l.Pool,
		PipelinePoolSize:      -1, // none: Pool is the number of connections
		Protocol:              2,  // nothing here needs the other
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled, // they need protocol 3
		},
	}
	switch {
	case l.Sentinel:
		return redis.NewFailoverClient(o.Failover())
	case l.Cluster:
		c := o.Cluster()
		c.ClusterStateReloadInterval = reloadEvery
		return redis.NewClusterClient(c)
	}
	return redis.NewClient(o.Simple())
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
		return nil, fmt.Errorf("goredis: the certificates to trust: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("goredis: the certificates to trust: there is no certificate in %s", l.CAFile)
	}
	return config, nil
}
