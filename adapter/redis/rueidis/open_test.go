package rueidis_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	client "github.com/redis/rueidis"

	"github.com/sojourn-go/session/adapter/redis/rueidis"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
	"github.com/sojourn-go/session/store/redisstore"
)

// storeServes wants a store to save, load and delete.
func storeServes(t *testing.T, st store.Store) {
	t.Helper()
	again(t, st, "serves", "two", renew(t, st, "serves", "one"))
	if rec, err := st.Load(t.Context(), "serves"); err != nil || string(rec.Data) != "two" {
		t.Errorf("Load: got %q, error %v, want two", rec.Data, err)
	}
	must(t, st.Delete(t.Context(), "serves"))
	if _, err := st.Load(t.Context(), "serves"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Load after Delete: got error %v, want ErrNotFound", err)
	}
}

func TestOpenRefusesWhatIsWrong(t *testing.T) {
	noCert := filepath.Join(t.TempDir(), "empty.pem")
	must(t, os.WriteFile(noCert, []byte("nothing\n"), 0o600))
	for _, test := range []struct {
		url  string
		o    redisstore.Options
		want string
	}{
		{"", redisstore.Options{}, "redis://"},
		{"http://localhost", redisstore.Options{}, "redis://"},
		{"rediss://localhost?tls_ca=" + noCert, redisstore.Options{}, "no certificate in " + noCert},
		{"rediss://localhost?tls_ca=" + noCert + ".not", redisstore.Options{}, "no such file"},
		{"redis://" + shared(t, alone).Addr(), redisstore.Options{Replicas: -1}, "Replicas is -1"},
	} {
		st, err := rueidis.Open(test.url, test.o)
		if st != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got a store: %t, error %v, want %q in it", test.url, st != nil, err, test.want)
		}
		cached, err := rueidis.OpenCached(test.url, test.o, nearcache.Options{})
		if cached != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q, cached: got a store: %t, error %v, want %q in it", test.url, cached != nil, err, test.want)
		}
	}
	if st, err := rueidis.New(nil, redisstore.Options{}); st != nil || err == nil {
		t.Errorf("New of no client: got a store: %t, error %v", st != nil, err)
	}
}

func TestWhatIsWrongIsToldTogetherBeforeAnythingIsConnected(t *testing.T) {
	dialled := func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
		t.Error("a connection is made")
		return nil, errors.New("no connection")
	}
	bad, badNear := redisstore.Options{Replicas: -1, Timeout: -1}, nearcache.Options{Bound: 1, MaxBytes: -1}
	wantAll := func(what string, err error, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if err == nil || strings.Count(err.Error(), part) != 1 {
				t.Errorf("%s: got error %v, want %q in it once", what, err, part)
			}
		}
	}
	_, err := rueidis.NewCached(client.ClientOption{DialCtxFn: dialled, InitAddress: []string{"127.0.0.1:1"}, ReplicaOnly: true}, bad, badNear)
	wantAll("NewCached", err, "ReplicaOnly:", "Replicas is -1", "Timeout is -1ns", "Bound is 1ns", "MaxBytes is -1")
	for url, fault := range map[string]string{
		"redis://127.0.0.1:99999":               "the port is a number",
		"rediss://127.0.0.1:1?tls_ca=/no/such":  "no such file",
		"redis://" + shared(t, alone).Addr():    "Replicas is -1",
		"redis+cluster://127.0.0.1:1/?timeout=": "timeout",
	} {
		_, err := rueidis.Open(url, bad)
		wantAll("Open", err, fault, "Options.Replicas is -1", "Options.Timeout is -1ns")
		_, err = rueidis.OpenCached(url, bad, badNear)
		wantAll("OpenCached", err, fault, "Options.Replicas is -1", "Options.Timeout is -1ns", "Bound is 1ns", "MaxBytes is -1")
	}
	_, err = rueidis.Open("redis://127.0.0.1:1", bad) // nobody is there
	if wantAll("Open", err, "Replicas is -1"); strings.Contains(err.Error(), "dial") {
		t.Errorf("Open connected: %v", err)
	}
}

