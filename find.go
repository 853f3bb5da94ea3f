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
}

// id returns the id of the session that the token is of, or would be.
func (f *found) id() string { return f.token[:min(idLen, len(f.token))] }

// With more tokens than this none is tried: nobody comes by so many in good
// faith, and each costs a load.
const maxTokens = 3

// find looks up the tokens of a request. Of several exactly one must open a
// session, else none does: a cookie that somebody planted beside the visitor's
// own must not choose the account (attacks.md 18).
func (m *Manager) find(ctx context.Context, tokens []string, arrival int64) (found, error) {
	var best found
	if len(tokens) > maxTokens {
		best.events = append(best.events, Event{Kind: Refused, Err: errTooMany})
		return best, nil
	}
	if len(tokens) == 1 {
		return m.keeper.open(ctx, tokens[0], arrival)
	}
	opened := 0
	for i, token := range tokens {
		if slices.Contains(tokens[:i], token) {
			continue // one cookie that came twice chooses nothing
		}
		f, err := m.keeper.open(ctx, token, arrival)
		if err != nil {
			return found{token: f.token, events: best.events}, err
		}
		events := append(best.events, f.events...)
		if f.standing == live {
			opened++
		}
		if best.standing == anonymous || f.standing == live {
			best = f
		}
		best.events = events
	}
	if opened > 1 {
		best = found{events: append(best.events, Event{Kind: Refused, Err: errAmbiguous})}
	}
	return best, nil
}

var (
	errTooMany   = errors.New("more tokens than any browser sends by itself")
	errAmbiguous = errors.New("several tokens, each of a session of its own")
	errSecret    = errors.New("wrong secret")
)

// open looks up one token in the store.
func (m *Manager) open(ctx context.Context, token string, arrival int64) (found, error) {
	id := token[:idLen]
	rec, err := m.queues.store.Load(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return found{}, nil
	}
	if err != nil {
		return found{token: token}, fmt.Errorf("%w: load: %w", ErrUnavailable, err)
	}
	cur, err := parse(rec)
	if err != nil {
		return found{token: token}, err
	}
	if !cur.exists || cur.rec.Kind() == record.Owner {
		return found{events: []Event{{Kind: Unreadable, ID: id, Err: record.ErrCorrupt}}}, nil
	}
	return m.judge(token, &cur, arrival), nil
}

// judge decides what a token is to the record under its id.
func (m *Manager) judge(token string, cur *saved, arrival int64) found {
	hash := secretHash(token)
	right := cur.rec.SecretIs(&hash)
	was := !right && cur.wasSecret(hash, arrival)
	event := func(k Kind, err error) []Event {
		return []Event{{Kind: k, ID: token[:idLen], Owner: cur.owner, Err: err}}
	}
	switch {
	case !right && !was:
		if !m.wrong.pass(token[:idLen], arrival) {
			return found{}
		}
		return found{events: event(Refused, errSecret)}
	case cur.rec.Kind() == record.Ended:
		return found{standing: ended, token: token, saved: *cur, events: event(Ended, ErrEnded)}
	case cur.over(arrival):
		return found{events: event(Expired, nil)}
	case was:
		return found{standing: superseded, token: token, saved: *cur, events: event(Superseded, ErrSuperseded)}
	}
	return found{standing: live, token: token, saved: *cur}
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
