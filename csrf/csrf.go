package csrf

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Why a request was refused, for Options.ErrorHandler: the error at hand wraps
// one of the two, and says more.
var (
	// ErrCrossOrigin: another site, or a sibling domain, has made the browser
	// send it.
	ErrCrossOrigin = errors.New("csrf: a write from another origin")

	// ErrToken: it needs a token of its session, and has none that is valid.
	ErrToken = errors.New("csrf: no valid token")
)

// Options configure a Protection. The zero value is the safe one.
type Options struct {
	_ [0]func()

	// TrustedOrigins are other origins that may send writes, as browsers
	// write them: "https://accounts.example.com", in lower case, in ASCII
	// (xn--...), without a default port and without a path. There are no
	// patterns.
	TrustedOrigins []string

	// InsecureBypass are patterns, in the syntax of http.ServeMux, of requests
	// that are let through without a check: "POST /hooks/{name}". What is
	// reached by them must not act by the session. A request that ServeMux
	// would redirect to such a pattern is none of them.
	InsecureBypass []string

	// AlwaysToken has every write need a token, whatever its headers say. A
	// write from another origin is refused with a token, too.
	AlwaysToken bool

	// Field is the name of the form field with the token. Zero:
	// "__anti-forgery-token", as Ring's.
	Field string

	// Headers are the names of the headers that may hold the token. None:
	// "X-CSRF-Token" and "X-XSRF-Token", as Ring's.
	Headers []string

	// MaxForm is how much of a form is read to find the token in it, in bytes;
	// so much of it is in memory then. Zero: 1 MiB. Put the field before
	// the files.
	MaxForm int64

	// ErrorHandler answers what is refused; err wraps ErrCrossOrigin or
	// ErrToken. A request that CrossOrigin refuses has no session yet, and there
	// session.From panics: ask with session.Lookup. Zero: 403 with a line of
	// plain text, and a line in slog's log at Debug.
	ErrorHandler func(w http.ResponseWriter, r *http.Request, err error)
}

const (
	defaultField   = "__anti-forgery-token"
	defaultMaxForm = 1 << 20
)

// A Protection refuses forged writes. It may serve any number of requests at
// once.
type Protection struct {
	opts    Options
	origins http.CrossOriginProtection
	bypass  http.ServeMux
}

// New returns a Protection. All faults of the options come back at once.
func New(o Options) (*Protection, error) {
	if o.Field == "" {
		o.Field = defaultField
	}
	if o.Headers = slices.Clone(o.Headers); len(o.Headers) == 0 {
		o.Headers = []string{"X-CSRF-Token", "X-XSRF-Token"}
	}
	if o.MaxForm == 0 {
		o.MaxForm = defaultMaxForm
	}
	if o.ErrorHandler == nil {
		o.ErrorHandler = refuse
	}
	o.TrustedOrigins = slices.Clone(o.TrustedOrigins)
	p := &Protection{opts: o}
	faults := []error{o.checkNames()}
	for _, origin := range o.TrustedOrigins {
		faults = append(faults, p.trust(origin))
	}
	for _, pattern := range o.InsecureBypass {
		faults = append(faults, p.exempt(pattern))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return p, nil
}

func (o *Options) checkNames() error {
	var faults []error
	if !utf8.ValidString(o.Field) || strings.ContainsFunc(o.Field, unicode.IsControl) {
		faults = append(faults, fmt.Errorf("csrf: Field is %q: it is UTF-8 without control characters", o.Field))
	}
	for _, name := range o.Headers {
		if name == "" || strings.ContainsFunc(name, func(c rune) bool { return !isToken(c) }) {
			faults = append(faults, fmt.Errorf("csrf: Headers has %q, which is not the name of a header (RFC 9110, section 5.1)", name))
		}
	}
	if o.MaxForm < 0 {
		faults = append(faults, fmt.Errorf("csrf: MaxForm is %d: it is at least 1 byte", o.MaxForm))
	}
	return errors.Join(faults...)
}

// isToken reports whether c may be in the name of a header (RFC 9110, section
// 5.6.2).
func isToken(c rune) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

// exempt adds a pattern to the mux that knows what is not checked. A pattern
// that cannot be is a panic of ServeMux's, and a fault here.
func (p *Protection) exempt(pattern string) (err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("csrf: InsecureBypass: %v", why)
		}
	}()
	p.bypass.Handle(pattern, exempted)
	return nil
}

// exempted stands in the mux for "not checked". It serves nothing.
var exempted http.Handler = new(nothing)

type nothing struct{ _ byte } // not empty, so that its address is its own

func (*nothing) ServeHTTP(http.ResponseWriter, *http.Request) {}
