package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/sojourn-go/session/cookie"
)

// Never switches an end off, as an Idle or a Lifetime. What a session may do
// for ever, a thief may do for ever.
const Never time.Duration = -1

// Options is how a Manager behaves. The zero value is the safe one; what is
// named Insecure is for development only. New validates all of it at once.
type Options struct {
	_ [0]func()

	// Name is the name of the cookie. Zero: "__Host-Http-session", which
	// browsers accept only with Secure, HttpOnly, Path=/ and no Domain, so
	// that no sibling domain can plant it; with Insecure, "session". Another
	// Path or a Domain needs another name: the error says which.
	Name string

	// Cookie holds the attributes of the cookie. Zero: Secure, HttpOnly,
	// SameSite=Lax, Path=/, this host only, until the browser closes. MaxAge
	// and Expires stay zero here: Terms.Remember makes a cookie persistent.
	Cookie cookie.Attrs

	// Idle ends a session that is not used for so long. Zero: 30 minutes, or
	// Lifetime if that is shorter. From a millisecond up; or Never.
	Idle time.Duration

	// Lifetime ends a session so long after it was created, or after its
	// last login, however busy it is. Zero: 24 hours. From a millisecond up,
	// and not shorter than Idle; or Never.
	Lifetime time.Duration

	// Timeout limits a whole load, and a whole commit with its repetitions.
	// Zero: 5 seconds.
	Timeout time.Duration

	// MaxRecord limits what a session may take in the store, in bytes. Zero:
	// 1 MiB. A commit that would exceed it fails with ErrTooLarge.
	MaxRecord int

	// Limit is how many sessions an owner may have. Zero: 1000. A login over
	// it ends the owner's oldest session (an Evicted event).
	Limit int

	// Epoch, for NewSealed alone, returns the present epoch of an owner: any
	// number but 0 which the application stores with the owner, and changes when
	// all of the owner's sessions shall end, as with the password. It is asked at
	// each login, and once in each request that uses a session with an owner;
	// a session from another epoch has ended. If it fails, so does the request,
	// as with a store that is down. It must be safe for many at once.
	Epoch func(ctx context.Context, owner string) (uint64, error)

	// Strict makes a commit fail with ErrOverwritten, instead of an
	// Overwritten event, when a Set, Delete or ClearValues would overwrite a
	// value that changed since this request read it.
	Strict bool

	// Codec turns values into bytes. Zero: JSON.
	Codec Codec

	// Insecure sends the cookie without Secure and without a prefix, for
	// development over plain HTTP with a browser that asks for it. Requests
	// for a host that is not localhost, *.localhost or a loopback address
	// are answered 500.
	Insecure bool

	// ErrorHandler answers when a load or a commit failed. It gets the
	// ResponseWriter without any header of the handler's, and must not use
	// the session. Zero: StatusCode(err) in plain text, with Retry-After
	// where trying again makes sense.
	ErrorHandler func(http.ResponseWriter, *http.Request, error)

	// Observe is told of every event, in the goroutine of the request it
	// belongs to; it must be safe for many at once.
	Observe func(context.Context, Event)

	// Logger is told of what an operator should know. Zero: slog.Default().
	Logger *slog.Logger
}

const (
	defaultName     = "__Host-Http-session"
	insecureName    = "session"
	defaultIdle     = 30 * time.Minute
	defaultLifetime = 24 * time.Hour
	defaultTimeout  = 5 * time.Second
	defaultRecord   = 1 << 20
	defaultLimit    = 1000
)

