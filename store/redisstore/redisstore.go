package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/sojourn-go/session/store"
)

var (
	_ store.Lister  = (*Store)(nil)
	_ store.Durable = (*Store)(nil)
)

// Options say how sessions are kept. Their zero value is good for a server, or
// a Cluster, that other applications may use as well.
type Options struct {
	_ [0]func() // keyed literals only

	// Prefix stands before each id, exactly as it is: no ":" is added. Zero is
	// "session:". It may hold any bytes, at most 256. In a Cluster, one that
	// has braces ("{a}:") puts all sessions on one server.
	Prefix string

	// Replicas is how many replicas must have a write that matters
	// (Record.Durable: a login, a logout, a renewal) before it counts as kept.
	// Fewer, and Save returns store.ErrNotDurable. Zero waits for none; a
	// login may then be forgotten, and a logout undone, if a master is lost
	// and a replica takes over. It takes a Client that is a Pinner.
	Replicas int

	// ReplicaTimeout is how long such a Save waits for the replicas. Zero is a
	// second.
	ReplicaTimeout time.Duration

	// Timeout limits calls whose context has no deadline. Zero is 5 s. Those
	// of sessions have one (session.Options.Timeout).
	Timeout time.Duration
}

const (
	defaultPrefix         = "session:"
	defaultReplicaTimeout = time.Second
	defaultTimeout        = 5 * time.Second
	maxPrefix             = 256
	maxReplicas           = 1000
	maxGrowth             = "64" // bytes: what a logout, or a login's place on a list, may add
)

// A Store is a [store.Store] in Redis. Make one with [New].
type Store struct {
	client Client
	pinner Pinner // if Replicas is not 0
	opts   Options
}

// New returns a store that sends its commands by c, which stays the caller's.
// It sends none itself. The error names all that is wrong with o.
func New(c Client, o Options) (*Store, error) {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("redisstore: "+format, args...))
	}
	if c == nil {
		fault("the Client is nil")
	}
	if len(o.Prefix) > maxPrefix {
		fault("Options.Prefix has %d bytes, at most %d are sensible", len(o.Prefix), maxPrefix)
	}
	if o.Replicas < 0 || o.Replicas > maxReplicas {
		fault("Options.Replicas is %d: how many replicas a login waits for, 0 for none", o.Replicas)
	}
	if o.ReplicaTimeout < 0 || o.ReplicaTimeout > 0 && o.ReplicaTimeout < time.Millisecond {
		fault("Options.ReplicaTimeout is %v: leave it 0 for %v, or give a millisecond or more", o.ReplicaTimeout, defaultReplicaTimeout)
	}
	if o.ReplicaTimeout > 0 && o.Replicas == 0 {
		fault("Options.ReplicaTimeout is %v, but Options.Replicas is 0: nothing waits", o.ReplicaTimeout)
	}
	if o.Timeout < 0 {
		fault("Options.Timeout is %v: leave it 0 for %v", o.Timeout, defaultTimeout)
	}
	s := &Store{client: c, opts: o}
	if o.Replicas > 0 && c != nil {
		var ok bool
		if s.pinner, ok = c.(Pinner); !ok {
			fault("Options.Replicas is %d, but %T is no Pinner: WAIT has to follow the write on its own connection", o.Replicas, c)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if o.Prefix == "" {
		s.opts.Prefix = defaultPrefix
	}
	if o.ReplicaTimeout == 0 {
		s.opts.ReplicaTimeout = defaultReplicaTimeout
	}
	if o.Timeout == 0 {
		s.opts.Timeout = defaultTimeout
	}
	return s, nil
}

// Durable implements [store.Durable]: it reports whether there are replicas to
// wait for.
func (s *Store) Durable() bool { return s.opts.Replicas > 0 }

// Prefix returns what stands before each id: Options.Prefix, or its default.
func (s *Store) Prefix() string { return s.opts.Prefix }

// ID returns the id of the record under a key, and whether there can be one: the
// key has the prefix, and an id behind it.
func (s *Store) ID(key string) (id string, ok bool) {
	id, ok = strings.CutPrefix(key, s.opts.Prefix)
	return id, ok && checkID(id) == nil
}

const maxID = 128

// checkID refuses what is no id, so that nobody's text becomes a key.
func checkID(id string) error {
	ok := len(id) > 0 && len(id) <= maxID
	for i := 0; ok && i < len(id); i++ {
		c := id[i]
		ok = c-'0' < 10 || c|0x20-'a' < 26 || c == '-' || c == '_' || c == '.'
	}
	if !ok {
		return fmt.Errorf("redisstore: %.140q is no id", id)
	}
	return nil
}

// begin is what every call begins with. The caller calls end.
func (s *Store) begin(ctx context.Context, id string) (c context.Context, end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if err := checkID(id); err != nil {
		return nil, nil, err
	}
	c, end = s.limited(ctx)
	return c, end, nil
}

// limited returns a context that has a deadline.
func (s *Store) limited(ctx context.Context) (context.Context, func()) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, nothing
	}
	return context.WithTimeout(ctx, s.opts.Timeout)
}

