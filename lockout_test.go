package session_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/memstore"
)

// distant is a store whose server takes a while to reach.
type distant struct{ store.Store }

func (d distant) Load(ctx context.Context, id string) (store.Record, error) {
	time.Sleep(100 * time.Microsecond)
	return d.Store.Load(ctx, id)
}

func (d distant) Save(ctx context.Context, id string, rec store.Record) (uint64, error) {
	time.Sleep(100 * time.Microsecond)
	return d.Store.Save(ctx, id, rec)
}

// When another process wrote to the session all the time, a commit waited
// for up to 50 ms between looking at the record and saving, so that it was
// always late: after Options.Timeout it was answered 503.
func TestACommitIsNotLockedOutByAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := memstore.New(memstore.Options{})
		m, err := session.New(distant{inner}, session.Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		n := session.NewKey[int]("n")
		h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.Update(session.From(r.Context()), func(n int) int { return n + 1 })
		}))
		post := func(cookie string) *httptest.ResponseRecorder {
			w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil)
			if cookie != "" {
				r.Header.Set("Cookie", cookie)
			}
			h.ServeHTTP(w, r)
			return w
		}
		c := post("").Result().Cookies()[0]
		id := c.Value[:24]
		rng := rand.New(rand.NewPCG(1, 2))
		var over atomic.Bool
		var rival sync.WaitGroup
		defer rival.Wait()
		defer over.Store(true)
		rival.Go(func() {
			for !over.Load() {
				if rec, err := inner.Load(t.Context(), id); err == nil {
					inner.Save(t.Context(), id, rec)
				}
				time.Sleep(time.Duration(rng.Int64N(int64(600 * time.Microsecond))))
			}
		})
		for range 40 {
			begin := time.Now()
			w := post(c.Name + "=" + c.Value)
			if took := time.Since(begin); w.Code != 200 || took > 500*time.Millisecond {
				t.Errorf("%d after %v", w.Code, took)
			}
			time.Sleep(371 * time.Microsecond)
		}
	})
}