// settled returns the options with every zero replaced by what it stands for,
// or all their faults at once.
func (o Options) settled() (Options, error) {
	if o.Name == "" {
		o.Name = defaultName
		if o.Insecure {
			o.Name = insecureName
		}
	}
	if o.Insecure {
		o.Cookie.Insecure = true
	}
	if o.Lifetime == 0 {
		o.Lifetime = defaultLifetime
	}
	if o.Idle == 0 {
		o.Idle = defaultIdle
		if o.Lifetime > 0 {
			o.Idle = min(defaultIdle, o.Lifetime)
		}
	}
	o.Timeout = orDefault(o.Timeout, defaultTimeout)
	o.MaxRecord = orDefault(o.MaxRecord, defaultRecord)
	o.Limit = orDefault(o.Limit, defaultLimit)
	if o.Codec == nil {
		o.Codec = jsonCodec{}
	}
	if o.ErrorHandler == nil {
		o.ErrorHandler = answer
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, errors.Join(o.checkCookie(), checkTimes(o.Idle, o.Lifetime), o.checkLimits())
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

func (o Options) checkCookie() error {
	var faults []error
	if o.Cookie.Insecure && !o.Insecure {
		faults = append(faults, errors.New("session: Cookie.Insecure: leave it to Options.Insecure, which keeps to this machine"))
	}
	if o.Cookie.MaxAge != 0 || !o.Cookie.Expires.IsZero() {
		faults = append(faults, errors.New("session: Cookie.MaxAge and Cookie.Expires: a cookie that outlives the browser is made by LoginWith and Terms.Remember; its end is the session's"))
	}
	if err := cookie.Check(o.Name, o.Cookie); err != nil {
		each := []error{err}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			each = joined.Unwrap()
		}
		for _, fault := range each {
			faults = append(faults, fmt.Errorf("session: %w", fault))
		}
	}
	return errors.Join(faults...)
}

func checkTimes(idle, lifetime time.Duration) error {
	var faults []error
	check := func(name string, d time.Duration) {
		if d != Never && d < time.Millisecond {
			faults = append(faults, fmt.Errorf("session: %s is %v: an end comes after a millisecond at the least, or never", name, d))
		}
	}
	check("Idle", idle)
	check("Lifetime", lifetime)
	if lifetime > 0 && idle > lifetime {
		faults = append(faults, fmt.Errorf("session: Idle (%v) is longer than Lifetime (%v), and so would never end a session: shorten it", idle, lifetime))
	}
	return errors.Join(faults...)
}

func (o Options) checkLimits() error {
	var faults []error
	if o.Timeout < time.Millisecond {
		faults = append(faults, fmt.Errorf("session: Timeout is %v: it is at least a millisecond", o.Timeout))
	}
	if o.MaxRecord < 512 {
		faults = append(faults, fmt.Errorf("session: MaxRecord is %d: it is at least 512 bytes", o.MaxRecord))
	}
	if o.Limit < 1 {
		faults = append(faults, fmt.Errorf("session: Limit is %d: it is at least 1", o.Limit))
	}
	return errors.Join(faults...)
}

// A Level is how surely a session's owner was recognised. NIST SP 800-63B's
// authentication assurance levels are 1, 2 and 3; 0 is none.
type Level uint8

// Terms are what a login agrees on. Each zero field means the Manager's own.
type Terms struct {
	_ [0]func()

	Idle     time.Duration // as Options.Idle, for this session
	Lifetime time.Duration // as Options.Lifetime, for this session
	Level    Level         // how surely the owner was recognised

	// Remember makes the cookie persistent, for the lifetime (at most 400
	// days: RFC 6265bis). Idle then no longer ends the session.
	Remember bool

	// AtEpoch, if not zero, is what Manager.Epoch said when the password was
	// checked. If all sessions of the owner are ended between that and the
	// commit, the login fails with ErrEpoch: who knew the old password does
	// not stay in.
	AtEpoch uint64
}

// settled returns the terms with the manager's times in place of zeros. An
// Idle that was not asked for gives way to a shorter Lifetime.
func (t Terms) settled(o *Options) (Terms, error) {
	asked := t.Idle != 0
	t.Lifetime = orDefault(t.Lifetime, o.Lifetime)
	t.Idle = orDefault(t.Idle, o.Idle)
	if !asked && t.Lifetime > 0 && t.Idle > t.Lifetime {
		t.Idle = t.Lifetime
	}
	return t, checkTimes(t.Idle, t.Lifetime)
}
