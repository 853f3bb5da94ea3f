package clienttest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/sojourn-go/session/store/redisstore"
)

// patience is how long a rule may take before its context is done. A healthy
// client never comes near it.
const patience = 30 * time.Second

// A check is one rule on its way through one client. It ends at the first
// violation, as a test ends at t.Fatal; so its methods are for its own
// goroutine only.
type check struct {
	redisstore.Client
	ctx context.Context // lives as long as the check

	keys []string // to be deleted at the end
	err  error    // the violation
}

// check holds the client to the rule, and returns the violation.
func (r rule) check(ctx context.Context, client redisstore.Client) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := &check{Client: client, ctx: ctx}
	var wg sync.WaitGroup
	wg.Go(func() { r.hold(c) }) // a goroutine of its own, for failf to end
	wg.Wait()
	for _, key := range c.keys {
		client.Do(ctx, about(1, "DEL", key)) // whether Do works is for the rule to say
	}
	if c.err != nil {
		return fmt.Errorf("clienttest: %s: %w", r.sentence, c.err)
	}
	return nil
}

// failf ends the check with a violation.
func (c *check) failf(format string, args ...any) {
	c.err = fmt.Errorf(format, args...)
	runtime.Goexit()
}

// about is a command; key is the place of its key, or 0.
func about(key int, args ...string) redisstore.Command {
	return redisstore.Command{Args: args, Key: key}
}

// key returns a key that nobody has used before.
func (c *check) key() string { return c.take("clienttest:" + rand.Text()) }

// take notes that a key is the check's, and returns it.
func (c *check) take(key string) string {
	c.keys = append(c.keys, key)
	return key
}

// do sends a command that must be answered.
func (c *check) do(key int, args ...string) any {
	value, err := c.Do(c.ctx, about(key, args...))
	if err != nil {
		c.failf("%.60q: got error %v (%T), want none", args, err, err)
	}
	return value
}

// set stores a value under a new key, and returns the key.
func (c *check) set(value string) (key string) {
	key = c.key()
	c.do(1, "SET", key, value)
	return key
}

// want wants the answer of a command to be so.
func (c *check) want(want any, key int, args ...string) {
	if diff := difference(c.do(key, args...), want); diff != "" {
		c.failf("%.60q: %s", args, diff)
	}
}

// A bulk is text that may be returned as a string or as bytes.
type bulk string

// difference tells how an answer is not what was wanted: nil, a string, an
// int64, a bulk, or []any of these.
func difference(got, want any) string {
	same := false
	switch want := want.(type) {
	case bulk:
		text, ok := asText(got)
		same = ok && text == string(want)
	case []any:
		all, ok := got.([]any)
		same = ok && len(all) == len(want)
		for i := 0; same && i < len(want); i++ {
			same = difference(all[i], want[i]) == ""
		}
	default:
		same = got == want
	}
	if same {
		return ""
	}
	return fmt.Sprintf("got %.60q (%T), want %.60q (%T)", got, got, want, want)
}

func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	default:
		return "", false
	}
}

// refused wants err to be a refusal of the code, and returns it.
func (c *check) refused(code string, err error, what string) redisstore.Error {
	refusal, ok := errors.AsType[redisstore.Error](err)
	if !ok || refusal.Code() != code {
		c.failf("%s: got error %v (%T), want an Error with the code %s", what, err, err, code)
	}
	return refusal
}

// unknown wants err to say that the answer is not known.
func (c *check) unknown(err error, what string) {
	if _, ok := errors.AsType[redisstore.Error](err); err == nil || ok {
		c.failf("%s: got error %v (%T), want one that is no Error", what, err, err)
	}
}

// together calls f for 0 to n-1, all at once, each on its own goroutine. An
// error of f is a violation.
func (c *check) together(n int, f func(i int) error) {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			c.failf("%w", err)
		}
	}
}
