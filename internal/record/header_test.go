package record_test

import (
	"slices"
	"testing"

	"github.com/sojourn-go/session/internal/record"
)

// secret returns a hash told from others by its first byte.
func secret(b byte) [32]byte { return [32]byte{b} }

func TestTheLastFourStampsAreKnown(t *testing.T) {
	var h record.Header
	for s := range uint64(6) {
		h.Stamp(s)
	}
	h = build(t, h, nil).Header()
	for s := range uint64(7) {
		if got, want := h.Stamped(s), s >= 2 && s <= 5; got != want {
			t.Errorf("Stamped(%d): got %v, want %v", s, got, want)
		}
	}
	if h.Writes != 6 {
		t.Errorf("got %d writes, want 6", h.Writes)
	}
}

func TestASecretThatWasReplacedIsRecognisedUntilItsTimeIsOver(t *testing.T) {
	h := record.Header{Secret: secret(1)}
	h.Replace(secret(2), 100, 0)
	h.Replace(secret(3), 200, 50)
	r := build(t, h, nil)
	h = r.Header()
	now, before := secret(3), secret(2)
	if !r.SecretIs(&now) || r.SecretIs(&before) {
		t.Error("the present secret is not the last one set")
	}
	for _, c := range []struct {
		secret byte
		now    int64
		want   bool
	}{{1, 99, true}, {1, 100, false}, {2, 199, true}, {2, 200, false}, {3, 0, false}, {0, 0, false}} {
		if got := h.WasSecret(secret(c.secret), c.now); got != c.want {
			t.Errorf("WasSecret(%d) at %d: got %v, want %v", c.secret, c.now, got, c.want)
		}
	}
	h.Replace(secret(4), 300, 100)
	if want := []record.Replaced{{secret(2), 200}, {secret(3), 300}}; !slices.Equal(h.Replaced(), want) {
		t.Errorf("got %v, want %v: the expired one is forgotten", h.Replaced(), want)
	}
}

func TestOfMoreThanFourReplacedSecretsTheOldestIsForgotten(t *testing.T) {
	h := record.Header{Secret: secret(1)}
	for b := byte(2); b <= 7; b++ {
		h.Replace(secret(b), 100, 0)
	}
	h = build(t, h, nil).Header()
	for b := byte(1); b <= 7; b++ {
		if got, want := h.WasSecret(secret(b), 0), b >= 3 && b <= 6; got != want {
			t.Errorf("WasSecret(%d): got %v, want %v", b, got, want)
		}
	}
}

func TestASessionWithoutASecretReplacesNone(t *testing.T) {
	var h record.Header
	h.Replace(secret(1), 100, 0)
	if len(h.Replaced()) != 0 || h.WasSecret([32]byte{}, 0) {
		t.Error("the zero secret is recognised")
	}
	r := build(t, record.Header{}, nil)
	if r.SecretIs(&[32]byte{}) {
		t.Error("a record without a secret is opened by the zero one")
	}
}

func TestReplacingInACopyLeavesTheRecordAlone(t *testing.T) {
	h := record.Header{Secret: secret(1)}
	h.Replace(secret(2), 100, 0)
	r := build(t, h, values(3))
	one, two := r.Header(), r.Header()
	one.Replace(secret(3), 300, 200)
	one.Stamp(1)
	if !two.WasSecret(secret(1), 0) || two.WasSecret(secret(2), 0) || two.Stamped(1) {
		t.Error("two headers of one record are not independent")
	}
	checkInvariants(t, r)
}

func TestAnUnknownKindIsNotWritten(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it is")
		}
	}()
	record.Build(record.Record{}, record.Header{Kind: 9}, false, nil)
}
