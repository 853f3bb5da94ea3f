package rueidis_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
	"github.com/sojourn-go/session/store/storetest"
)

// A topology is a way to run Redis.
type topology struct {
	name string
	url  func(t testing.TB) string
}

// topologies are those that are tried. The short form leaves Sentinel to the
// other adapter.
func topologies() []topology {
	all := []topology{standalone, clustered}
	if os.Getenv("SOJOURN_LONG") != "" {
		all = append(all, sentinel)
	}
	return all
}

var standalone = topology{
	name: "standalone",
	url:  func(t testing.TB) string { return "redis://" + shared(t, alone).Addr() },
}

var sentinel = topology{
	name: "sentinel",
	url: func(t testing.TB) string {
		s := shared(t, sentinels)
		return "redis+sentinel://" + strings.Join(s.Addrs(), ",") + "/" + s.MasterName()
	},
}

var clustered = topology{
	name: "cluster",
	url: func(t testing.TB) string {
		return "redis+cluster://" + strings.Join(shared(t, cluster).Addrs(), ",")
	},
}

func TestAnOpenedStoreKeepsTheContractOfAStore(t *testing.T) {
	for _, top := range topologies() {
		t.Run(top.name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store {
				return open(t, top.url(t), redisstore.Options{Prefix: t.Name() + ":"})
			})
		})
	}
}

func TestACachedStoreKeepsTheContractOfAStore(t *testing.T) {
	for _, top := range topologies() {
		t.Run(top.name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store {
				return openCached(t, top.url(t), redisstore.Options{Prefix: t.Name() + ":"}, nearcache.Options{})
			})
		})
	}
}

func TestAStoreOnAPlainClientKeepsTheContractOfAStore(t *testing.T) {
	c := connect(t, shared(t, alone).Addr())
	storetest.Run(t, func(t *testing.T) store.Store {
		st, err := rueidis.New(c, redisstore.Options{Prefix: t.Name() + ":"})
		must(t, err)
		return st
	})
}
