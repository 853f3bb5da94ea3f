package stories

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
	"github.com/sojourn-go/session/store/nearcache"
)

// A Store is one that a process closes when it ends.
type Store interface {
	store.Store
	io.Closer
}

// A Way is how a process reaches the database at a URL.
type Way func(url string) (Store, error)

// What one of the two processes is: this test binary, started once more with these
// variables set.
const (
	siteURL = "SOJOURN_STORIES_URL" // of the database
	siteWay = "SOJOURN_STORIES_WAY" // which of the ways
)

// Serve is where a package's tests begin that call [Start]: it returns, or if the
// process is one that a test has started it is one of the two, and never does.
func Serve(ways map[string]Way) {
	if os.Getenv(siteWay) == "" {
		return
	}
	if err := serve(ways[os.Getenv(siteWay)], os.Getenv(siteURL)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve is the process: it prints its address, and ends with its standard input.
func serve(way Way, url string) error {
	st, err := way(url)
	if err != nil {
		return err
	}
	defer st.Close()
	s, err := newSite(st)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	ended := make(chan error, 1)
	go func() { ended <- http.Serve(l, s.routes()) }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	return <-ended
}

func newSite(st store.Store) (s *site, err error) {
	s = &site{store: st, events: map[session.Kind]int{}, gates: map[string]*gate{}}
	if s.Manager, err = newManager(st, session.Options{Observe: s.observe}); err == nil {
		s.stern, err = newManager(st, session.Options{Limit: sternLimit, Strict: true})
	}
	if err == nil {
		s.full, err = newManager(st, session.Options{Limit: sternLimit, OverLimit: session.DenyNew})
	}
	return s, err
}

const cookieName = "__Host-Http-session"

// newManager returns a manager whose failures say which error they are.
func newManager(st store.Store, o session.Options) (*session.Manager, error) {
	o.Logger = slog.New(slog.DiscardHandler)
	o.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
		w.Header().Set("X-Why", whyOf(err))
		http.Error(w, err.Error(), session.StatusCode(err))
	}
	return session.New(st, o)
}

// sternLimit is how many sessions an owner may have below /stern and /full.
const sternLimit = 3

var errorNames = []struct {
	err  error
	name string
}{
	{session.ErrUnknown, "unknown"}, {session.ErrEnded, "ended"}, {session.ErrSuperseded, "superseded"},
	{session.ErrTaken, "taken"}, {session.ErrUnavailable, "unavailable"}, {session.ErrNotFound, "not found"},
	{session.ErrOverwritten, "overwritten"}, {session.ErrLimit, "limit"}, {session.ErrEpoch, "epoch"},
}

func whyOf(err error) string {
	for _, e := range errorNames {
		if errors.Is(err, e.err) {
			return e.name
		}
	}
	return "other"
}

// A site is the application.
type site struct {
	*session.Manager
	stern *session.Manager // of the same sessions, with other options
	full  *session.Manager // which denies logins over the limit
	store store.Store

	mu     sync.Mutex
	events map[session.Kind]int
	gates  map[string]*gate
}

var (
	counter = session.NewKey[int]("counter")
	coupon  = session.NewKey[string]("coupon")
	journal = session.NewKey[string]("journal")
)

// An act is what a request does to its session. With an answer that is not ""
// it has refused, with the status 410.
type act func(s *session.Session, value func(name string) string) (refused string, err error)

// acts are the paths of the site.
var acts = map[string]act{
	"/read": func(*session.Session, func(string) string) (string, error) { return "", nil },
	"/set": func(s *session.Session, value func(string) string) (string, error) {
		session.NewKey[string](value("key")).Set(s, value("value"))
		return "", nil
	},
	"/add": func(s *session.Session, _ func(string) string) (string, error) {
		counter.Update(s, func(n int) int { return n + 1 })
		return "", nil
	},
	"/write": func(s *session.Session, value func(string) string) (string, error) {
		journal.Update(s, func(j string) string { return j + value("text") + "," })
		return "", nil
	},
	"/take": func(s *session.Session, _ func(string) string) (string, error) {
		if _, ok := coupon.Take(s); !ok {
			return "spent", nil
		}
		return "", nil
	},
	"/login": func(s *session.Session, value func(string) string) (string, error) {
		if value("epoch") == "" {
			return "", s.Login(value("owner"))
		}
		epoch, err := strconv.ParseUint(value("epoch"), 10, 64)
		if err != nil {
			return "", err
		}
		return "", s.LoginWith(value("owner"), session.Terms{AtEpoch: epoch})
	},
	"/renew": func(s *session.Session, _ func(string) string) (string, error) {
		s.Renew()
		return "", nil
	},
	"/logout": func(s *session.Session, _ func(string) string) (string, error) {
		s.End()
		return "", nil
	},
}

// routes returns all that the site answers. What begins with /- is for the
// stories, and has no session.
func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	for path, do := range acts {
		mux.Handle(path, s.Handler(s.page(do)))
		mux.Handle("/stern"+path, s.stern.Handler(s.page(do)))
		mux.Handle("/full"+path, s.full.Handler(s.page(do)))
	}
	mux.HandleFunc("/-held", s.held)
	mux.HandleFunc("/-release", func(_ http.ResponseWriter, r *http.Request) {
		close(s.gate(r.FormValue("gate")).open)
	})
	mux.HandleFunc("/-events", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		reply(w, s.events, nil)
	})
	mux.HandleFunc("/-hits", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, hits(s.store), nil)
	})
	mux.HandleFunc("/-endall", func(w http.ResponseWriter, r *http.Request) {
		n, err := s.EndAll(r.Context(), r.FormValue("owner"))
		reply(w, n, err)
	})
	mux.HandleFunc("/-epoch", func(w http.ResponseWriter, r *http.Request) {
		epoch, err := s.Epoch(r.Context(), r.FormValue("owner"))
		reply(w, epoch, err)
	})
	mux.HandleFunc("/-list", func(w http.ResponseWriter, r *http.Request) {
		ids := []string{}
		for info, err := range s.List(r.Context(), r.FormValue("owner")) {
			if err != nil {
				reply(w, nil, err)
				return
			}
			ids = append(ids, info.ID)
		}
		reply(w, ids, nil)
	})
	return mux
}

