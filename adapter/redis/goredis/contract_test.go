package goredis_test

import (
	"os"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
	"github.com/sojourn-go/session/store/redisstore/clienttest"
	"github.com/sojourn-go/session/store/storetest"
)

// A topology is a way to run Redis.
type topology struct {
	name   string
	url    func(t *testing.T) string
	client func(t *testing.T, plain bool) redis.UniversalClient // plain: with go-redis's defaults
}

// topologies are those that are tried. The short form leaves the Cluster to the
// other adapter.
func topologies() []topology {
	all := []topology{standalone, sentinel}
	if os.Getenv("SOJOURN_LONG") != "" {
		all = append(all, clustered)
	}
	return all
}

var standalone = topology{
	name: "standalone",
	url:  func(t *testing.T) string { return "redis://" + shared(t, alone).Addr() },
	client: func(t *testing.T, plain bool) redis.UniversalClient {
		return redis.NewClient(&redis.Options{Addr: shared(t, alone).Addr(), ContextTimeoutEnabled: !plain})
	},
}

var sentinel = topology{
	name: "sentinel",
	url: func(t *testing.T) string {
		s := shared(t, sentinels)
		return "redis+sentinel://" + strings.Join(s.Addrs(), ",") + "/" + s.MasterName()
	},
	client: func(t *testing.T, plain bool) redis.UniversalClient {
		s := shared(t, sentinels)
		return redis.NewFailoverClient(&redis.FailoverOptions{
			SentinelAddrs: s.Addrs(), MasterName: s.MasterName(), ContextTimeoutEnabled: !plain,
		})
	},
}

var clustered = topology{
	name: "cluster",
	url: func(t *testing.T) string {
		return "redis+cluster://" + strings.Join(shared(t, cluster).Addrs(), ",")
	},
	client: func(t *testing.T, plain bool) redis.UniversalClient {
		return redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: shared(t, cluster).Addrs(), ContextTimeoutEnabled: !plain,
		})
	},
}

func TestClientKeepsTheContractOfAClient(t *testing.T) {
	for _, top := range topologies() {
		t.Run(top.name, func(t *testing.T) {
			clienttest.Run(t, func(t *testing.T) redisstore.Client {
				return goredis.Client(closing(t, top.client(t, false)))
			})
		})
	}
}

func TestAnOpenedStoreKeepsTheContractOfAStore(t *testing.T) {
	for _, top := range topologies() {
		t.Run(top.name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store {
				return open(t, top.url(t), redisstore.Options{Prefix: prefix(t)})
			})
		})
	}
}

func TestAStoreOnAPlainClientKeepsTheContractOfAStore(t *testing.T) {
	for _, top := range topologies() {
		t.Run(top.name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store {
				st, err := goredis.New(closing(t, top.client(t, true)), redisstore.Options{Prefix: prefix(t)})
				must(t, err)
				return st
			})
		})
	}
}
