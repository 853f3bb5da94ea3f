package redis

import (
	"fmt"

	"github.com/sojourn-go/session/adapter/redis/goredis"
	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

func openRueidis(addr string) (store.Store, func(), error) {
	st, err := rueidis.Open("redis://"+addr, redisstore.Options{})
	if err != nil {
		return nil, nil, err
	}
	return st, shutter(st), nil
}

func openGoRedis(addr string) (store.Store, func(), error) {
	st, err := goredis.Open(fmt.Sprintf("redis://%s?pool=%d", addr, pool), redisstore.Options{})
	if err != nil {
		return nil, nil, err
	}
	return st, shutter(st), nil
}

func openCached(addr string) (store.Store, func(), error) {
	st, shut, err := openCachedFor(addr, nearcache.Options{})
	return st, shut, err
}

func openCachedFor(addr string, o nearcache.Options) (store.Cached, func(), error) {
	st, err := rueidis.OpenCached("redis://"+addr, redisstore.Options{}, o)
	if err != nil {
		return nil, nil, err
	}
	return st, shutter(st), nil
}
