package rueidis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/redis/rueidis"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/internal/redisserver"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// ages is a Bound that no test waits for: what is seen sooner, the feed told.
const ages = time.Minute

// wantHit waits until loads of an id are answered from memory, with data.
func wantHit(t testing.TB, st *rueidis.CachedStore, id, data string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s from memory, being %q", id, data), func() bool {
		before := st.Stats().Hits
		rec, err := st.LoadCached(within(t, time.Second), id)
		return err == nil && string(rec.Data) == data && st.Stats().Hits > before
	})
}

func TestAnothersChangeIsToldLongBeforeTheBound(t *testing.T) {
	for _, top := range topologies() {
		t.Run(top.name, func(t *testing.T) {
			o := redisstore.Options{Prefix: t.Name() + ":"}
			st := openCached(t, top.url(t), o, nearcache.Options{Bound: ages})
			other := open(t, top.url(t), o)
			for i := range 12 { // on all masters
				id := fmt.Sprint("told", i)
				version := renew(t, other, id, "old")
				wantHit(t, st, id, "old")
				again(t, other, id, "new", version)
				wantHit(t, st, id, "new")
				must(t, other.Delete(t.Context(), id))
				eventually(t, "the end of a session", func() bool {
					_, err := st.LoadCached(t.Context(), id)
					return errors.Is(err, store.ErrNotFound)
				})
			}
		})
	}
}

// rueidis's own cache answers some of these with what was there before.
func TestWhoeverSavedSeesIt(t *testing.T) {
	rounds := 300
	if os.Getenv("SOJOURN_LONG") != "" {
		rounds = 3000
	}
	for _, top := range topologies() {
		t.Run(top.name, func(t *testing.T) {
			st := openCached(t, top.url(t), redisstore.Options{Prefix: t.Name() + ":"}, nearcache.Options{Bound: ages})
			version := renew(t, st, "own", "0")
			ctx, stop := context.WithCancel(t.Context())
			var readers sync.WaitGroup
			defer readers.Wait()
			defer stop()
			for range 2 {
				readers.Go(func() {
					for ctx.Err() == nil {
						if _, err := st.LoadCached(ctx, "own"); err != nil && ctx.Err() == nil {
							t.Error(err)
							return
						}
					}
				})
			}
			for i := range rounds {
				data := fmt.Sprint(i)
				version = again(t, st, "own", data, version)
				if rec, err := st.LoadCached(t.Context(), "own"); err != nil || string(rec.Data) != data {
					t.Fatalf("after Save of %s: got %s, error %v", data, rec.Data, err)
				}
			}
		})
	}
}

// feeds returns the ids of the connections over which a server tells changes.
func feeds(t testing.TB, s *redisserver.Server) (ids []string) {
	t.Helper()
	list, err := s.Do("CLIENT", "LIST")
	must(t, err)
	for line := range strings.Lines(list.(string)) {
		fields := map[string]string{}
		for word := range strings.FieldsSeq(line) {
			name, value, _ := strings.Cut(word, "=")
			fields[name] = value
		}
		if strings.Contains(fields["flags"], "B") { // broadcasting
			ids = append(ids, fields["id"])
		}
	}
	return ids
}

