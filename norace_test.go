//go:build !race

package session_test

// raceAllocs is 0 without the race detector: allocations are exact.
const raceAllocs = 0
