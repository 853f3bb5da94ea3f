package redis

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/redis/rueidis"

	"github.com/sojourn-go/session/bench/crowd"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
)

// A Stored is what sessions take in a server.
type Stored struct {
	Subject  string
	Sessions int
	Value    int     // bytes of one session's value
	Key      int     // bytes of its key
	Memory   float64 // bytes of the server's memory for each
	Seconds  float64 // that it took to store them all
}

// A Cached is what sessions take in a client's memory.
type Cached struct {
	Cache    string
	Sessions int
	Data     int     // bytes of one session's record
	Heap     float64 // bytes of the client's heap for each
}

// OwnCache and RueidisCache are the caches whose heap is compared.
const (
	OwnCache     = "store/nearcache"
	RueidisCache = "rueidis, DoCache"
)

// life is how long the sessions have that are only stored.
const life = 24 * time.Hour

// measureStored fills a server with sessions of three values, and another one
// with those of scs. They are copies of one that a browser was given.
func measureStored(o Options, f *Figures) error {
	for _, fill := range []struct {
		subject string
		open    func(addr string) (save func() error, idLen int, shut func(), err error)
		prefix  string
	}{
		{Rueidis, ownCopies, "session:"},
		{SCSGo, scsCopies, "scs:session:"},
	} {
		s, err := start()
		if err != nil {
			return err
		}
		got, err := fillServer(s, o.Stored, fill.prefix, fill.open)
		s.Stop()
		if err != nil {
			return fmt.Errorf("%s: %w", fill.subject, err)
		}
		got.Subject = fill.subject
		f.Stored = append(f.Stored, got)
	}
	return nil
}

func fillServer(s server, n int, prefix string, open func(addr string) (func() error, int, func(), error)) (got Stored, err error) {
	save, idLen, shut, err := open(s.Addr())
	if err != nil {
		return got, err
	}
	defer shut()
	before, err := s.memory()
	if err != nil {
		return got, err
	}
	start := time.Now()
	if err := crowd.Parallel(n, func() func(int) error { return func(int) error { return save() } }); err != nil {
		return got, err
	}
	got = Stored{Sessions: n, Seconds: time.Since(start).Seconds(), Key: len(prefix) + idLen}
	after, err := s.memory()
	if err != nil {
		return got, err
	}
	got.Memory = float64(after-before) / float64(n)
	return got, got.look(s)
}

// look looks at one of the sessions, and whether all are there: with the one
// that they are copies of.
func (got *Stored) look(s server) error {
	size, errSize := s.Do("DBSIZE")
	key, errKey := s.Do("RANDOMKEY")
	if err := errors.Join(errSize, errKey); err != nil {
		return err
	}
	name, ok := key.(string)
	if size != int64(got.Sessions+1) || !ok || len(name) != got.Key {
		return fmt.Errorf("the server has %v keys, such as %v", size, key)
	}
	left, errLeft := s.Do("PTTL", name)
	length, errLength := s.Do("STRLEN", name)
	ms, _ := left.(int64)
	n, ok := length.(int64)
	if got.Value = int(n); !ok || ms <= 0 {
		return fmt.Errorf("a session has %v bytes, and %v ms left", length, left)
	}
	return errors.Join(errLeft, errLength)
}

// text returns random characters of base64.
func text(n int) string {
	b := make([]byte, (n*3+3)/4)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}

// signIn has one browser sign in, and returns its token.
func signIn(site peers.Site) (string, error) {
	var jar string
	if _, err := site.Guest(signsIn)(&jar); err != nil {
		return "", err
	}
	_, token, _ := strings.Cut(jar, "=")
	return token, nil
}

