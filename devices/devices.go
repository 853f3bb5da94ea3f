package devices

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/fresh"
)

// Options is how the page behaves.
type Options struct {
	_ [0]func()

	// Login is the path of the page on which visitors sign in, and from which
	// they come back: see fresh.Options. It must not send them back before they
	// have signed in within Fresh, or that has no end. Zero: there is none, and
	// who has to sign in is answered 401.
	Login string

	// Home is the path to go to for who has ended the session they were in.
	// Zero: "/".
	Home string

	// Fresh is how lately one has to have signed in to end other sessions.
	// Zero: 5 minutes. From a millisecond up.
	Fresh time.Duration

	// Field, if not nil, returns what the page's form has to contain, such as
	// the hidden field of package csrf. It is asked before the response begins,
	// and with an error ErrorHandler answers.
	Field func(*session.Session) (template.HTML, error)

	// CSS is added to the page's style sheet, and so goes before it. The sheet's
	// colours are the custom properties at its beginning.
	CSS string

	// Template, if not nil, is the page, of a Page. Zero: one of its own.
	Template *template.Template

	// ErrorHandler answers when sessions could not be listed or ended. Zero:
	// session.StatusCode(err) in plain text, and a line in the default logger.
	ErrorHandler func(http.ResponseWriter, *http.Request, error)
}

const (
	defaultFresh = 5 * time.Minute
	maxForm      = 64 << 10
)

// New returns the page of the sessions that m manages. It wraps
// errors.ErrUnsupported if m keeps sessions in cookies (session.NewSealed),
// where nobody can list them. All faults come back at once.
func New(m *session.Manager, o Options) (http.Handler, error) {
	o.Home = cmp.Or(o.Home, "/")
	o.Fresh = cmp.Or(o.Fresh, defaultFresh)
	if err := errors.Join(checkManager(m), o.check()); err != nil {
		return nil, err
	}
	if o.ErrorHandler == nil {
		o.ErrorHandler = fail
	}
	h := &handler{m: m, o: o, sheet: newSheet(o.CSS)}
	login := fresh.Options{Login: o.Login}
	signedIn, recent := fresh.SignedIn(login), fresh.Require(o.Fresh, login)
	h.see = signedIn(http.HandlerFunc(h.list))
	h.seeFresh = recent(h.see)
	h.end = signedIn(http.HandlerFunc(h.act))
	h.endFresh = recent(http.HandlerFunc(h.endOthers))
	return h, nil
}

func checkManager(m *session.Manager) error {
	if m == nil {
		return errors.New("devices: New without a manager")
	}
	// There is no owner "", so that this ends nothing, and asks no store.
	if err := m.End(context.Background(), "", ""); errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("devices: the manager keeps sessions in cookies, and cannot list them: %w", err)
	}
	return nil
}

func (o *Options) check() error {
	var faults []error
	if o.Login != "" {
		if err := fresh.CheckPath(o.Login); err != nil {
			faults = append(faults, fmt.Errorf("devices: Options.Login: %w", err))
		} else if u, err := url.Parse(o.Login); err != nil || u.Query().Has("return") {
			faults = append(faults, errors.New(`devices: Options.Login has the parameter "return", which is added to it: leave it out`))
		}
	}
	if err := fresh.CheckPath(o.Home); err != nil {
		faults = append(faults, fmt.Errorf("devices: Options.Home: %w", err))
	}
	if o.Fresh < time.Millisecond {
		faults = append(faults, fmt.Errorf("devices: Options.Fresh is %v: a login is fresh for a millisecond at the least", o.Fresh))
	}
	if o.Template != nil && o.Template.Tree == nil {
		faults = append(faults, fmt.Errorf("devices: Options.Template: nothing was parsed into %q", o.Template.Name()))
	}
	return errors.Join(faults...)
}

type handler struct {
	m     *session.Manager
	o     Options
	sheet sheet

	see, seeFresh http.Handler
	end, endFresh http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header())
	last, ok := ours(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	ctx := r.Context()
	ctx = session.NewContext(ctx, h.m.From(ctx)) // for the guards, where another manager is inside of this one
	if strings.HasSuffix(last, ".json") {
		r = r.Clone(ctx)
		r.Header.Set("Accept", "application/json")
	} else {
		r = r.WithContext(ctx)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.get(w, r)
	case http.MethodPost:
		h.post(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	}
}

// ours returns the last part of the request's path, and whether there is
// something at that path, as far as the pattern that led here tells.
func ours(r *http.Request) (last string, ok bool) {
	path := r.URL.Path
	last = path[strings.LastIndexByte(path, '/')+1:]
	if !strings.HasSuffix(r.Pattern, "/") {
		return last, true
	}
	root := r.Pattern[max(0, strings.IndexByte(r.Pattern, '/')):]
	if below, found := strings.CutPrefix(path, root); found && below != last {
		return last, false
	}
	return last, last == "" || strings.HasSuffix(last, ".json")
}

func (h *handler) get(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case query.Has(styleParameter):
		h.sheet.serve(w, r, query.Get(styleParameter))
	case query.Has(freshParameter):
		h.seeFresh.ServeHTTP(w, r)
	default:
		h.see.ServeHTTP(w, r)
	}
}

// list answers with the list of the sessions.
func (h *handler) list(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, http.StatusOK)
}

func (h *handler) show(w http.ResponseWriter, r *http.Request, status int) {
	s := h.m.From(r.Context())
	sessions, err := h.sessions(r, s)
	if err != nil {
		h.o.ErrorHandler(w, r, err)
		return
	}
	mayEnd := fresh.Is(s, h.o.Fresh)
	if wantsJSON(r) {
		answerJSON(w, status, listJSON(sessions, mayEnd))
		return
	}
	p := &Page{Sessions: sessions, MayEnd: mayEnd, Login: h.o.Login != "", Style: h.sheet.link()}
	p.Notice = notice(s, r, p, status)
	h.page(w, r, status, p)
}

// sessions returns the owner's sessions: this one, then the last used first.
func (h *handler) sessions(r *http.Request, s *session.Session) (list []Session, err error) {
	id := s.ID()
	for info, err := range h.m.List(r.Context(), s.Owner()) {
		if err != nil {
			return nil, err
		}
		info.Current = info.ID == id
		list = append(list, Session{info})
	}
	slices.SortStableFunc(list, func(a, b Session) int {
		switch {
		case a.Current:
			return -1
		case b.Current:
			return 1
		}
		return b.LastSeen.Compare(a.LastSeen)
	})
	return list, nil
}
