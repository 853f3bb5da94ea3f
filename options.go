package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
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

	// Level, if not zero, is the assurance level (NIST SP 800-63B-4) that
	// sessions here must satisfy. Its times are the ceilings of Idle and
	// Lifetime, in Terms too: 30 days for level 1; 24 hours, and an hour
	// idle, for 2; 12 hours, and 15 minutes idle, for 3. Idle and Lifetime
	// that are zero give way to them. Longer ones, and Terms.Remember for 2
	// and 3, need a reason, under "S07" in Deviations.
	Level Level

	// Deviations says why this configuration departs from a row of Audit, by
	// the row's name ("S07"). The reasons are shown by Audit.
	Deviations map[string]string

	// Limit is how many usable sessions an owner may have. Zero: 1000.
	Limit int

	// OverLimit is what becomes of a login over Limit. Zero: EndOldest.
	OverLimit OverLimit

	// Client, if not nil, tells what to record of the client at a login, for
	// lists of sessions (Info.Client): ClientOf, or a function that knows more
	// of the proxies in front. Of an Agent 200 bytes are kept, of an Addr 64.
	// Zero: nothing is recorded.
	Client func(*http.Request) Client

	// ClearSiteData, if not empty, is sent with the answer to a request that
	// ended its session (Session.End) and did not log in anew, so that the
	// browser forgets what it has of this site: any of "cache", "cookies",
	// "storage" and "executionContexts", or "*". It reaches the whole origin,
	// and "cookies" every application on the site's domain, and the cookies
	// of the same answer; "cache" can take seconds.
	ClearSiteData []string

	// Rotate, if not zero, gives a session another token so long after its
	// last one, with an answer that can carry a cookie. Who still sends the one
	// before is given the same new one, until 30 seconds after the new one
	// was first seen, by the clocks of the nodes, which must not differ by as
	// much; whoever sends it later has a copy (a Forked event). A token that
	// has not been seen is not replaced, so that one who comes seldom has each
	// for longer; nor is that of a record which has no room for it, 93 bytes,
	// below MaxRecord. From a minute up. For stored sessions.
	Rotate time.Duration

	// Fork is what becomes of a session of which somebody has a copy. Zero:
	// ForkReport. It needs Rotate.
	Fork Fork

	// Epoch, for NewSealed alone, returns the present epoch of an owner: any
	// number but 0 which the application stores with the owner, and changes when
	// all of the owner's sessions shall end, as with the password. It is asked at
	// each login, and once in each request that uses a session with an owner;
	// a session from another epoch has ended. If it fails, so does the request,
	// as with a store that is down. It must be safe for many at once.
	Epoch func(ctx context.Context, owner string) (uint64, error)

	// NotBefore, for NewSealed alone, ends every session that was created,
	// and whose owner was last recognised, before the time it returns, as
	// EndBefore does for stored ones. It is asked in each request that uses a
	// session, must be cheap, and safe for many at once. The zero time ends
	// none.
	NotBefore func() time.Time

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
	idle, lifetime := o.Level.defaults()
	o.Lifetime = orDefault(o.Lifetime, lifetime)
	if o.Idle == 0 {
		o.Idle = idle
		if o.Lifetime > 0 {
			o.Idle = min(idle, o.Lifetime)
		}
	}
	o.Timeout = orDefault(o.Timeout, defaultTimeout)
	o.MaxRecord = orDefault(o.MaxRecord, defaultRecord)
	o.Deviations = maps.Clone(o.Deviations)
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
	return o, errors.Join(o.checkCookie(), o.checkRotation(), checkTimes(o.Idle, o.Lifetime), o.checkLevel(), o.checkLimits(), o.checkSiteData())
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

func (o Options) checkRotation() error {
	var faults []error
	if o.Rotate != 0 && o.Rotate < time.Minute {
		faults = append(faults, fmt.Errorf("session: Rotate is %v: it is a minute at least, so that the grace of one token is over before the next", o.Rotate))
	}
	switch {
	case o.Fork > ForkEnd:
		faults = append(faults, fmt.Errorf("session: Fork is %d: it is ForkReport, ForkStale or ForkEnd", o.Fork))
	case o.Fork != ForkReport && o.Rotate == 0:
		faults = append(faults, errors.New("session: Fork without Rotate: only a token that was rotated away tells of a copy"))
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
	if o.OverLimit > DenyNew {
		faults = append(faults, fmt.Errorf("session: OverLimit is %d: it is EndOldest or DenyNew", o.OverLimit))
	}
	return errors.Join(faults...)
}

// An OverLimit is what becomes of a login that would give its owner more than
// Options.Limit sessions.
type OverLimit uint8

const (
	EndOldest OverLimit = iota // the owner's oldest login ends (an Evicted event)
	DenyNew                    // the commit of the login fails with ErrLimit
)

// A Fork is what becomes of a session when somebody sends a token of it that
// was replaced by rotation, and whose grace is over: two hold what only one was
// given. Whoever sends it is not let in.
type Fork uint8

const (
	ForkReport Fork = iota // a Forked event
	ForkStale              // the event, and the login counts as recent no more: what package fresh guards needs another
	ForkEnd                // the event, and the session ends
)

// A Client is what was recorded of the client that logged in. It is what the
// client says of itself, and where it came from: to be shown to its owner, and
// nothing to be relied upon.
type Client struct {
	Agent string // its User-Agent
	Addr  string // its address, or the network of that
}
