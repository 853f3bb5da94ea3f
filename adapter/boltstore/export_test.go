package boltstore

// Queue tells whether somebody leads, and how many wait.
func (s *Store) Queue() (leading bool, waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leading, len(s.waiting)
}
