package cookie

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/sojourn-go/session/seal"
)

// Sealed is a cookie with a value of type T that only the application can read, and only the application can make: encrypted
// and authenticated by package seal, under the cookie's name, a purpose and an end of its own. It is for what a visitor's
// browser may keep for us without a store: a preference that is nobody's business, a step of a form, a second factor
// already shown on this device. It is safe for use by many goroutines at once.
//
// A text which was changed, cut or made up, which was sealed for another name or purpose or under a key that is
// retired, or whose end has passed, is no cookie: [Sealed.Get] does not tell which, and T's decoder never sees it
// (ASVS 5.0, 9.1.1, 9.2.1, 9.2.2). Keys are replaced as [seal.Keys] says, without anybody losing his cookie.
//
// It cannot be revoked, and not be counted: who has a text can present it again until its end, and [Sealed.Remove] asks
// a browser, not a thief. Whoever signs in belongs into a session.
type Sealed[T any] struct {
	text sealedText
}

// SealedOptions are how a [Sealed] cookie behaves.
type SealedOptions struct {
	_ [0]func() // keyed literals only

	// Purpose says what the cookie is for, in 1 to 248 bytes: "theme", "checkout". What was sealed for one purpose opens
	// for no other. It stands for the form of T too, whose name is bound to nothing, so that a type may be renamed:
	// when T changes so much that older cookies must not be read, change the purpose ("checkout 2").
	Purpose string

	// Lifetime is how long the value holds after each Set, to the millisecond and by the server's clock: from a millisecond
	// to 400 days. There is no default, and no way to have it hold for ever. Where it is shortened, what was
	// sealed before ends no later than the new Lifetime and an hour after it was sealed.
	Lifetime time.Duration

	// Persistent has the browser keep the cookie for Lifetime (Max-Age), though it be closed. Without, it forgets the
	// cookie when it closes. Either way the value ends with its Lifetime, whatever a browser keeps.
	Persistent bool

	// Attrs are the attributes of the cookie. Zero: Secure, HttpOnly, SameSite=Lax, Path=/, this host only. MaxAge and
	// Expires stay zero: they follow from Lifetime and Persistent.
	Attrs Attrs
}

// NewSealed returns the sealed cookie with this name, a good one being __Host-Http- and a noun. All faults of the options, of
// the name and of the keys come at once, joined, as from [Check]; so does a T that encoding/json cannot encode, as far as its
// zero value shows it.
//
// One of them serves all requests: make it where the program starts.
func NewSealed[T any](keys seal.Keys, name string, o SealedOptions) (*Sealed[T], error) {
	text, err := newSealedText(keys, name, o, typeFault(new(T)))
	if err != nil {
		return nil, err
	}
	return &Sealed[T]{text}, nil
}

// Set sets the cookie to v, encoded as JSON, sealed from now on for the Lifetime. Call it before the first byte of the response.
// JSON's strings are UTF-8: other bytes survive in a []byte only.
// In size, in Cache-Control and in being the only Set-Cookie of its name it is as [Set]. An error, from encoding or of size, sets
// nothing. For n bytes of JSON the value of the cookie has [seal.Size](n+8) bytes: some 2900 fit.
func (s *Sealed[T]) Set(w http.ResponseWriter, v T) error {
	plain, err := json.Marshal(&v)
	if err != nil {
		return fault("the value for %q: %w", s.text.name, err)
	}
	line, err := s.text.line(plain, time.Now())
	if err != nil {
		return err
	}
	put(w.Header(), s.text.name, line)
	return nil
}

// Get returns the value that the request carries, and whether there is one that holds. If not, whatever the reason, it is the
// zero T: also where what was sealed is no JSON for T, as after a change of the type.
//
// Of several cookies of the name exactly one must open, else none does: a neighbour can plant a text of his own beside the
// visitor's (RFC 6265bis, section 8.6), and must not choose between them. A text that came twice counts once. With
// more than three, none is tried. What a stranger can make this cost is three texts of 4096 bytes to open.
//
// A response that depends on the value belongs to one visitor: see [Get] for what caches must be told.
func (s *Sealed[T]) Get(r *http.Request) (T, bool) {
	if plain, ok := s.text.open(r.Header, time.Now()); ok {
		var v T
		if json.Unmarshal(plain, &v) == nil {
			return v, true
		}
	}
	var zero T // not what a failed decoding has left behind
	return zero, false
}

// Remove has the browser forget the cookie, as [Remove] does. Who has a copy of it can go on presenting it until its end.
func (s *Sealed[T]) Remove(w http.ResponseWriter) {
	put(w.Header(), s.text.name, s.text.removal)
}
