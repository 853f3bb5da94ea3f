package clienttest_test

import (
	"context"
	"errors"
	"sync"

	"github.com/sojourn-go/session/store/redisstore"
)

var faultsOfCallers = []fault{
	{"two callers get each other's answer",
		"of many callers at once each gets its own answer",
		func(b *broken) {
			do := b.do
			var mu sync.Mutex
			var former any
			calls := 0
			b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
				value, err := do(ctx, cmd)
				mu.Lock()
				defer mu.Unlock()
				calls++
				value, former = pick(calls%100 == 0, former, value), value
				return value, err
			}
		}},
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// deaf is a fault of Do, which sends with another context, and then changes the
// error.
func deaf(with func(context.Context) context.Context, then func(ctx context.Context, err error) error) func(*broken) {
	return func(b *broken) {
		do := b.do
		b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
			value, err := do(with(ctx), cmd)
			return value, then(ctx, err)
		}
	}
}

func itself(ctx context.Context) context.Context { return ctx }

func orDone(ctx context.Context, err error) error { return errors.Join(err, ctx.Err()) }

// onlyDeadline is a context without its cancellation.
func onlyDeadline(ctx context.Context) context.Context {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithoutCancel(ctx)
	}
	late, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	context.AfterFunc(late, cancel)
	return late
}

// onlyCancelled is a context without its deadline.
func onlyCancelled(ctx context.Context) context.Context {
	without, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel()
		}
	})
	return without
}

var faultsOfContexts = []fault{
	{"a done context is a text of the library's own",
		"a done context is the error",
		deaf(itself, func(ctx context.Context, err error) error {
			if ctx.Err() != nil {
				return errors.New("timeout")
			}
			return err
		})},
	{"a done context is no error",
		"a done context is the error",
		deaf(context.WithoutCancel, func(_ context.Context, err error) error { return err })},
	{"the context counts only after the command was sent",
		"with a done context nothing is sent",
		deaf(context.WithoutCancel, orDone)},
	{"the deadline counts only after the answer",
		"Do returns soon after its deadline",
		deaf(onlyCancelled, orDone)},
	{"the end of a context is a refusal",
		"Do returns soon after its deadline",
		deaf(itself, func(ctx context.Context, err error) error {
			if ctx.Err() != nil {
				return redisstore.Error("ERR timeout")
			}
			return err
		})},
	{"only the deadline counts",
		"Do returns soon after its context is cancelled",
		deaf(onlyDeadline, orDone)},
	{"the next caller gets the answer that nobody waited for",
		"an answer that nobody waited for is given to nobody",
		func(b *broken) {
			do := b.do
			left := make(chan any, 100)
			b.do = func(ctx context.Context, cmd redisstore.Command) (any, error) {
				value, err := do(ctx, cmd)
				if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
					left <- []byte("done")
					return value, err
				}
				select {
				case value = <-left:
				default:
				}
				return value, err
			}
		}},
}
