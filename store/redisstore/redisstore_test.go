package redisstore_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/redisstore"
	"github.com/sojourn-go/session/store/storetest"
)

func TestStoreFulfilsItsContract(t *testing.T) {
	s := startServer(t)
	for name, o := range map[string]redisstore.Options{
		"as it comes":               {},
		"a prefix of other letters": {Prefix: "a*[b]?\\{c}\x00:"},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store { return newStore(t, plainClient{s}, o) })
		})
	}
}

func newStore(t *testing.T, c redisstore.Client, o redisstore.Options) *redisstore.Store {
	t.Helper()
	st, err := redisstore.New(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// A recorder keeps the commands that pass, and answers in the place of the
// server what it is told to.
type recorder struct {
	redisstore.Client
	sent   [][]string
	answer func(cmd redisstore.Command) (redisstore.Reply, bool)
}

func (r *recorder) Do(ctx context.Context, cmd redisstore.Command) (any, error) {
	r.sent = append(r.sent, slices.Clone(cmd.Args))
	if r.answer != nil {
		if reply, ok := r.answer(cmd); ok {
			return reply.Value, reply.Err
		}
	}
	return r.Client.Do(ctx, cmd)
}

// names are those of the commands since the last call.
func (r *recorder) names() string {
	var names []string
	for _, args := range r.sent {
		names = append(names, args[0])
	}
	r.sent = nil
	return strings.Join(names, " ")
}

func TestEachMethodIsOneCommand(t *testing.T) {
	s := startServer(t)
	rec := &recorder{Client: plainClient{s}}
	st, ctx := newStore(t, rec, redisstore.Options{}), t.Context()
	expect := func(what, want string) {
		t.Helper()
		if got := rec.names(); got != want {
			t.Errorf("%s: sent %s, want %s", what, got, want)
		}
	}
	end := time.Now().Add(time.Hour)
	v, err := st.Save(ctx, "a", store.Record{Data: []byte("1"), Expires: end})
	must(t, err)
	expect("a new record", "SET")
	v, err = st.Save(ctx, "a", store.Record{Data: []byte("2"), Expires: end, Version: v})
	must(t, err)
	expect("the first use of the script", "EVALSHA EVAL")
	for range 3 {
		v, err = st.Save(ctx, "a", store.Record{Data: []byte("3"), Expires: end, Version: v})
		must(t, err)
		expect("a Save", "EVALSHA")
	}
	_, err = st.Save(ctx, "a", store.Record{Version: v + 1})
	wantIs(t, "a Save upon another version", err, store.ErrConflict)
	expect("a conflict", "EVALSHA")
	_, err = st.Save(ctx, "a", store.Record{})
	wantIs(t, "a new record where one is", err, store.ErrConflict)
	expect("a new record where one is", "SET EVALSHA")
	_, err = st.Load(ctx, "a")
	must(t, err)
	expect("Load", "GET")
	must(t, st.Delete(ctx, "a"))
	expect("Delete", "DEL")
}

func TestTheScriptIsTaughtAgainAfterTheServerForgotIt(t *testing.T) {
	s := startServer(t)
	st, ctx := newStore(t, plainClient{s}, redisstore.Options{}), t.Context()
	v, err := st.Save(ctx, "a", store.Record{})
	must(t, err)
	for range 3 {
		_, err := s.Do("SCRIPT", "FLUSH")
		must(t, err)
		v, err = st.Save(ctx, "a", store.Record{Version: v})
		must(t, err)
	}
}

// A Save of which nobody knows whether it was applied is the caller's to
// resolve: it knows its own by the stamp.
func TestASaveIsNeverSentAgainOnceItMayHaveBeenApplied(t *testing.T) {
	s := startServer(t)
	lost := errors.New("the connection was lost")
	rec := &recorder{Client: plainClient{s}}
	st, ctx := newStore(t, rec, redisstore.Options{}), t.Context()
	v, err := st.Save(ctx, "a", store.Record{})
	must(t, err)
	v, err = st.Save(ctx, "a", store.Record{Version: v}) // it knows the script now
	must(t, err)
	for _, base := range []uint64{0, v} {
		for _, refusal := range []error{lost, context.DeadlineExceeded, redisstore.Error("ERR something"), redisstore.Error("LOADING it is")} {
			rec.sent = nil
			rec.answer = func(redisstore.Command) (redisstore.Reply, bool) { return redisstore.Reply{Err: refusal}, true }
			_, err := st.Save(ctx, "b", store.Record{Version: base})
			wantIs(t, "Save", err, refusal)
			if len(rec.sent) != 1 {
				t.Errorf("%v: sent %q, want one command", refusal, rec.sent)
			}
		}
	}
}

func TestTheServerIsToldHowLongAndNotUntilWhen(t *testing.T) {
	s := startServer(t)
	rec := &recorder{Client: plainClient{s}}
	st, ctx := newStore(t, rec, redisstore.Options{}), t.Context()
	v, err := st.Save(ctx, "a", store.Record{Expires: time.Now().Add(time.Hour)})
	must(t, err)
	_, err = st.Save(ctx, "a", store.Record{Expires: time.Now().Add(time.Hour), Version: v})
	must(t, err)
	for _, args := range rec.sent {
		for _, arg := range args {
			switch strings.ToUpper(arg) {
			case "PXAT", "EXAT", "EXPIREAT", "PEXPIREAT":
				t.Errorf("%q counts by the server's clock", args)
			}
		}
		left := args[len(args)-1]
		if args[0] != "SET" {
			left = args[len(args)-2]
		}
		if len(left) != len("3600000") || left < "3590000" || left > "3600000" {
			t.Errorf("%.20q: kept for %s ms, want an hour", args, left)
		}
	}
	ttl, err := s.Do("PTTL", "session:a")
	if ms, _ := ttl.(int64); err != nil || ms < 3_590_000 || ms > 3_600_000 {
		t.Errorf("PTTL: %v, %v, want an hour", ttl, err)
	}
}

func TestARecordWithoutAnEndIsKeptForEver(t *testing.T) {
	s := startServer(t)
	st, ctx := newStore(t, plainClient{s}, redisstore.Options{}), t.Context()
	v, err := st.Save(ctx, "a", store.Record{Expires: time.Now().Add(time.Hour)})
	must(t, err)
	_, err = st.Save(ctx, "a", store.Record{Version: v})
	must(t, err)
	ttl, err := s.Do("PTTL", "session:a")
	if err != nil || ttl != int64(-1) {
		t.Errorf("PTTL: %v, %v, want -1", ttl, err)
	}
}

func TestAFullServerIsErrFullAndChangesNothing(t *testing.T) {
	s := startServer(t, "maxmemory-policy noeviction")
	st, ctx := newStore(t, plainClient{s}, redisstore.Options{}), t.Context()
	before := store.Record{Data: []byte("before"), Expires: time.Now().Add(time.Hour)}
	v, err := st.Save(ctx, "a", before)
	must(t, err)
	before.Version = v
	v, err = st.Save(ctx, "a", before)
	must(t, err)
	_, err = s.Do("CONFIG", "SET", "maxmemory", "1mb")
	must(t, err)
	_, err = st.Save(ctx, "a", store.Record{Data: []byte("after"), Version: v})
	wantIs(t, "Save", err, store.ErrFull)
	_, err = st.Save(ctx, "a", store.Record{Data: make([]byte, 100), Version: v, Durable: true})
	wantIs(t, "Save of much more", err, store.ErrFull)
	_, err = st.Save(ctx, "b", store.Record{Durable: true})
	wantIs(t, "a new record", err, store.ErrFull)
	_, err = st.Load(ctx, "b")
	wantIs(t, "Load of what was refused", err, store.ErrNotFound)
	got, err := st.Load(ctx, "a")
	if err != nil || string(got.Data) != "before" || got.Version != v {
		t.Errorf("Load: %q, %v, want what was there before", got.Data, err)
	}
	ttl, err := s.Do("PTTL", "session:a")
	if ms, _ := ttl.(int64); err != nil || ms < 3_500_000 {
		t.Errorf("PTTL: %v, %v, want an hour, as before", ttl, err)
	}
	must(t, st.Delete(ctx, "a"))
}

// Whoever wanted to sign out of a full server's site was told to try again later,
// as was who wanted to end the sessions of a thief.
func TestAFullServerTakesALogout(t *testing.T) {
	s := startServer(t, "maxmemory-policy noeviction")
	st, ctx := newStore(t, plainClient{s}, redisstore.Options{}), t.Context()
	v, err := st.Save(ctx, "a", store.Record{Data: []byte("before"), Expires: time.Now().Add(time.Hour)})
	must(t, err)
	_, err = s.Do("CONFIG", "SET", "maxmemory", "1mb")
	must(t, err)
	for _, rec := range []store.Record{
		{Data: []byte("as long"), Expires: time.Now().Add(time.Minute)},
		{Data: []byte("a tombstone with a stamp")},
		{Data: []byte("shorter"), Expires: time.Now().Add(time.Hour)},
	} {
		rec.Version, rec.Durable = v, true
		if v, err = st.Save(ctx, "a", rec); err != nil {
			t.Fatalf("%s: %v", rec.Data, err)
		}
		got, err := st.Load(ctx, "a")
		if err != nil || string(got.Data) != string(rec.Data) {
			t.Errorf("Load: %q, %v, want %q", got.Data, err, rec.Data)
		}
		ttl, err := s.Do("PTTL", "session:a")
		if ms, _ := ttl.(int64); err != nil || rec.Expires.IsZero() != (ms == -1) || ms > 3_600_000 {
			t.Errorf("%s: PTTL %v, %v", rec.Data, ttl, err)
		}
	}
}

func TestSomethingElseUnderOurNameIsAnErrorThatNamesTheKey(t *testing.T) {
	s := startServer(t)
	st, ctx := newStore(t, plainClient{s}, redisstore.Options{}), t.Context()
	for what, cmd := range map[string][]string{
		"a list":                 {"RPUSH", "session:a", "x"},
		"a string of others":     {"SET", "session:a", `{"user":"ann"}`},
		"an empty string":        {"SET", "session:a", ""},
		"a string cut off":       {"SET", "session:a", "A1234"},
		"a version that is none": {"SET", "session:a", "A" + strings.Repeat("\x00", 15)},
		"a newer format":         {"SET", "session:a", "B" + strings.Repeat("x", 40)},
	} {
		_, err := s.Do(cmd...)
		must(t, err)
		rec, err := st.Load(ctx, "a")
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: Load returned %v, %v, want an error", what, rec, err)
		} else if cmd[0] == "SET" && !strings.Contains(err.Error(), "session:a") {
			t.Errorf("%s: %v does not name the key", what, err)
		}
		for _, version := range []uint64{0, 7} {
			if _, err := st.Save(ctx, "a", store.Record{Version: version}); err == nil {
				t.Errorf("%s: Save upon version %d replaced it", what, version)
			}
		}
		must(t, st.Delete(ctx, "a"))
	}
}

func TestWhatWillBeRefusedAgainIsErrRefused(t *testing.T) {
	for text, again := range map[string]bool{
		"NOPERM this user has no permissions": true, "NOAUTH Authentication required.": true,
		"WRONGPASS invalid username": true, "WRONGTYPE Operation against a key": true,
		"READONLY You can't write against a read only replica.": false, "LOADING it is": false,
		"CLUSTERDOWN it is": false, "MISCONF no disk": false, "ERR whatever": false,
	} {
		rec := &recorder{answer: func(redisstore.Command) (redisstore.Reply, bool) {
			return redisstore.Reply{Err: redisstore.Error(text)}, true
		}}
		_, err := newStore(t, rec, redisstore.Options{}).Save(t.Context(), "a", store.Record{Version: 1})
		if err == nil || errors.Is(err, store.ErrRefused) != again || errors.Is(err, store.ErrFull) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestANewSessionMayTakeThePlaceOfOneThatHasExpiredByOurClockOnly(t *testing.T) {
	s := startServer(t)
	st, ctx := newStore(t, plainClient{s}, redisstore.Options{}), t.Context()
	_, err := st.Save(ctx, "a", store.Record{Data: []byte("old"), Expires: time.Now().Add(20 * time.Millisecond)})
	must(t, err)
	_, err = s.Do("PERSIST", "session:a") // the server's clock stands still
	must(t, err)
	wait(t, func() bool { _, err := st.Load(ctx, "a"); return errors.Is(err, store.ErrNotFound) })
	_, err = st.Save(ctx, "a", store.Record{Data: []byte("new")})
	must(t, err)
	got, err := st.Load(ctx, "a")
	if err != nil || string(got.Data) != "new" {
		t.Errorf("Load: %q, %v, want new", got.Data, err)
	}
}

func TestACallWithoutADeadlineHasTheStoresOwn(t *testing.T) {
	hangs := hanging{}
	st := newStore(t, hangs, redisstore.Options{Timeout: 10 * time.Millisecond})
	for what, call := range map[string]func() error{
		"Load":   func() error { _, err := st.Load(t.Context(), "a"); return err },
		"Save":   func() error { _, err := st.Save(t.Context(), "a", store.Record{}); return err },
		"Delete": func() error { return st.Delete(t.Context(), "a") },
		"List":   func() error { return firstError(st.List(t.Context())) },
		"Check":  func() error { return st.Check(t.Context()) },
	} {
		wantIs(t, what, call(), context.DeadlineExceeded)
	}
}

type hanging struct{}

func (hanging) Do(ctx context.Context, _ redisstore.Command) (any, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAnIDThatIsNoneNeverReachesTheServer(t *testing.T) {
	rec := &recorder{}
	st, ctx := newStore(t, rec, redisstore.Options{}), t.Context()
	for _, id := range []string{"", "a b", "a\nb", "a*", "ä", "a\x00", strings.Repeat("a", 129)} {
		_, loadErr := st.Load(ctx, id)
		_, saveErr := st.Save(ctx, id, store.Record{})
		if loadErr == nil || saveErr == nil || st.Delete(ctx, id) == nil {
			t.Errorf("%q is taken for an id", id)
		}
	}
	if len(rec.sent) != 0 {
		t.Errorf("sent %q", rec.sent)
	}
}

func TestIDIsTheIDOfAKey(t *testing.T) {
	st := newStore(t, hanging{}, redisstore.Options{Prefix: "shop:"})
	if got := st.Prefix(); got != "shop:" {
		t.Errorf("Prefix: %q", got)
	}
	for key, want := range map[string]string{
		"shop:abc": "abc", "shop:owner.x-_": "owner.x-_",
		"shop:": "", "abc": "", "session:abc": "", "shop:a:b": "", "SHOP:abc": "",
	} {
		if id, ok := st.ID(key); ok != (want != "") || ok && id != want {
			t.Errorf("ID(%q): %q, %v, want %q", key, id, ok, want)
		}
	}
}

func TestNewTellsAllThatIsWrongAtOnce(t *testing.T) {
	_, err := redisstore.New(nil, redisstore.Options{
		Prefix: strings.Repeat("x", 257), Replicas: -1, ReplicaTimeout: -1, Timeout: -1,
	})
	for _, want := range []string{"Client", "Prefix", "Replicas is", "ReplicaTimeout", "Timeout is"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell of %s", err, want)
		}
	}
	if _, err := redisstore.New(hanging{}, redisstore.Options{ReplicaTimeout: time.Second}); err == nil {
		t.Error("a ReplicaTimeout without Replicas is accepted")
	}
	if _, err := redisstore.New(hanging{}, redisstore.Options{Replicas: 1}); err == nil || !strings.Contains(err.Error(), "Pinner") {
		t.Errorf("Replicas with a Client that cannot pin: %v", err)
	}
}

func TestErrorCodeIsTheFirstWord(t *testing.T) {
	for text, want := range map[string]string{
		"WRONGTYPE Operation against": "WRONGTYPE", "-OOM command": "OOM", "ERR": "ERR", "": "",
	} {
		if got := redisstore.Error(text).Code(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantIs(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// wait waits for what a clock brings about.
func wait(t *testing.T, until func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !until(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about")
		}
	}
}

func firstError(seq func(func(store.Entry, error) bool)) (first error) {
	for _, err := range seq {
		if err != nil && first == nil {
			first = err
		}
	}
	return first
}