func nothing() {}

// Load implements [store.Store]: one GET.
func (s *Store) Load(ctx context.Context, id string) (store.Record, error) {
	ctx, end, err := s.begin(ctx, id)
	if err != nil {
		return store.Record{}, err
	}
	defer end()
	return s.load(ctx, s.client, s.opts.Prefix+id)
}

// load returns the record under a key.
func (s *Store) load(ctx context.Context, c Client, key string) (rec store.Record, err error) {
	reply, err := c.Do(ctx, Command{Args: []string{"GET", key}, Key: 1})
	if err != nil {
		return rec, fail(ctx, "GET", err)
	}
	var value []byte
	switch v := reply.(type) {
	case nil:
		return rec, store.ErrNotFound
	case []byte:
		value = v
	case string:
		value = []byte(v)
	default:
		return rec, strange("GET", reply)
	}
	rec, err = decode(value, time.Now())
	if err != nil && err != store.ErrNotFound {
		err = fmt.Errorf("redisstore: key %q: %w", key, err)
	}
	return rec, err
}

// Delete implements [store.Store]: one DEL.
func (s *Store) Delete(ctx context.Context, id string) error {
	ctx, end, err := s.begin(ctx, id)
	if err != nil {
		return err
	}
	defer end()
	if _, err := s.client.Do(ctx, Command{Args: []string{"DEL", s.opts.Prefix + id}, Key: 1}); err != nil {
		return fail(ctx, "DEL", err)
	}
	return nil
}

// Save implements [store.Store]. It is never sent again once it may have been
// carried out: only a server's answer that it does not know the script, or that
// there is a record already, is followed by another command.
func (s *Store) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	ctx, end, err := s.begin(ctx, id)
	if err != nil {
		return 0, err
	}
	defer end()
	if len(rec.Owner) > maxOwner {
		return 0, fmt.Errorf("redisstore: %w", errOwner)
	}
	now := time.Now()
	at, left := expiryOf(rec.Expires, now)
	version := newVersion()
	w := write{s: s, key: s.opts.Prefix + id, value: encode(version, at, &rec), now: now}
	if rec.Durable {
		w.grows = maxGrowth
	}
	switch {
	case left < 0:
		w.keep, w.value = "-", ""
	case left > 0:
		w.keep = strconv.FormatInt(left, 10)
	}
	if rec.Version != 0 {
		w.base = versionText(rec.Version)
	}
	w.waits = rec.Durable && s.opts.Replicas > 0
	if err := w.do(ctx); err != nil {
		if errors.Is(err, store.ErrNotDurable) {
			return version, err
		}
		return 0, err
	}
	return version, nil
}

// newVersion returns a number that no other state of any record has: of 64
// random bits, two that meet under one id are out of the question.
func newVersion() uint64 {
	for {
		if v := rand.Uint64(); v != 0 {
			return v
		}
	}
}

// fail says what a command came to. A done context is the caller's own doing,
// whatever the client calls it.
func fail(ctx context.Context, command string, err error) error {
	if refused, ok := errors.AsType[Error](err); ok {
		switch refused.Code() {
		case "OOM":
			return fmt.Errorf("redisstore: %s: %w: %w", command, store.ErrFull, err)
		case "NOPERM", "NOAUTH", "WRONGPASS", "WRONGTYPE":
			return fmt.Errorf("redisstore: %s: %w: %w", command, store.ErrRefused, err)
		}
		return fmt.Errorf("redisstore: %s: the server refused: %w", command, err) // it may be another one soon
	}
	if done := ctx.Err(); done != nil && !errors.Is(err, done) {
		return fmt.Errorf("redisstore: %s: %w: %w", command, done, err)
	}
	return fmt.Errorf("redisstore: %s: %w", command, err)
}

func strange(command string, reply any) error {
	return fmt.Errorf("redisstore: %s: the client returned a %T, which is no answer to it", command, reply)
}
