package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// redisVariable is the environment variable that may hold the address of Redis.
const redisVariable = "SOJOURN_REDIS"

func inRedis() kind {
	return kind{
		usage: "redis://HOST:PORT",
		help:  "in Redis or Valkey",
		where: "All of it is kept in Redis, and is there again when this program starts anew.",
		takes: func(text string) bool { // the address tells what is wrong with its scheme
			scheme, _, address := strings.Cut(text, "://")
			return text == "redis" || address && strings.HasPrefix(strings.ToLower(scheme), "redis")
		},
		open: (*demoFlags).openRedis,
	}
}

func (d *demoFlags) openRedis(o opening) (kept, error) {
	raw, at, err := d.redisURL()
	faults := []error{err}
	if d.replicas < 0 || d.replicas > 1000 {
		faults = append(faults, fmt.Errorf("-replicas: %d is no number of replicas to wait for", d.replicas))
	}
	return o.keep(place{
		name: "Redis",
		at:   fmt.Sprint(at),
		with: []any{"cached", d.cached, "replicas", d.replicas},
		open: func() (store.Store, func() error, error) { return d.connectRedis(raw) },
	}, faults...)
}

// redisURL returns the address of Redis as it was given, and as it may be
// shown.
func (d *demoFlags) redisURL() (raw string, at *redisstore.Location, err error) {
	raw, from, err := d.address("redis", redisVariable, "redis://127.0.0.1:6379")
	if err != nil {
		return "", nil, err
	}
	at, err = redisstore.ParseURL(raw)
	if err == nil {
		return raw, at, nil
	}
	var faults []error
	for _, fault := range parts(err) {
		faults = append(faults, errors.New(strings.Replace(fault.Error(), "redisstore: URL", from, 1)))
	}
	return "", nil, errors.Join(faults...)
}

func (d *demoFlags) connectRedis(raw string) (store.Store, func() error, error) {
	o := redisstore.Options{Replicas: d.replicas}
	if d.cached {
		st, err := rueidis.OpenCached(raw, o, nearcache.Options{})
		if err != nil {
			return nil, nil, err
		}
		return st, st.Close, nil
	}
	st, err := rueidis.Open(raw, o)
	if err != nil {
		return nil, nil, err
	}
	return st, st.Close, nil
}
