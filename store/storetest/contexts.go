package storetest

import (
	"context"
	"errors"
	"time"
)

// contexts is what a context does that is already done.
var contexts = []rule{
	{"a Load with a done context returns the context's error", func(c *check) {
		id, _ := c.create()
		c.whenDone(func(ctx context.Context) {
			_, err := c.Load(ctx, id)
			c.wantDone(ctx, "Load", err)
			_, err = c.Load(ctx, id+".none")
			c.wantDone(ctx, "Load of nothing", err)
		})
	}},

	{"a Save with a done context returns the context's error, and changes nothing", func(c *check) {
		id, rec := c.create()
		none := c.id()
		c.whenDone(func(ctx context.Context) {
			_, err := c.Save(ctx, none, c.record())
			c.wantDone(ctx, "Save of a new record", err)
			c.wantNone(none, "after the Save of a new record")
			next := c.record()
			next.Version = rec.Version
			_, err = c.Save(ctx, id, next)
			c.wantDone(ctx, "Save upon the stored version", err)
			c.want(id, rec, "after the Save upon the stored version")
			next.Version++
			_, err = c.Save(ctx, id, next)
			c.wantDone(ctx, "Save upon a wrong version", err)
		})
		c.save(id, rec)
	}},

	{"a Delete with a done context returns the context's error, and changes nothing", func(c *check) {
		id, rec := c.create()
		c.whenDone(func(ctx context.Context) {
			c.wantDone(ctx, "Delete", c.Delete(ctx, id))
			c.want(id, rec, "after the Delete")
			c.wantDone(ctx, "Delete of nothing", c.Delete(ctx, id+".none"))
		})
		c.save(id, rec)
	}},
}

// whenDone calls f with a context for each way of being done.
func (c *check) whenDone(f func(context.Context)) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	caused, cancelCause := context.WithCancelCause(context.Background())
	cancelCause(errors.New("a cause, which is not the context's error"))
	late, cancelLate := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancelLate()
	for _, done := range []struct {
		how string
		ctx context.Context
	}{{"cancelled", cancelled}, {"cancelled with a cause", caused}, {"past its deadline", late}} {
		c.note = "the context was " + done.how
		f(done.ctx)
	}
	c.note = ""
}

// wantDone wants err to be the context's.
func (c *check) wantDone(ctx context.Context, doing string, err error) {
	if !errors.Is(err, ctx.Err()) {
		c.failf("%s: got error %v, want %v", doing, err, ctx.Err())
	}
}
