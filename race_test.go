//go:build race

package session_test

// raceAllocs is how many allocations more a request may have with the race
// detector: sync.Pool, which crypto/rand has under it, then drops what it is
// given at random.
const raceAllocs = 3