func TestWhatHappensWhileTheFeedIsCutIsNotMissed(t *testing.T) {
	s := own(t)
	st := openCached(t, "redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{Bound: 4 * time.Second})
	other := open(t, "redis://"+s.Addr(), redisstore.Options{})
	version := renew(t, other, "cut", "0")
	for i := range 5 {
		old, next := fmt.Sprint(i), fmt.Sprint(i+1)
		wantHit(t, st, "cut", old)
		for _, id := range feeds(t, s) {
			_, err := s.Do("CLIENT", "KILL", "ID", id)
			must(t, err)
		}
		version = again(t, other, "cut", next, version)
		saved := time.Now()
		eventually(t, "the change of when the feed was cut", func() bool {
			asked := time.Now()
			rec, err := st.LoadCached(t.Context(), "cut")
			must(t, err)
			if string(rec.Data) == old && asked.Sub(saved) > 4*time.Second {
				t.Fatalf("%v after the change: got the old state", asked.Sub(saved))
			}
			return string(rec.Data) == next
		})
	}
	wantHit(t, st, "cut", "5")
}

func TestNothingComesFromMemoryWithoutAFeed(t *testing.T) {
	s := own(t)
	bound := time.Second
	st := openCached(t, "redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{Bound: bound})
	renew(t, st, "alone", "v")
	wantHit(t, st, "alone", "v")
	_, err := s.Do("ACL", "SETUSER", "default", "-client|tracking")
	must(t, err)
	for _, id := range feeds(t, s) {
		_, err := s.Do("CLIENT", "KILL", "ID", id)
		must(t, err)
	}
	cut := time.Now()
	for time.Since(cut) < 2*bound {
		before, asked := st.Stats().Hits, time.Now()
		if _, err := st.LoadCached(t.Context(), "alone"); err != nil {
			t.Fatal(err)
		}
		if st.Stats().Hits > before && asked.Sub(cut) > bound {
			t.Fatalf("an answer from memory %v after the feed was cut", asked.Sub(cut))
		}
	}
	cached, err := rueidis.OpenCached("redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{})
	if cached != nil || err == nil || !strings.Contains(err.Error(), "CLIENT TRACKING") || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("OpenCached without the right: got a store: %t, error %v", cached != nil, err)
	}
	_, err = s.Do("ACL", "SETUSER", "default", "+client|tracking")
	must(t, err)
	wantHit(t, st, "alone", "v")
}

func TestAFrozenServerIsNotHiddenBeyondTheBound(t *testing.T) {
	s := own(t)
	bound, patience := time.Second, 200*time.Millisecond
	st := openCached(t, "redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{Bound: bound})
	renew(t, st, "frozen", "v")
	wantHit(t, st, "frozen", "v")
	must(t, s.Freeze())
	defer s.Thaw()
	frozen := time.Now()
	for time.Since(frozen) < 3*bound {
		asked := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := st.LoadCached(ctx, "frozen")
		cancel()
		if took := time.Since(asked); took > patience+5*time.Second {
			t.Errorf("a call with %v took %v", patience, took)
		}
		if err == nil && asked.Sub(frozen) > bound {
			t.Errorf("an answer from memory %v after the server froze", asked.Sub(frozen))
		}
	}
	must(t, s.Thaw())
	wantHit(t, st, "frozen", "v")
}

// What a reader gets may have been replaced no longer ago than the bound,
// whatever happens to connections.
func TestNoAnswerIsOlderThanTheBoundWhileConnectionsAreCut(t *testing.T) {
	s := own(t)
	bound := 500 * time.Millisecond
	st := openCached(t, "redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{Bound: bound})
	other := open(t, "redis://"+s.Addr(), redisstore.Options{})
	version := renew(t, other, "count", "0")
	var mu sync.Mutex
	replaced := map[string]time.Time{} // data, and when something newer had been saved
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for ctx.Err() == nil {
				asked := time.Now()
				rec, err := st.LoadCached(ctx, "count")
				if err != nil {
					continue // the connection was cut
				}
				mu.Lock()
				gone, ok := replaced[string(rec.Data)]
				mu.Unlock()
				if ok && asked.Sub(gone) > bound {
					t.Errorf("got %s, %v after it was replaced", rec.Data, asked.Sub(gone))
				}
			}
		})
	}
	was := "0"
	for i := 1; i <= 60; i++ {
		if i%10 == 0 {
			_, err := s.Do("CLIENT", "KILL", "TYPE", []string{"normal", "pubsub"}[i/10%2])
			must(t, err)
		}
		data := fmt.Sprint(i)
		eventually(t, "a Save", func() bool {
			next, err := save(t.Context(), other, "count", record(data, version))
			if err != nil { // cut: look what became of it
				rec, err := other.Load(t.Context(), "count")
				if err == nil {
					version = rec.Version
				}
				return err == nil && string(rec.Data) == data
			}
			version = next
			return true
		})
		mu.Lock()
		replaced[was] = time.Now()
		mu.Unlock()
		was = data
	}
	stop()
	all.Wait()
	wantHit(t, st, "count", "60")
}

func TestAnEmptiedServerEmptiesMemory(t *testing.T) {
	s := own(t)
	st := openCached(t, "redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{Bound: ages})
	renew(t, st, "flushed", "v")
	wantHit(t, st, "flushed", "v")
	_, err := s.Do("FLUSHALL")
	must(t, err)
	eventually(t, "the session to be gone", func() bool {
		_, err := st.LoadCached(t.Context(), "flushed")
		return errors.Is(err, store.ErrNotFound)
	})
}

func TestCloseEndsWhatWasStarted(t *testing.T) {
	s := own(t)
	before := runtime.NumGoroutine()
	for range 3 {
		st, err := rueidis.OpenCached("redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{})
		must(t, err)
		renew(t, st, "closed", "v")
		must(t, st.Close())
		if _, err := st.Load(t.Context(), "closed"); !errors.Is(err, client.ErrClosing) {
			t.Errorf("after Close: got error %v, want ErrClosing", err)
		}
	}
	eventually(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestCloseDoesNotWaitForAServerThatIsSilent(t *testing.T) {
	s := own(t)
	before := runtime.NumGoroutine()
	st, err := rueidis.OpenCached("redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{Bound: ages})
	must(t, err)
	renew(t, st, "closed", "v")
	must(t, s.Freeze())
	defer s.Thaw()
	begin := time.Now()
	must(t, st.Close())
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("Close took %v", took)
	}
	eventually(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestNewCachedRefusesWhatWouldShowOldSessions(t *testing.T) {
	never := func(client.Completed) bool { return false }
	for want, o := range map[string]client.ClientOption{
		"SendToReplicas":            {SendToReplicas: never},
		"ReplicaOnly":               {ReplicaOnly: true},
		"ReadNodeSelector":          {ReadNodeSelector: func(uint16, []client.NodeInfo) int { return 0 }},
		"Standalone.ReplicaAddress": {Standalone: client.StandaloneOption{ReplicaAddress: []string{"127.0.0.1:1"}}},
		"OnInvalidations":           {OnInvalidations: func([]client.RedisMessage) {}},
		"ClientTrackingOptions":     {ClientTrackingOptions: []string{"OPTOUT"}},
		"NewCacheStoreFn":           {NewCacheStoreFn: func(client.CacheStoreOption) client.CacheStore { return nil }},
		"AlwaysRESP2":               {AlwaysRESP2: true},
	} {
		o.InitAddress = []string{"127.0.0.1:1"}
		st, err := rueidis.NewCached(o, redisstore.Options{}, nearcache.Options{})
		if st != nil || err == nil || !strings.Contains(err.Error(), "ClientOption."+want+":") {
			t.Errorf("%s: got a store: %t, error %v", want, st != nil, err)
		}
	}
	s := shared(t, alone)
	for _, near := range []nearcache.Options{{Bound: -1}, {MaxBytes: -1}} {
		if st, err := rueidis.OpenCached("redis://"+s.Addr(), redisstore.Options{}, near); st != nil || err == nil {
			t.Errorf("%+v: got a store: %t, error %v", near, st != nil, err)
		}
	}
}

// What was loaded while there was no feed, and changed before there was one
// again, nobody tells of.
func TestWhatWasKeptWithoutAFeedIsForgottenWhenItIsBack(t *testing.T) {
	s := own(t)
	bound := 8 * time.Second
	st := openCached(t, "redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{Bound: bound})
	other := open(t, "redis://"+s.Addr(), redisstore.Options{})
	version := renew(t, other, "gap", "old")
	wantHit(t, st, "gap", "old")
	before := st.Stats().Misses
	for _, id := range feeds(t, s) {
		_, err := s.Do("CLIENT", "KILL", "ID", id)
		must(t, err)
	}
	eventually(t, "all to be forgotten", func() bool {
		_, err := st.LoadCached(t.Context(), "gap")
		must(t, err)
		return st.Stats().Misses > before
	})
	kept := time.Now()
	again(t, other, "gap", "new", version)
	eventually(t, "the change, and not for its age", func() bool {
		rec, err := st.LoadCached(t.Context(), "gap")
		must(t, err)
		if time.Since(kept) > bound-time.Second {
			t.Fatal("the old state was answered nearly as long as the bound allows")
		}
		return string(rec.Data) == "new"
	})
}
