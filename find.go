package session

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sojourn-go/session/internal/record"
	"github.com/sojourn-go/session/store"
)

// A standing is what became of the tokens that a request came with.
type standing uint8

const (
	anonymous  standing = iota // none, or none that is known: a session may begin
	live                       // one opens a session
	ended                      // the session of one was ended
	superseded                 // one was replaced by a newer one
)

// A found is what a look-up of the request's tokens came to.
type found struct {
	standing standing
	token    string
	saved    saved
	events   []Event
	again    bool // token is not the one that was presented, but the one it was replaced by
	forked   bool // it was presented though it was replaced long ago
}

// id returns the id of the session that the token is of, or would be.
func (f *found) id() string { return f.token[:min(idLen, len(f.token))] }

// With more tokens than this none is tried: nobody comes by so many in good
// faith, and each costs a load.
const maxTokens = 3

// find looks up the tokens of a request. Of several exactly one must open a
// session, else none does: a cookie that somebody planted beside the visitor's
// own must not choose the account.
//
// A found is large: best is where the caller wants it, and open returns it
// where it was made. To copy it each time would take as long as the look-up.
func (m *Manager) find(ctx context.Context, best *found, tokens []string, arrival int64, lately bool) (err error) {
	if len(tokens) > maxTokens {
		best.events = append(best.events, Event{Kind: Refused, Err: errTooMany})
		return nil
	}
	if len(tokens) == 1 {
		*best, err = m.keeper.open(ctx, tokens[0], arrival, lately)
		return err
	}
	opened := 0
	for i, token := range tokens {
		if slices.Contains(tokens[:i], token) {
			continue // one cookie that came twice chooses nothing
		}
		f, err := m.keeper.open(ctx, token, arrival, lately)
		if err != nil {
			*best = found{token: f.token, events: best.events}
			return err
		}
		events := append(best.events, f.events...)
		if f.standing == live {
			if opened > 0 && (f.again || best.again) && f.token == best.token {
				best.events, best.again = events, f.again && best.again
				continue // the token before beside the new one: it is one session
			}
			opened++
		}
		if best.standing == anonymous || f.standing == live {
			*best = f
		}
		best.events = events
	}
	if opened > 1 {
		*best = found{events: append(best.events, Event{Kind: Refused, Err: errAmbiguous})}
	}
	return nil
}

var (
	errTooMany   = errors.New("more tokens than any browser sends by itself")
	errAmbiguous = errors.New("several tokens, each of a session of its own")
	errSecret    = errors.New("wrong secret")
)

// open looks up one token in the store. What it remembers may be out of date;
// so only a session that is live by it is taken from there, and for everything
// else its server is asked.
func (m *Manager) open(ctx context.Context, token string, arrival int64, lately bool) (f found, err error) {
	id := token[:idLen]
	var rec store.Record
	if lately && m.cached != nil {
		if rec, err = m.cached.LoadCached(ctx, id); err == nil && f.opens(token, &rec, arrival) {
			return f, nil
		}
	}
	if err == nil {
		f = found{}
		rec, err = m.queues.store.Load(ctx, id)
	}
	if errors.Is(err, store.ErrNotFound) {
		if m.opts.Observe != nil && m.unknown.passOther(id, arrival) {
			f.events = []Event{{Kind: Unknown, ID: id}}
		}
		return f, nil
	}
	f.token = token
	if err != nil {
		return f, fmt.Errorf("%w: load: %w", ErrUnavailable, err)
	}
	if err := f.saved.parse(&rec); err != nil {
		return f, err
	}
	if !f.saved.exists || f.saved.rec.Kind() == record.Owner {
		return found{events: []Event{{Kind: Unreadable, ID: id, Err: record.ErrCorrupt}}}, nil
	}
	m.judge(&f, arrival)
	if f.forked {
		m.fork(ctx, &f, arrival)
	}
	return f, nil
}

// opens makes f the live session that a record shows a token to open, and
// reports whether it does.
func (f *found) opens(token string, rec *store.Record, arrival int64) bool {
	if f.saved.parse(rec) != nil || !f.saved.exists || f.saved.rec.Kind() != record.Session || f.saved.over(arrival) {
		return false
	}
	hash := secretHash(token)
	if !f.saved.rec.SecretIs(&hash) {
		return false
	}
	f.token, f.standing, f.saved.lately = token, live, true
	return true
}

// judge decides what a token is to the record found under its id.
func (m *Manager) judge(f *found, arrival int64) {
	cur, hash := &f.saved, secretHash(f.token)
	right := cur.rec.SecretIs(&hash)
	was := !right && cur.wasSecret(hash, arrival)
	how := stranger
	if !right && cur.rec.Extended() {
		var next string
		if how, next = kin(cur.rec, f.token, &hash, arrival); how == before {
			right, was, f.token, f.again = true, false, next, true
		}
		was = was || how == forked
	}
	event := func(k Kind, err error) []Event {
		return []Event{{Kind: k, ID: f.id(), Owner: cur.owner, Err: err}}
	}
	switch {
	case !right && !was:
		if m.wrong.pass(f.id(), arrival) {
			*f = found{events: event(Refused, errSecret)}
		} else {
			*f = found{}
		}
	case cur.rec.Kind() == record.Ended:
		f.standing, f.events = ended, event(Ended, ErrEnded)
	case cur.over(arrival):
		*f = found{events: event(Expired, nil)}
	case how == forked:
		f.forked = true
	case was:
		f.standing, f.events = superseded, event(Superseded, ErrSuperseded)
	default:
		f.standing = live
	}
}

// over says why the session of the situation can take nothing more.
func (s standing) over() error {
	switch s {
	case ended:
		return ErrEnded
	case superseded:
		return ErrSuperseded
	}
	return nil
}
