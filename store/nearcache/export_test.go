package nearcache

import "time"

// Skew lets d pass by the monotonic clock alone, as if the wall clock were set
// back by d as soon as it has passed. A negative d is time that only the wall
// clock noticed: the machine slept.
func (s *Store) Skew(d time.Duration) { s.base = s.base.Add(-d) }
