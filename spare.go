package session

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
