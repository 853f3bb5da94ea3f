package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/session"
	"github.com/sojourn-go/session/store"
)

// A server forbade the write, and each request asked it a hundred times more, for
// five seconds, before it said so to its visitor.
func TestAWriteThatTheStoreRefusesIsAnsweredAtOnce(t *testing.T) {
	for _, refusal := range []error{store.ErrRefused, store.ErrFull} {
		for what, do := range map[string]func(s *session.Session){
			"a change": func(s *session.Session) { count.Update(s, inc) },
			"a login":  func(s *session.Session) { s.Login("ann") },
			"a logout": func(s *session.Session) { count.Get(s); s.End() },
		} {
			for _, known := range []bool{true, false} {
				if !known && what == "a logout" {
					continue // of whom?
				}
				synctest.Test(t, func(t *testing.T) {
					l := newLab(t, session.Options{})
					v := l.visitor()
					if known {
						v.posts(func(s *session.Session) { count.Set(s, 1) })
					}
					l.saves.Store(0)
					l.onSave = func(string, store.Record) error { return refusal }
					began := time.Now()
					want(t, what+": status", v.sends("POST", do).StatusCode, 503)
					want(t, what+": Saves", l.saves.Load(), 1)
					want(t, what+": time taken", time.Since(began), 0)
					l.onSave = nil
					if known {
						want(t, what+": count afterwards", tells(v, count), 1)
					}
				})
			}
		}
	}
}
