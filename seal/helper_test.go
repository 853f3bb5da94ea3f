package seal_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sojourn-go/session/seal"
)

// Three keys that guard nothing.
const (
	annText = "sojourn_key1_e85e72a3_e2qn6fhgkido77xyw6gxfuq2mtsihibps6b6e5zzxewa5fhi4qrq"
	bobText = "sojourn_key1_2515f4b0_q6ytsk3e3qpisdgk64hqd4j7wrsrb4ra4zevr6uau7au5wdgd7ua"
	joeText = "sojourn_key1_c0f76ffe_mwgbwkzhymacc6dqaq3gxxuih7inwy4zr3g6z3clzd626pc3oyfa"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func parseKey(t testing.TB, text string) seal.Key {
	t.Helper()
	k, err := seal.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newKeys(t testing.TB, texts ...string) seal.Keys {
	t.Helper()
	var keys []seal.Key
	for _, text := range texts {
		keys = append(keys, parseKey(t, text))
	}
	ring, err := seal.NewKeys(keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func newSealer(t testing.TB, keys seal.Keys, purpose, name string, longest time.Duration) *seal.Sealer {
	t.Helper()
	s, err := keys.Sealer(purpose, name, longest)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// daySealer is a Sealer for a day, as a session's is.
func daySealer(t testing.TB, texts ...string) *seal.Sealer {
	t.Helper()
	return newSealer(t, newKeys(t, texts...), "session", "__Host-Http-session", 24*time.Hour)
}

func opens(t testing.TB, s *seal.Sealer, text, want string, now time.Time) {
	t.Helper()
	if got, err := s.Open(nil, text, now); err != nil || string(got) != want {
		t.Errorf("Open = %q, %v; want %q", got, err, want)
	}
}

// fails demands the one failure: this very value, and no bytes.
func fails(t testing.TB, s *seal.Sealer, text string, now time.Time) {
	t.Helper()
	got, err := s.Open(nil, text, now)
	if got != nil || err != seal.ErrSealed || errors.Unwrap(err) != nil {
		t.Errorf("Open(%.60q) = %q, %v; want nil, ErrSealed itself", text, got, err)
	}
}