// ownCopies returns what saves copies of one session under ids of their own.
func ownCopies(addr string) (func() error, int, func(), error) {
	const idLen = crowd.IDLen
	p, errSite := own(openRueidis)(addr, false)
	st, shut, err := openRueidis(addr)
	if err = errors.Join(errSite, err); err != nil {
		return nil, 0, nil, err
	}
	defer p.close()
	token, err := signIn(p)
	if err != nil {
		return nil, 0, nil, err
	}
	rec, err := st.Load(context.Background(), token[:idLen])
	rec.Version, rec.Expires = 0, time.Now().Add(life)
	return func() error {
		_, err := st.Save(context.Background(), text(idLen), rec)
		return err
	}, idLen, shut, err
}

func scsCopies(addr string) (func() error, int, func(), error) {
	p, err := scsOver(goRedisStore)(addr, false)
	if err != nil {
		return nil, 0, nil, err
	}
	defer p.close()
	token, err := signIn(p)
	if err != nil {
		return nil, 0, nil, err
	}
	plain, client := goRedisStore(addr)
	st := plain.(scs.CtxStore)
	data, found, err := st.FindCtx(context.Background(), token)
	if err == nil && !found {
		err = errors.New("the session that is to be copied is not there")
	}
	return func() error {
		return st.CommitCtx(context.Background(), text(len(token)), data, time.Now().Add(life))
	}, len(token), shutter(client), err
}

// cachedData is how long the record of a cached session is.
const cachedData = 100

// measureCached is the heap of P12.
func measureCached(o Options, f *Figures) error {
	s, err := start()
	if err != nil {
		return err
	}
	defer s.Stop()
	ids, err := small(s.Addr(), o.Cached)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		open func(addr string) (load func(id string) error, shut func(), err error)
	}{{OwnCache, nearLoads}, {RueidisCache, rueidisLoads}} {
		heap, err := heapOf(s, ids, c.open)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		f.Cached = append(f.Cached, Cached{Cache: c.name, Sessions: len(ids), Data: cachedData, Heap: heap})
	}
	runtime.KeepAlive(ids)
	return nil
}

// small saves records of a hundred bytes.
func small(addr string, n int) ([]string, error) {
	st, shut, err := openRueidis(addr)
	if err != nil {
		return nil, err
	}
	defer shut()
	ids := make([]string, n)
	err = crowd.Parallel(n, func() func(int) error {
		return func(i int) error {
			ids[i] = text(24)
			rec := store.Record{Data: []byte(text(cachedData)), Expires: time.Now().Add(life)}
			_, err := st.Save(context.Background(), ids[i], rec)
			return err
		}
	})
	return ids, err
}

// heapOf returns by how much the heap grows for each session that is cached,
// and looks whether the cache answers in the server's place.
func heapOf(s server, ids []string, open func(addr string) (func(string) error, func(), error)) (float64, error) {
	before := heap()
	load, shut, err := open(s.Addr())
	if err != nil {
		return 0, err
	}
	defer shut()
	all := func() error {
		return crowd.Parallel(len(ids), func() func(int) error { return func(i int) error { return load(ids[i]) } })
	}
	if err := all(); err != nil {
		return 0, err
	}
	grown := float64(heap()-before) / float64(len(ids))
	asked, err := s.calls()
	if err != nil {
		return 0, err
	}
	err = all()
	again, errAgain := s.calls()
	if err = errors.Join(err, errAgain); err == nil && again["get"]-asked["get"] > int64(len(ids)/20) {
		err = fmt.Errorf("the server was asked %d times for %d cached sessions", again["get"]-asked["get"], len(ids))
	}
	return grown, err
}

// heap returns the bytes in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what had finalizers
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func nearLoads(addr string) (func(string) error, func(), error) {
	st, shut, err := openCachedFor(addr, nearcache.Options{Bound: time.Minute})
	if err != nil {
		return nil, nil, err
	}
	return func(id string) error {
		_, err := st.LoadCached(context.Background(), id)
		return err
	}, shut, nil
}

func rueidisLoads(addr string) (func(string) error, func(), error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}})
	if err != nil {
		return nil, nil, err
	}
	return func(id string) error {
		return c.DoCache(context.Background(), c.B().Get().Key("session:"+id).Cache(), life).Error()
	}, c.Close, nil
}
