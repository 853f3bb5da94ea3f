package redis

import (
	"crypto/rand"
	"io"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	redigostore "github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/boj/redistore"
	fiber "github.com/gofiber/fiber/v3/middleware/session"
	storage "github.com/gofiber/storage/redis/v3"
	"github.com/gomodule/redigo/redis"
	goredis "github.com/redis/go-redis/v9"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/bench/peers"
	"github.com/sojourn-go/session/store"
)

// pool is how many connections clients may have that use one for each request.
const pool = 64

// A Subject is a library over a server, as its documentation has it.
type Subject struct {
	Name    string
	Title   string
	Modules []string

	own    bool // ours
	cached bool // answers reads from this process's memory
	lazy   bool // has no end by inactivity that each read moves
	always bool // has one, and no way to be without it

	// open opens the subject over a server. With idle sessions end by
	// inactivity; ours always do.
	open func(addr string, idle bool) (*place, error)
}

// A place is a subject that was opened.
type place struct {
	peers.Site
	manager *session.Manager // if it is one of ours
	close   func()
}

// The names of the subjects that figures are compared with.
const (
	Rueidis   = "sojourn-rueidis"
	GoRedis   = "sojourn-goredis"
	Near      = "sojourn-cached"
	SCSGo     = "scs-goredis"
	SCSRedigo = "scs-redigo"
	Gorilla   = "gorilla-redis"
	Fiber     = "fiber-redis"
)

const ownPath = "github.com/sojourn-go/session"

// SCS are the two forms of scs. Ours is compared with the better of them.
var SCS = []string{SCSGo, SCSRedigo}

// Subjects returns all of them, ours first.
func Subjects() []Subject {
	const rueidis, client = "github.com/redis/rueidis", "github.com/redis/go-redis/v9"
	const scsPath, redigo = "github.com/alexedwards/scs/", "github.com/gomodule/redigo"
	return []Subject{
		{Name: Rueidis, Title: "sojourn, adapter/redis/rueidis", Modules: []string{ownPath, rueidis}, own: true, open: own(openRueidis)},
		{Name: GoRedis, Title: "sojourn, adapter/redis/goredis", Modules: []string{ownPath, client}, own: true, open: own(openGoRedis)},
		{Name: Near, Title: "sojourn, adapter/redis/rueidis, cached reads", Modules: []string{ownPath, rueidis}, own: true, cached: true, open: own(openCached)},
		{Name: SCSGo, Title: "scs, goredisstore", Modules: []string{scsPath + "v2", scsPath + "goredisstore", client}, open: scsOver(goRedisStore)},
		{Name: SCSRedigo, Title: "scs, redisstore (redigo)", Modules: []string{scsPath + "v2", scsPath + "redisstore", redigo}, open: scsOver(redigoStore)},
		{Name: Gorilla, Title: "gorilla, boj/redistore (redigo)", Modules: []string{"github.com/gorilla/sessions", "github.com/boj/redistore", redigo}, lazy: true, open: openGorilla},
		{Name: Fiber, Title: "fiber, storage/redis (go-redis)", Modules: []string{"github.com/gofiber/fiber/v3", "github.com/gofiber/storage/redis/v3", client}, always: true, open: openFiber},
	}
}

// own returns what opens ours over a store.
func own(open func(addr string) (store.Store, func(), error)) func(string, bool) (*place, error) {
	return func(addr string, _ bool) (*place, error) {
		st, shut, err := open(addr)
		if err != nil {
			return nil, err
		}
		m, err := session.New(st, session.Options{})
		if err != nil {
			shut()
			return nil, err
		}
		return &place{Site: peers.OwnSite(m), manager: m, close: shut}, nil
	}
}

func scsOver(open func(addr string) (scs.Store, io.Closer)) func(string, bool) (*place, error) {
	return func(addr string, idle bool) (*place, error) {
		st, client := open(addr)
		m := scs.New()
		m.Store = st
		if idle {
			m.IdleTimeout = 30 * time.Minute
		}
		return &place{Site: peers.SCSSite(m), close: shutter(client)}, nil
	}
}

func goRedisStore(addr string) (scs.Store, io.Closer) {
	c := goredis.NewClient(&goredis.Options{Addr: addr, PoolSize: pool})
	return goredisstore.New(c), c
}

func redigoStore(addr string) (scs.Store, io.Closer) {
	p := &redis.Pool{
		MaxIdle:   pool,
		MaxActive: pool,
		Wait:      true,
		Dial:      func() (redis.Conn, error) { return redis.Dial("tcp", addr) },
	}
	return redigostore.New(p), p
}

func openGorilla(addr string, _ bool) (*place, error) {
	hash, block := make([]byte, 32), make([]byte, 32)
	rand.Read(hash)
	rand.Read(block)
	st, err := redistore.NewRediStore(pool, "tcp", addr, "", "", hash, block)
	if err != nil {
		return nil, err
	}
	return &place{Site: peers.GorillaSite(st), close: shutter(st)}, nil
}

func openFiber(addr string, _ bool) (*place, error) {
	st := storage.New(storage.Config{Addrs: []string{addr}, PoolSize: pool})
	return &place{Site: peers.FiberSite(fiber.NewStore(fiber.Config{Storage: st})), close: shutter(st)}, nil
}

// shutter returns a function that closes a client of which nothing more is
// wanted, nor its opinion.
func shutter(c io.Closer) func() { return func() { _ = c.Close() } }
