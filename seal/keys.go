package seal

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Keys are the keys of one application: the first seals, all open. They are made by [NewKeys] and never change. The zero Keys
// hold no key, and [Keys.Sealer] refuses them.
//
// To replace a key: put the new one behind the old one on every machine, then first, then drop the old one when the longest
// lifetime has passed. Nobody is signed out. A key that has leaked is dropped at once: what it sealed opens no more.
type Keys struct {
	keys []Key
}

// NewKeys returns keys of which the first seals. A zero Key, or one that is there twice, is an error.
func NewKeys(first Key, more ...Key) (Keys, error) {
	keys := append([]Key{first}, more...)
	seen := map[string]bool{}
	var faults []error
	for i, k := range keys {
		switch {
		case k.secret == nil:
			faults = append(faults, fmt.Errorf("seal: key %d of %d is the zero Key: NewKey and ParseKey make keys", i+1, len(keys)))
		case seen[k.id]:
			faults = append(faults, fmt.Errorf("seal: key %d of %d is there twice: %s", i+1, len(keys), k.id))
		}
		seen[k.id] = true
	}
	if len(faults) > 0 {
		return Keys{}, errors.Join(faults...)
	}
	return Keys{keys}, nil
}

// String returns the ids of the keys, the one that seals first.
func (k Keys) String() string {
	if len(k.keys) == 0 {
		return "seal.Keys(none)"
	}
	ids := make([]string, len(k.keys))
	for i, key := range k.keys {
		ids[i] = key.id
	}
	return "seal.Keys(" + strings.Join(ids, " ") + ")"
}

// GoString is String.
func (k Keys) GoString() string { return k.String() }

// Format writes String, whatever the verb.
func (k Keys) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue is String.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText writes String, as that of [Key] does.
func (k Keys) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Sealer returns a Sealer for texts of one purpose ("session", say) and one name, the cookie's. A text of another purpose or name
// does not open. After longest, in whole hours, no text opens any more; it is the caller who puts exact ends inside.
//
// The zero Keys, a purpose or name that is empty or has more than 255 bytes, and a longest that is not positive are errors.
func (k Keys) Sealer(purpose, name string, longest time.Duration) (*Sealer, error) {
	var faults []error
	if len(k.keys) == 0 {
		faults = append(faults, errors.New("seal: there is no key in the zero Keys: NewKeys makes them"))
	}
	if n := len(purpose); n == 0 || n > 255 {
		faults = append(faults, fmt.Errorf("seal: a purpose has 1 to 255 bytes, this one has %d", n))
	}
	if n := len(name); n == 0 || n > 255 {
		faults = append(faults, fmt.Errorf("seal: a name has 1 to 255 bytes, this one has %d", n))
	}
	if longest <= 0 {
		faults = append(faults, fmt.Errorf("seal: the longest lifetime is %v: nothing would ever open", longest))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return newSealer(k.keys, purpose, name, longest), nil
}