func TestAPrintedStoreShowsNoPassword(t *testing.T) {
	url := "redis://:geheim@" + own(t, "requirepass geheim").Addr()
	for _, st := range []store.Store{
		open(t, url, redisstore.Options{}),
		openCached(t, url, redisstore.Options{}, nearcache.Options{Bound: ages}),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q"} {
			if text := fmt.Sprintf(verb, st); strings.Contains(text, "geheim") {
				t.Errorf("%T by %s shows the password", st, verb)
			}
		}
	}
}

func TestCheckOfACachedStoreAsksTheServer(t *testing.T) {
	s := own(t)
	st := openCached(t, "redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{})
	if err := st.Check(t.Context()); err != nil {
		t.Errorf("a server that keeps all: got error %v", err)
	}
	_, err := s.Do("CONFIG", "SET", "maxmemory", "8mb", "maxmemory-policy", "allkeys-lru")
	must(t, err)
	if err := st.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "allkeys-lru") {
		t.Errorf("a server that drops sessions: got error %v, want allkeys-lru in it", err)
	}
}

func TestOpenSaysWhereItCouldNotConnectAndNoSecret(t *testing.T) {
	gone, locked := own(t), own(t, "requirepass other")
	must(t, gone.Kill())
	for _, addr := range []string{gone.Addr(), locked.Addr()} {
		for _, scheme := range []string{"redis", "redis+cluster"} {
			st, err := rueidis.Open(scheme+"://shop:geheim@"+addr, redisstore.Options{})
			if st != nil || err == nil || !strings.Contains(err.Error(), addr) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("%s: got a store: %t, error %v, want the address %s, and no password", scheme, st != nil, err, addr)
			}
		}
	}
}

func TestAURLSaysWhoToBeAndWhere(t *testing.T) {
	s := own(t, "requirepass admin", "user shop on >secret ~shop:* +@all")
	st := openCached(t, "redis://shop:secret@"+s.Addr()+"/7?pool=3", redisstore.Options{Prefix: "shop:"}, nearcache.Options{})
	storeServes(t, st)
	renew(t, st, "kept", "v")
	wantHit(t, st, "kept", "v")
	if got, err := s.Do("INFO", "keyspace"); err != nil || !strings.Contains(got.(string), "db7:keys=1") || strings.Contains(got.(string), "db0") {
		t.Errorf("INFO keyspace: got %q, error %v, want a key in database 7, none in 0", got, err)
	}
}

func TestAnApplicationsOptionsAreKept(t *testing.T) {
	s := own(t, "requirepass secret")
	st, err := rueidis.NewCached(client.ClientOption{
		InitAddress: []string{s.Addr()},
		ClientName:  "shop",
		AuthCredentialsFn: func(client.AuthCredentialsContext) (client.AuthCredentials, error) {
			return client.AuthCredentials{Username: "default", Password: "secret"}, nil
		},
	}, redisstore.Options{}, nearcache.Options{Bound: ages})
	must(t, err)
	defer st.Close()
	renew(t, st, "kept", "v")
	wantHit(t, st, "kept", "v")
	list, err := s.Do("CLIENT", "LIST")
	must(t, err)
	if n := strings.Count(list.(string), "name=shop"); n < 2 {
		t.Errorf("got %d connections of the name given, want those of both clients", n)
	}
}

func TestAServerThatComesBackIsFound(t *testing.T) {
	s := own(t)
	st := openCached(t, "redis://"+s.Addr(), redisstore.Options{}, nearcache.Options{Bound: time.Second})
	renew(t, st, "back", "v")
	must(t, s.Kill())
	ctx := within(t, 200*time.Millisecond)
	if _, err := st.Load(ctx, "back"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("without a server: got error %v", err)
	}
	must(t, s.Restart())
	eventually(t, "the store to serve", func() bool {
		_, err := st.Load(t.Context(), "back")
		return errors.Is(err, store.ErrNotFound)
	})
	storeServes(t, st)
	renew(t, st, "back", "w")
	wantHit(t, st, "back", "w")
}
