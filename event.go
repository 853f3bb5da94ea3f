package session

import (
	"context"
	"hash/maphash"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An Event is something that happened to a session, for logs, metrics and
// alarms. It never holds a token.
type Event struct {
	Kind   Kind
	ID     string // of the session; safe to log and to show
	Owner  string
	Key    string // the name of the value it is about, if it is about one
	Remote string // the address the request came from, as http.Request has it: of Unknown, Refused and Forked
	Caller string // file:line of the application's call, where that helps
	Err    error  // why, if there is an error to tell
}

// LogValue makes an Event a group of its fields that are not empty.
func (e Event) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("kind", string(e.Kind))}
	for _, f := range [...]struct{ name, value string }{
		{"id", e.ID}, {"owner", e.Owner}, {"key", e.Key}, {"remote", e.Remote}, {"caller", e.Caller},
	} {
		if f.value != "" {
			attrs = append(attrs, slog.String(f.name, f.value))
		}
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("err", e.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// A Kind is the name of what happened.
type Kind string

// The kinds of events.
const (
	Created     Kind = "created"     // a session came into being
	LoggedIn    Kind = "logged-in"   // a session got an owner, or its owner again, and a new token
	Renewed     Kind = "renewed"     // a session got a new token, by Renew or StepUp
	Ended       Kind = "ended"       // a session was ended; or a request came too late for one that was
	Expired     Kind = "expired"     // a request came with the token of an expired session
	Conflict    Kind = "conflict"    // another request had written first; the changes were replayed
	Overwritten Kind = "overwritten" // a Set, Delete or ClearValues overwrote what the request had not seen
	Superseded  Kind = "superseded"  // a request came with, or acted under, a token that was replaced
	Refused     Kind = "refused"     // a request came with a wrong secret, or with too many tokens
	Unreadable  Kind = "unreadable"  // a record, or one value of it, cannot be decoded
	Late        Kind = "late"        // a change, or a first look, after the response had begun
	Unknown     Kind = "unknown"     // a request came with a token of no session: for each token once a minute
	Forked      Kind = "forked"      // a request came with a token that was rotated away: somebody has a copy
	Rotated     Kind = "rotated"     // a session got a new token, by Options.Rotate
	Evicted     Kind = "evicted"     // a session was ended to keep to Options.Limit
	Failed      Kind = "failed"      // a load, a commit or a touch failed
	RolledBack  Kind = "rolled-back" // a transaction that Commit was given has not kept the changes
	Exposed     Kind = "exposed"     // a response that belongs to an owner may be stored by shared caches
	Misplaced   Kind = "misplaced"   // two managers with one cookie name serve one request
)

// emit tells the observer. No lock of ours is held.
func (m *Manager) emit(ctx context.Context, events ...Event) {
	if m.opts.Observe == nil {
		return
	}
	for _, e := range events {
		m.opts.Observe(ctx, e)
	}
}

// report is emit for what an operator should read even without an observer.
func (m *Manager) report(ctx context.Context, level slog.Level, text string, e Event) {
	m.opts.Logger.LogAttrs(ctx, level, text, slog.Any("session", e))
	m.emit(ctx, e)
}

// A position is where in the application this package was called from, or a
// companion of it: in the first frame that is none of ours.
type position [8]uintptr

func caller() *position {
	pcs := new(position)
	runtime.Callers(2, pcs[:])
	return pcs
}

func (pcs *position) String() string {
	if pcs == nil {
		return ""
	}
	frames := runtime.CallersFrames(pcs[:])
	for {
		f, more := frames.Next()
		if f.File != "" && !ours(f.Function) {
			return f.File + ":" + strconv.Itoa(f.Line)
		}
		if !more {
			return ""
		}
	}
}

// ours reports whether a function is of this package or of a companion.
func ours(function string) bool {
	rest, ok := strings.CutPrefix(function, "github.com/sojourn-go/session")
	if !ok {
		return false
	}
	companion, _, _ := strings.Cut(rest, ".")
	switch companion {
	case "", "/flash", "/csrf", "/fresh", "/devices":
		return true
	}
	return false
}

// A throttle lets one event an id a minute pass. It is small and of fixed
// size: two ids that share a place may silence each other, which costs an
// event and no more.
type throttle struct {
	seed maphash.Seed

	mu   sync.Mutex
	last [512]struct {
		id   uint64
		when int64
	}
}

func (t *throttle) pass(id string, now int64) bool {
	return t.passes(id, now, false)
}

// passOther is pass for what comes with many ids, each of which must be heard
// of: only an id that comes again is silenced, as long as its place is its own.
func (t *throttle) passOther(id string, now int64) bool {
	return t.passes(id, now, true)
}

func (t *throttle) passes(id string, now int64, others bool) bool {
	h := maphash.String(t.seed, id)
	t.mu.Lock()
	defer t.mu.Unlock()
	slot := &t.last[h%uint64(len(t.last))]
	if slot.when != 0 && now-slot.when < time.Minute.Milliseconds() && !(others && slot.id != h) {
		return false
	}
	slot.id, slot.when = h, now
	return true
}
