package csrf

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"html/template"
	"slices"

	"github.com/sojourn-go/session"
)

const (
	secretLen = 16 // 128 bits (ASVS 7.2.3)
	digestLen = sha256.Size
	tokenLen  = 86 // 2*digestLen bytes in base64url

	// Pages that are rendered at the same time, before the session has a
	// secret, add one each: so many of them get tokens that live.
	maxSecrets = 16
)

// secrets is what the session keeps: usually one secret, and never more than
// maxSecrets, one after the other.
var secrets = session.NewKey[[]byte]("_csrf")

// fieldName is the name of the form field, where it is not the default.
var fieldName = session.NewLocal[string]()

// Token returns a token of the session, for a header that a script sends, or a
// form of one's own making: 86 characters of base64url, masked anew at every
// call, so that a page which is compressed does not give it away (BREACH).
//
// The first token of a session has to be made before the response begins, as
// it is a change to the session. Later it is an error that wraps
// session.ErrLate, wherever the change could not be kept any more: the form would be
// dead. Other errors are the session's: it cannot be loaded, or goes on under
// a newer token; session.StatusCode tells the answer to each.
//
// A token is valid until the session's next Login, StepUp, ClearValues or End:
// make it after those, if a request does both. Recognitions of one owner are told
// apart by the millisecond (Session.Authenticated): a token that was made between
// two of the same millisecond outlives the second.
func Token(s *session.Session) (string, error) {
	if err := s.Err(); err != nil {
		return "", fmt.Errorf("csrf: %w", err)
	}
	all := secretsOf(s)
	if len(all) == 0 {
		if err := settle(s); err != nil {
			return "", err
		}
		mine := make([]byte, secretLen)
		rand.Read(mine)
		all = secrets.Update(s, func(others []byte) []byte {
			return slices.Concat(newest(others, maxSecrets-1), mine)
		})
		if !bytes.HasSuffix(all, mine) {
			return "", fmt.Errorf("csrf: the session's first token: make it before the page begins: %w", session.ErrLate)
		}
	}
	return mask(digest(newest(all, 1), s)), nil
}

// Field returns the hidden input of a form, with a token of the session. It
// fails as Token does. As a function of templates
//
//	template.FuncMap{"csrf": csrf.Field} // {{csrf .Session}}
//
// its error ends the execution of the template.
func Field(s *session.Session) (template.HTML, error) {
	token, err := Token(s)
	if err != nil {
		return "", err
	}
	name := fieldName.Get(s)
	if name == "" {
		name = defaultField
	}
	return template.HTML(`<input type="hidden" name="` + template.HTMLEscapeString(name) + `" value="` + token + `">`), nil
}

// settle has a request that came with the token of a session which is over
// begin another one. To such a session nothing can be added, and what a safe
// method adds is dropped without a word: the form would be dead.
func settle(s *session.Session) error {
	if s.ID() != "" || s.Owner() != "" {
		return nil // it goes on, or a login begins another
	}
	err := s.Reload(context.Background()) // of a session that is not stored it only says why
	switch {
	case errors.Is(err, session.ErrEnded):
		for range s.All() {
			return nil // changes are waiting, and their fate is the session's to tell
		}
		s.End()
		return nil
	case err != nil:
		return fmt.Errorf("csrf: %w", err)
	}
	return nil
}

// secretsOf returns the session's secrets.
func secretsOf(s *session.Session) []byte { return newest(secrets.Get(s), maxSecrets) }

// newest returns the last n secrets, or as many as there are.
func newest(all []byte, n int) []byte {
	all = all[:len(all)-len(all)%secretLen]
	return all[max(0, len(all)-n*secretLen):]
}

// digest is what a token proves to know of the session: a secret, and when its
// owner was last recognised. What was known of it before a login (by whoever had
// planted the session) tells nothing of it after. The owner needs no place in
// it: to another owner's session no secret is kept.
func digest(secret []byte, s *session.Session) []byte {
	var since int64
	if when := s.Authenticated(); !when.IsZero() {
		since = when.UnixMilli()
	}
	h := hmac.New(sha256.New, secret)
	h.Write(binary.BigEndian.AppendUint64([]byte("csrf token 1\x00"), uint64(since)))
	return h.Sum(nil)
}

// A proof holds the digest of each of the session's secrets.
type proof [][]byte

func digests(all []byte, s *session.Session) (p proof) {
	for secret := range slices.Chunk(all, secretLen) {
		p = append(p, digest(secret, s))
	}
	return p
}

// holds reports whether the token is of one of the secrets. How long it takes
// tells nothing of them.
func (p proof) holds(token string) bool {
	got, ok := unmask(token)
	if !ok {
		return false
	}
	equal := 0
	for _, want := range p {
		equal |= subtle.ConstantTimeCompare(got, want)
	}
	return equal == 1
}

// mask returns the digest under a one-time pad, the pad before it.
func mask(digest []byte) string {
	text := make([]byte, 2*digestLen)
	rand.Read(text[:digestLen])
	subtle.XORBytes(text[digestLen:], text[:digestLen], digest)
	return encoding.EncodeToString(text)
}

// unmask takes the pad away from whatever a stranger sent.
func unmask(token string) ([]byte, bool) {
	if len(token) != tokenLen {
		return nil, false
	}
	text, err := encoding.DecodeString(token)
	if err != nil || len(text) != 2*digestLen {
		return nil, false
	}
	subtle.XORBytes(text[:digestLen], text[:digestLen], text[digestLen:])
	return text[:digestLen], true
}

var encoding = base64.RawURLEncoding.Strict()
