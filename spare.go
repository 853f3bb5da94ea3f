package session

import "github.com/sojourn-go/session/internal/record"

// A spare is room for a T in something larger, for the usual case in which one
// is needed: one allocation instead of several. It is given away once only,
// since whoever has it may keep it.
type spare[T any] struct {
	given bool
	room  T
}

func (s *spare[T]) take() *T {
	if s == nil || s.given {
		return new(T)
	}
	s.given = true
	return &s.room
}

// A room is what the usual change takes: one, committed once. To allocate it as
// a whole costs less than its parts.
type room struct {
	list   spare[[1]change]
	commit spare[commit]
	fresh  *fresh
}

// A fresh is what it takes besides if a cookie is sent: with a session that
// begins, or gets a new token, or is sealed.
type fresh struct {
	head  record.Header
	owed  owed
	lines spare[[2]string] // of Set-Cookie and Cache-Control
}

// changing returns the work with its room, for c to begin with.
func (s *Session) changing(c *change) *work {
	switch {
	case s.work != nil && s.work.room != nil:
	case s.work != nil:
		s.work.room = &room{}
	case s.stands() && !c.rekeys() && !s.m.keeper.sends():
		all := &struct {
			work
			of room
		}{}
		all.work.room = &all.of
		s.work = &all.work
	default:
		all := &struct {
			work
			of    room
			fresh fresh
		}{}
		all.work.room = &all.of
		all.of.fresh, all.of.commit.room.head = &all.fresh, &all.fresh.head
		s.work = &all.work
	}
	return s.work
}

// debt returns room for what is owed.
func (w *work) debt() *owed {
	if w.room != nil && w.fresh != nil {
		return &w.fresh.owed
	}
	return new(owed)
}

// lines returns room for the lines that pay it.
func (w *work) lines() *[2]string {
	if w.room != nil && w.fresh != nil {
		return w.fresh.lines.take()
	}
	return new([2]string)
}
