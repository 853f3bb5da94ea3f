package session

import (
	"context"
	"net/http"
)

// A keeper is where sessions are while no request has them: in a store, or
// sealed in the browser's cookie. Session and exchange know no more of it than
// this; a Manager is the keeper of stored sessions itself.
type keeper interface {
	// plausible reports whether a cookie's value is worth opening. It is all
	// that a value from outside has to pass before it costs anything.
	plausible(value string) bool

	// open looks up one such value. With an error the found has a token all
	// the same, or none, for the event. With lately an answer of a moment ago
	// will do, if it opens the session.
	open(ctx context.Context, value string, arrival int64, lately bool) (found, error)

	// keep commits a list.
	keep(ctx context.Context, at situation, list changes) outcome

	// touch notes that the session of a request was used, and returns it as it
	// is then kept, and what the cookie must hold from now on: "" is what it
	// holds already.
	touch(ctx context.Context, u *use) (next *saved, value string)

	// again returns the newest there is of a session.
	again(ctx context.Context, token string, cur *saved) (*saved, error)

	// agree says what of a login's terms cannot be kept.
	agree(t Terms) error

	// sends reports whether every commit sends a cookie, so that nothing can
	// be kept once the response has begun.
	sends() bool
}

// A use is a request's use of its session.
type use struct {
	r       *http.Request
	token   string
	cur     saved
	arrival int64
	rotates bool // the secret is to be rotated, or to be noted as seen
}

func (m *Manager) plausible(value string) bool { return wellFormed(value) }

func (m *Manager) again(ctx context.Context, token string, _ *saved) (*saved, error) {
	return m.queues.load(ctx, token[:idLen])
}

func (m *Manager) agree(Terms) error { return nil }

func (m *Manager) sends() bool { return false }
