package nearcache

import "time"

// Forget is told of a change of the record under id: no LoadCached that
// begins after it returned answers with what was asked before it was called.
// It is cheap, and never wrong. Its caller tells of everybody's changes, those
// of this process among them: a Save whose answer was lost may be applied
// later.
func (s *Store) Forget(id string) {
	p := s.place(id)
	p.stripe.mu.Lock()
	defer p.stripe.mu.Unlock()
	*p.epoch++
	s.drop(id)
}

// ForgetAll is Forget for every id. Who feeds the store calls it when changes
// may have been missed (a connection was lost, and is there again), and before
// it vouches for anything later. The memory of what was kept comes back
// within Bound, as others are kept.
func (s *Store) ForgetAll() { s.everyone.Add(1) }

// Vouch says that of everything that changed before the time at, Forget or
// ForgetAll has been told; for a time in the future, that of everything up to
// now. Times may come in any order: the latest counts. It should be a
// time.Now of this process with its monotonic reading, taken when a question
// was sent that the server has answered since. A time without that reading is
// only as good as the wall clock.
func (s *Store) Vouch(at time.Time) {
	t := s.clock() - max(int64(time.Since(at)), 0)
	for {
		was := s.vouched.Load()
		if t <= was || s.vouched.CompareAndSwap(was, t) {
			return
		}
	}
}

// clock returns the nanoseconds since base, by the monotonic clock.
func (s *Store) clock() int64 { return int64(time.Since(s.base)) }
