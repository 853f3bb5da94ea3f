package nearcache_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
	"github.com/sojourn-go/session/store/nearcache"
)

// A call says how the store inside behaves in one call; it is in the context.
type call struct {
	there, back time.Duration // how long the question travels, and the answer
	fail        error         // what is returned although the call was applied
	panics      bool          // after the call was applied
	during      func()        // is called when it was applied
}

type callKey struct{}

func with(t *testing.T, c call) context.Context {
	return context.WithValue(t.Context(), callKey{}, c)
}

// A distant is the store inside: one that takes its time, and fails when it is
// asked to.
type distant struct{ *memstore.Store }

func (d distant) do(ctx context.Context, f func() error) error {
	c, _ := ctx.Value(callKey{}).(call)
	time.Sleep(c.there)
	err := f()
	if c.during != nil {
		c.during()
	}
	time.Sleep(c.back)
	if c.panics {
		panic("the store inside")
	}
	if c.fail != nil {
		return c.fail
	}
	return err
}

func (d distant) Load(ctx context.Context, id string) (rec store.Record, err error) {
	err = d.do(ctx, func() error {
		rec, err = d.Store.Load(ctx, id)
		return err
	})
	if err != nil {
		rec = store.Record{}
	}
	return rec, err
}

func (d distant) Save(ctx context.Context, id string, rec store.Record) (version uint64, err error) {
	err = d.do(ctx, func() error {
		version, err = d.Store.Save(ctx, id, rec)
		return err
	})
	return version, err
}

func (d distant) Delete(ctx context.Context, id string) error {
	return d.do(ctx, func() error { return d.Store.Delete(ctx, id) })
}

// A lab is a Store around a distant one.
type lab struct {
	*nearcache.Store
	t      *testing.T
	inside distant
}

func newLab(t *testing.T, o nearcache.Options) *lab {
	t.Helper()
	l := &lab{t: t, inside: distant{memstore.New(memstore.Options{MaxSessions: 1000})}}
	var err error
	if l.Store, err = nearcache.New(l.inside, o); err != nil {
		t.Fatal(err)
	}
	return l
}

// elsewhere makes data the record under id, as another node would.
func (l *lab) elsewhere(id, data string) {
	l.t.Helper()
	old, err := l.inside.Store.Load(l.t.Context(), id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		l.t.Fatal(err)
	}
	rec := store.Record{Data: []byte(data), Version: old.Version}
	if _, err := l.inside.Store.Save(l.t.Context(), id, rec); err != nil {
		l.t.Fatal(err)
	}
}

// keep makes sure that data is the record under "id", and kept.
func (l *lab) keep(data string) {
	l.t.Helper()
	l.Vouch(time.Now())
	l.elsewhere("id", data)
	l.Forget("id")
	l.wantAsked(data)
	l.wantMemory(data)
}

// cached returns what LoadCached of "id" answers, and whether from memory.
func (l *lab) cached() (data string, memory bool) {
	l.t.Helper()
	before := l.Stats()
	rec, err := l.LoadCached(l.t.Context(), "id")
	if err != nil {
		data = err.Error()
	} else {
		data = string(rec.Data)
	}
	after := l.Stats()
	hits, misses := after.Hits-before.Hits, after.Misses-before.Misses
	if hits+misses != 1 {
		l.t.Errorf("one LoadCached counts as %d hits and %d misses", hits, misses)
	}
	return data, hits == 1
}

func (l *lab) wantMemory(want string) {
	l.t.Helper()
	if got, memory := l.cached(); got != want || !memory {
		l.t.Fatalf("got %q, from memory: %t; want %q from memory", got, memory, want)
	}
}

func (l *lab) wantAsked(want string) {
	l.t.Helper()
	if got, memory := l.cached(); got != want || memory {
		l.t.Fatalf("got %q, from memory: %t; want %q from the store inside", got, memory, want)
	}
}

// save saves data upon the state that is there.
func (l *lab) save(c call, data string) (err error) {
	old, _ := l.inside.Store.Load(l.t.Context(), "id")
	if c.panics {
		defer func() { err, _ = recover().(error) }()
	}
	_, err = l.Save(with(l.t, c), "id", store.Record{Data: []byte(data), Version: old.Version})
	return err
}

func same(a, b store.Record) bool {
	return bytes.Equal(a.Data, b.Data) && a.Owner == b.Owner && a.Expires.Equal(b.Expires) &&
		a.Version == b.Version && a.Durable == b.Durable
}
