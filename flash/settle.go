package flash

import (
	"context"
	"errors"

	"github.com/sojourn-go/session"
)

// settle has a request that came with the token of a session which had ended
// begin another one: what is said to somebody who mistypes a password after
// "sign out everywhere" must not be a 409, nor be lost. Of a session that goes
// on under a newer token it leaves the browser what another answer has given
// it: there the commit fails with session.ErrSuperseded. It reports false if
// the session could not be loaded, whose commit fails. The page is locked, so
// that no other goroutine adds before the End.
func settle(s *session.Session) bool {
	if s.ID() != "" || s.Owner() != "" {
		return true // it goes on, or a login begins another
	}
	// First, since Reload would load once more, and make good a failure that
	// the handler has acted upon.
	if s.Err() != nil {
		return false
	}
	// Of a session that is not stored it only says why.
	if !errors.Is(s.Reload(context.Background()), session.ErrEnded) {
		return true
	}
	for range s.All() {
		return true // changes are waiting, and their fate is the session's to tell
	}
	s.End()
	return true
}

// legible has what waits replaced where it cannot be read: left by another
// program, or by a fault, it would fail every Add until the session ends.
// session.Unreadable tells of it. It reports false if it is too late for that.
func legible(s *session.Session) bool {
	if _, ok := waiting.Lookup(s); ok {
		return true
	}
	for name := range s.All() {
		if name == waitingName {
			waiting.Set(s, []entry{})
			_, ok := waiting.Lookup(s)
			return ok
		}
	}
	return true
}
