package rueidis

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// A CachedStore is a store that answers first loads of pages from memory, with
// clients of its own. Make one with [OpenCached] or [NewCached].
type CachedStore struct {
	*nearcache.Store
	client rueidis.Client
	feed   *feed
}

// OpenCached is [Open] with reads from memory, as the package documentation
// tells. It fails if the servers do not tell what changes: that takes Redis 6,
// or Valkey, and the right to CLIENT TRACKING.
//
// Before it connects it tells all that is wrong with the URL and the options. It
// starts a goroutine, which Close ends.
func OpenCached(url string, o redisstore.Options, near nearcache.Options) (*CachedStore, error) {
	option, err := parse(url)
	if err := errors.Join(err, checkCached(&option, o, near)); err != nil {
		return nil, err
	}
	return newCached(option, o, near)
}

// NewCached is [OpenCached] for an application that knows better what its
// clients should be like. It makes two kinds: one that reads and writes, of
// option with DisableCache, and, for each master, one that is told of changes.
// So option must not ask for a cache of rueidis's own (OnInvalidations,
// ClientTrackingOptions, NewCacheStoreFn), nor for reads from replicas, which
// would show what has been overwritten, nor for AlwaysRESP2.
//
// Before it connects it tells all that is wrong with the options. It starts a
// goroutine, which Close ends.
func NewCached(option rueidis.ClientOption, o redisstore.Options, near nearcache.Options) (*CachedStore, error) {
	if err := checkCached(&option, o, near); err != nil {
		return nil, err
	}
	return newCached(option, o, near)
}

// checkCached returns all that is wrong with the options, before anything is
// connected.
func checkCached(option *rueidis.ClientOption, o redisstore.Options, near nearcache.Options) error {
	_, err := nearcache.New((*redisstore.Store)(nil), near) // never used
	return errors.Join(refusals(option), check(o), err)
}

func newCached(option rueidis.ClientOption, o redisstore.Options, near nearcache.Options) (*CachedStore, error) {
	own := option
	own.DisableCache = true
	client, err := connect(own)
	if err != nil {
		return nil, err
	}
	c, err := cached(client, &option, o, near)
	if err != nil {
		client.Close()
		return nil, err
	}
	return c, nil
}

func cached(client rueidis.Client, option *rueidis.ClientOption, o redisstore.Options, near nearcache.Options) (*CachedStore, error) {
	pipelines := option.AlwaysPipelining && !option.DisableAutoPipelining
	st, err := redisstore.New(newClient(client, pipelines), o)
	if err != nil {
		return nil, err
	}
	cache, err := nearcache.New(st, near)
	if err != nil {
		return nil, err
	}
	f := newFeed(client, option, st, cache)
	if err := f.begin(); err != nil {
		return nil, err
	}
	return &CachedStore{Store: cache, client: client, feed: f}, nil
}

// Check asks the servers whether they would keep sessions, as
// [redisstore.Store.Check] tells. Memory has no part in it.
func (s *CachedStore) Check(ctx context.Context) error { return s.feed.store.Check(ctx) }

// Close ends the goroutine and closes the connections, those to one server
// one after the other: if it is silent, each takes a second. Until then what is
// under way may still be answered; what comes later ends with an error. Close may
// be called again, which does nothing.
func (s *CachedStore) Close() error {
	var all sync.WaitGroup
	all.Go(s.feed.close)
	all.Go(s.client.Close)
	all.Wait()
	return nil
}

// refusals names all options with which stale sessions would be shown for longer
// than promised, or none from memory.
func refusals(o *rueidis.ClientOption) error {
	var faults []error
	fault := func(set bool, format string, args ...any) {
		if set {
			faults = append(faults, fmt.Errorf("rueidis: "+format, args...))
		}
	}
	for name, set := range map[string]bool{
		"SendToReplicas":            o.SendToReplicas != nil,
		"ReplicaOnly":               o.ReplicaOnly,
		"ReadNodeSelector":          o.ReadNodeSelector != nil,
		"Standalone.ReplicaAddress": len(o.Standalone.ReplicaAddress) > 0,
	} {
		fault(set, "ClientOption.%s: a replica may still have a session that has ended", name)
	}
	for name, set := range map[string]bool{
		"OnInvalidations":       o.OnInvalidations != nil,
		"ClientTrackingOptions": o.ClientTrackingOptions != nil,
		"NewCacheStoreFn":       o.NewCacheStoreFn != nil,
	} {
		fault(set, "ClientOption.%s: the client that reads and writes has no cache of its own", name)
	}
	fault(o.AlwaysRESP2, "ClientOption.AlwaysRESP2: servers tell of changes in RESP3 only")
	return errors.Join(faults...)
}
