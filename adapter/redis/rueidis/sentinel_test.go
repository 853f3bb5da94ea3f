package rueidis_test

import (
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

func TestAStoreFollowsSentinelToAnotherMaster(t *testing.T) {
	for _, top := range topologies() {
		if top.name == sentinel.name {
			followsSentinel(t)
		}
	}
}

func followsSentinel(t *testing.T) {
	s := shared(t, sentinels)
	o := redisstore.Options{Prefix: "failover:", Replicas: 1}
	st := openCached(t, sentinel.url(t), o, nearcache.Options{Bound: 2 * time.Second})
	other := open(t, sentinel.url(t), o)
	_, err := save(t.Context(), other, "kept", store.Record{Durable: true, Data: []byte("old")})
	must(t, err)
	wantHit(t, st, "kept", "old")
	must(t, s.Failover())
	eventually(t, "the store to save at the other master", func() bool {
		rec, err := other.Load(within(t, time.Second), "kept")
		if err != nil {
			return false
		}
		_, err = save(within(t, time.Second), other, "kept", store.Record{Version: rec.Version, Durable: true, Data: []byte("new")})
		return err == nil
	})
	wantHit(t, st, "kept", "new")
	storeServes(t, st)
}
