package session

// A Local is a value that belongs to one request's Session and is never kept:
// what the parts of a request tell each other about its session. Locals are
// usually package variables.
type Local[T any] struct{ id *byte }

// NewLocal returns a Local of its own.
func NewLocal[T any]() Local[T] { return Local[T]{new(byte)} }

// Get returns the value, or the zero T if nothing was set in this request. It
// does not load the session, nor count as a use of it.
func (l Local[T]) Get(s *Session) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work == nil {
		return *new(T)
	}
	v, _ := s.work.locals[l.id].(T)
	return v
}

// Set sets the value for the rest of the request: Login, End and ClearValues
// leave it alone. It is shared, and not copied.
func (l Local[T]) Set(s *Session, v T) {
	if l.id == nil {
		panic("session: a Local that NewLocal did not make: is a variable not initialised?")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.extra()
	if w.locals == nil {
		w.locals = map[*byte]any{}
	}
	w.locals[l.id] = v
}
