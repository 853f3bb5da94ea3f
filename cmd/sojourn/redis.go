package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// redisVariable is the environment variable that may hold the address of Redis,
// whose password a flag would show to everybody on the machine who lists
// processes.
const redisVariable = "SOJOURN_REDIS"

// A failure is no fault of the command line.
type failure struct{ error }

// isRedis reports whether the sessions are kept in Redis.
func (d *demoFlags) isRedis() bool {
	scheme, _, address := strings.Cut(d.store, "://")
	return d.store == redisStore || address && strings.HasPrefix(strings.ToLower(scheme), "redis")
}

// redisURL returns the address of Redis as it was given, and as it may be
// shown.
func (d *demoFlags) redisURL() (raw string, at *redisstore.Location, err error) {
	raw, from := d.store, "-store"
	if raw == redisStore {
		raw, from = os.Getenv(redisVariable), "$"+redisVariable
	}
	if raw == "" {
		return "", nil, fmt.Errorf("-store redis: $%s has to hold the address, such as redis://127.0.0.1:6379", redisVariable)
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

// parts returns the errors that were joined.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, part := range joined.Unwrap() {
			all = append(all, parts(part)...)
		}
		return all
	}
	return []error{err}
}

// inRedis opens Redis, unless anything is wrong with the flags.
func (d *demoFlags) inRedis(o session.Options, log *slog.Logger, faults []error) (kept, error) {
	raw, at, err := d.redisURL()
	_, optionsErr := session.New(memstore.New(memstore.Options{}), o)
	faults = append(faults, err, optionsErr)
	if d.replicas < 0 || d.replicas > 1000 {
		faults = append(faults, fmt.Errorf("-replicas: %d is no number of replicas to wait for", d.replicas))
	}
	if err := errors.Join(faults...); err != nil {
		return kept{}, err
	}
	st, closeStore, err := d.openRedis(raw)
	if err != nil {
		return kept{}, failure{fmt.Errorf("the sessions cannot be kept in %v: %w", at, err)}
	}
	m, err := session.New(st, o)
	if err != nil {
		return kept{}, errors.Join(err, closeStore())
	}
	log.Info("sessions are kept in Redis", "at", at, "cached", d.cached, "replicas", d.replicas)
	warn(st, log)
	return kept{m, st, closeStore}, nil
}

func (d *demoFlags) openRedis(raw string) (store.Store, func() error, error) {
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

// warn says what is wrong with the servers. That is no reason not to start.
func warn(st store.Store, log *slog.Logger) {
	type checker interface {
		store.Store
		Check(context.Context) error
	}
	c, ok := store.As[checker](st)
	if !ok {
		return
	}
	if err := c.Check(context.Background()); err != nil {
		for _, fault := range parts(err) {
			log.Warn("Redis is not as it should be", "err", fault)
		}
	}
}