// hits returns how many reads of a store were answered from memory.
func hits(st store.Store) uint64 {
	near, ok := st.(interface{ Stats() nearcache.Stats })
	if !ok {
		return 0
	}
	return near.Stats().Hits
}

func reply(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	json.NewEncoder(w).Encode(v)
}

// A view is a session as a request saw it when it had done its own.
type view struct {
	ID, Owner string // "" for none
	Values    map[string]string
}

func viewOf(s *session.Session) view {
	v := view{ID: s.ID(), Owner: s.Owner(), Values: map[string]string{}}
	for name, value := range s.All() {
		v.Values[name] = string(value)
		if text, err := strconv.Unquote(string(value)); err == nil {
			v.Values[name] = text
		}
	}
	return v
}

// page is a handler that looks at its session, waits at the gate that it is
// told of, and then acts.
func (s *site) page(do act) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		my := session.From(r.Context())
		my.ID()
		if strings.HasPrefix(r.URL.Path, "/stern") {
			viewOf(my) // who has not read a value does not mind
		}
		if name := r.FormValue("gate"); name != "" {
			g := s.gate(name)
			g.arrived <- struct{}{}
			select {
			case <-g.open:
			case <-r.Context().Done():
			}
		}
		refused, err := do(my, r.FormValue)
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case refused != "":
			http.Error(w, refused, http.StatusGone)
		default:
			reply(w, viewOf(my), nil)
		}
	})
}

// A gate is where requests are held.
type gate struct {
	arrived chan struct{} // one for each that waits
	open    chan struct{} // closed when all may go on
}

func (s *site) gate(name string) *gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gates[name] == nil {
		s.gates[name] = &gate{arrived: make(chan struct{}, 1000), open: make(chan struct{})}
	}
	return s.gates[name]
}

// held answers when so many requests wait at a gate.
func (s *site) held(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.FormValue("n"))
	for range n {
		select {
		case <-s.gate(r.FormValue("gate")).arrived:
		case <-r.Context().Done():
			return
		}
	}
	reply(w, n, err)
}

func (s *site) observe(_ context.Context, e session.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events[e.Kind]++
}
