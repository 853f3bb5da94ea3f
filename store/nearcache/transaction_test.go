package nearcache_test

import (
	"context"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
	"github.com/sojourn-go/session/store/nearcache"
)

// A draft is a store whose transactions see something else than everybody.
type draft struct{ store.Store }

func (d draft) Load(ctx context.Context, id string) (store.Record, error) {
	rec, err := d.Store.Load(ctx, id)
	if store.TransactionOf(ctx) != nil {
		rec.Data = []byte("draft")
	}
	return rec, err
}

func TestWhatATransactionSeesIsNotKeptAndWhatIsKeptIsNotForIt(t *testing.T) {
	inner := memstore.New(memstore.Options{})
	s, err := nearcache.New(draft{inner}, nearcache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, in := t.Context(), store.WithTransaction(t.Context(), "order 7")
	if _, err := inner.Save(ctx, "a", store.Record{Data: []byte("kept")}); err != nil {
		t.Fatal(err)
	}
	s.Vouch(time.Now())
	for round := range 3 {
		for _, call := range []struct {
			name string
			ctx  context.Context
			load func(context.Context, string) (store.Record, error)
			want string
		}{
			{"LoadCached in the transaction", in, s.LoadCached, "draft"},
			{"LoadCached", ctx, s.LoadCached, "kept"},
			{"LoadCached in the transaction, again", in, s.LoadCached, "draft"},
			{"Load in the transaction", in, s.Load, "draft"},
			{"LoadCached, again", ctx, s.LoadCached, "kept"},
		} {
			if rec, err := call.load(call.ctx, "a"); err != nil || string(rec.Data) != call.want {
				t.Errorf("round %d: %s: got %q (%v), want %q", round, call.name, rec.Data, err, call.want)
			}
		}
	}
	if s.Stats().Hits == 0 {
		t.Error("nothing came from memory")
	}
}
