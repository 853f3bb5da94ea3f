package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/sojourn-go/session/store"
)

// A write is one Save on its way to the server.
type write struct {
	s     *Store
	key   string
	base  string // the version that must be there; "": none
	value string
	keep  string // in ms; "": for ever, "-": not at all
	grows string // by so many bytes, on a full server
	now   time.Time
	waits bool // for replicas
}

// do sends what it takes.
func (w *write) do(ctx context.Context) error {
	if w.base == "" && w.keep != "-" {
		done, err := w.create(ctx)
		if done || err != nil {
			return err
		}
		// There is a record, which may have expired by our clock alone.
	}
	args := []string{w.base, strconv.FormatInt(w.now.UnixMilli(), 10), w.value, w.keep, w.grows}
	reply, weak, err := w.send(ctx, swap.call(w.key, args...))
	if refused, ok := errors.AsType[Error](err); ok && refused.Code() == "NOSCRIPT" {
		reply, weak, err = w.send(ctx, swap.teach(w.key, args...))
	}
	if err != nil {
		return fail(ctx, "save", err)
	}
	switch reply {
	case int64(1):
		return weak
	case int64(0):
		return store.ErrConflict
	}
	return strange("EVALSHA", reply)
}

// create saves a record where none is, without a script.
func (w *write) create(ctx context.Context) (done bool, err error) {
	cmd := Command{Args: []string{"SET", w.key, w.value, "NX", "PX", w.keep}, Key: 1}
	if w.keep == "" {
		cmd.Args = cmd.Args[:4]
	}
	reply, weak, err := w.send(ctx, cmd)
	switch {
	case err != nil:
		return false, fail(ctx, "SET", err)
	case reply == nil:
		return false, nil
	case isOK(reply):
		return true, weak
	}
	return false, strange("SET", reply)
}

func isOK(reply any) bool {
	switch v := reply.(type) {
	case string:
		return v == "OK"
	case []byte:
		return string(v) == "OK"
	}
	return false
}

// send sends one command, and if need be waits for the replicas behind it. weak
// says that they do not have it, if it wrote anything.
func (w *write) send(ctx context.Context, cmd Command) (reply any, weak, err error) {
	if !w.waits {
		reply, err = w.s.client.Do(ctx, cmd)
		return reply, nil, err
	}
	wait, ok := w.s.waitTime(ctx)
	if !ok {
		return nil, nil, fmt.Errorf("no time is left to wait for replicas: %w", context.DeadlineExceeded)
	}
	n := w.s.opts.Replicas
	replies := w.s.pinner.DoPinned(ctx, cmd, Command{Args: []string{
		"WAIT", strconv.Itoa(n), strconv.FormatInt(wait.Milliseconds(), 10),
	}})
	if len(replies) != 2 {
		return nil, nil, fmt.Errorf("the client returned %d replies to 2 commands", len(replies))
	}
	return replies[0].Value, weakness(replies[1], n), replies[0].Err
}

// waitTime is how long replicas have: a while less than the caller has, so that
// the answer comes in time. Without any, nothing is sent.
func (s *Store) waitTime(ctx context.Context) (time.Duration, bool) {
	wait := s.opts.ReplicaTimeout
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)*3/4)
	}
	return wait, wait >= time.Millisecond // WAIT takes 0 for "as long as you like"
}

// weakness is what is missing for a write to be safe.
func weakness(wait Reply, n int) error {
	if wait.Err != nil {
		return fmt.Errorf("redisstore: WAIT: %w: %w", store.ErrNotDurable, wait.Err)
	}
	have, ok := wait.Value.(int64)
	if !ok {
		return fmt.Errorf("%w: %w", store.ErrNotDurable, strange("WAIT", wait.Value))
	}
	if have < int64(n) {
		return fmt.Errorf("redisstore: %w: %d replicas of %d have it", store.ErrNotDurable, have, n)
	}
	return nil
}
