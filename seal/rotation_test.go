package seal_test

import (
	"encoding/base64"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sojourn-go/session/seal"
)

// idIn returns the id of the key that a text says it is sealed under.
func idIn(t testing.TB, text string) string {
	t.Helper()
	head, err := base64.RawURLEncoding.DecodeString(text[:12])
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(head[1:5])
}

func TestRotation_TheFirstSealsAndAllOpen(t *testing.T) {
	ann, both := daySealer(t, annText), daySealer(t, bobText, annText)
	old := string(ann.Seal(nil, []byte("of ann"), noon))
	text := string(both.Seal(nil, []byte("of bob"), noon))
	if got, want := idIn(t, text), parseKey(t, bobText).ID(); got != want {
		t.Errorf("sealed under %s, want the first key, %s", got, want)
	}
	opens(t, both, old, "of ann", noon)
	opens(t, both, text, "of bob", noon)
	opens(t, daySealer(t, annText, bobText), text, "of bob", noon)
	fails(t, ann, text, noon)
}

// Attack 9: a key that only opens must never seal, however often it opened.
func TestRotation_OpeningUnderAnOldKeyDoesNotMakeItSeal(t *testing.T) {
	old, s := daySealer(t, annText), daySealer(t, bobText, annText)
	for range 10 {
		opens(t, s, string(old.Seal(nil, []byte("of ann"), noon)), "of ann", noon)
		if got, want := idIn(t, string(s.Seal(nil, nil, noon))), parseKey(t, bobText).ID(); got != want {
			t.Fatalf("sealed under %s, want %s", got, want)
		}
	}
}

func TestRotation_ARetiredKeyOpensNothing(t *testing.T) {
	old := daySealer(t, annText)
	for _, s := range []*seal.Sealer{daySealer(t, bobText), daySealer(t, bobText, joeText)} {
		for _, plain := range []string{"", "a", "hello"} {
			fails(t, s, string(old.Seal(nil, []byte(plain), noon)), noon)
		}
	}
}

// The head names a key; that it is in our hands does not make the text ours.
func TestRotation_ATextUnderTheNameOfAnotherKeyFails(t *testing.T) {
	s := daySealer(t, annText, bobText)
	byBob := string(daySealer(t, bobText).Seal(nil, []byte("hello"), noon))
	byAnn := string(daySealer(t, annText).Seal(nil, []byte("hello"), noon))
	fails(t, s, byAnn[:12]+byBob[12:], noon)
	fails(t, s, byBob[:12]+byAnn[12:], noon)
}

func TestRotation_InTheMiddleOfTrafficSignsNobodyOut(t *testing.T) {
	var sealer atomic.Pointer[seal.Sealer]
	sealer.Store(daySealer(t, annText))
	var cookies [8]string // what each browser holds
	for v := range cookies {
		cookies[v] = string(sealer.Load().Seal(nil, []byte{byte(v)}, noon))
	}
	// traffic lets every visitor come by often, and does something meanwhile.
	traffic := func(meanwhile func()) {
		var wg sync.WaitGroup
		for v := range cookies {
			wg.Go(func() {
				for range 300 {
					s := sealer.Load()
					opens(t, s, cookies[v], string([]byte{byte(v)}), noon)
					cookies[v] = string(s.Seal(nil, []byte{byte(v)}, noon))
				}
			})
		}
		meanwhile()
		wg.Wait()
	}
	for _, keys := range [][]string{{annText, bobText}, {bobText, annText}, {bobText}} {
		next := daySealer(t, keys...)
		traffic(func() { sealer.Store(next) })
		traffic(func() {}) // the lifetime passes: nothing is left that was sealed before the change
		for v, cookie := range cookies {
			if got, want := idIn(t, cookie), parseKey(t, keys[0]).ID(); got != want {
				t.Errorf("visitor %d holds a text of %s, want %s", v, got, want)
			}
		}
	}
}
